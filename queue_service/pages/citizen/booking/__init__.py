"""Booking for citizens, page by page; complete without JavaScript."""
