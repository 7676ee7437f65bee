"""Messages, carried by a real mail server, a real gateway and real processes that are killed."""
