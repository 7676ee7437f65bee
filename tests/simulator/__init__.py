"""A simulated day: its plan, its people, and whole days against the real service."""
