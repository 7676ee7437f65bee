"""The surfaces in a real Chromium over the real service."""
