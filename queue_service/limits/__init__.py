"""How often somebody may do something, with one count for all workers."""
