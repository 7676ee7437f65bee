"""The clerk's pages: sign in, choose a desk, work."""
