"""Appointments: lanes, free slots, holds, bookings, waitlist."""
