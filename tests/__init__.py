"""Tests mirror the package; what several of them need to set a scene stands in `tests.support`."""
