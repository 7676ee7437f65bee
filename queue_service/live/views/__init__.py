"""What each audience sees of an office's state, one module per audience.

Views are functions of the state and are encoded without `version` and `now`, which the envelope adds: so an unchanged view is
recognised by its bytes, and one encoding serves all sockets that show the same. Refuses to read anything.
"""
