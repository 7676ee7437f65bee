"""The scene of a test: a database of its own (`postgres`), people and things in it (`factories`), the service (`service`)."""
