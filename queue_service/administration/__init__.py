"""Changing what is configured: the city and its offices read, edited, checked against the bookings, copied, imported and exported."""
