"""Shifts at desks and what a clerk does with the current ticket. Knows nothing of screens."""
