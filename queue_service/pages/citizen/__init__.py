"""Pages for everybody: the list of offices and the ticket."""
