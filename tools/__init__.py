"""What builds, checks and shows the product; nothing here runs in an office, and the service imports none of it."""
