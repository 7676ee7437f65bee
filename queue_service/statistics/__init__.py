"""Numbers drawn from the journal: measured durations and the estimate of a wait. Reads only."""
