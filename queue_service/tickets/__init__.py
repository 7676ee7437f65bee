"""The ticket: its number, states, due time, order and journal. Knows nothing of desks' shifts or screens."""
