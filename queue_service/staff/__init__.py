"""Who works here: accounts, passwords, sessions. Knows nothing of desks or tickets."""
