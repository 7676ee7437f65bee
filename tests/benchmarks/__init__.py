"""How fast the service is, next to what its own database could do in the same minute: `make bench`.

Absolute figures of a shared machine drift by a factor of two within an hour, so every figure is taken together with its floor, in
turns, round after round, and what counts is the ratio. The floor of a command is pgbench running the very statement that the service
runs. The service is the real `queue-service serve` over embedded PostgreSQL with all its durability, and the load comes from a process
of its own through HTTP and websockets on loopback.

Where to look: `figures/` says what is measured, one module a figure; `load/` is the process that makes the load; `stage.py` puts up
the databases and services; `results.py` holds medians, ratios and targets.

Refuses: to mock anything, to count wrong answers as fast ones, to run longer than ten minutes, to leave anything running, and to judge
correctness under fire (that is the torture's work).
"""
