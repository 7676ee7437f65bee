"""Who did what to the set-up, out of order, or with personal data: written in the act's own transaction, never changed."""
