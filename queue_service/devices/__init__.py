"""Kiosks and displays: who may speak for an office without a person signed in."""
