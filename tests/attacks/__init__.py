"""Every attack of SECURITY.md as it is tried; the table there names the test."""
