"""Proof under fire: a recorder of what clients saw while the service was being hurt, and a checker that believes nobody.

`run` plays a `plan` (who, how long, which faults when) and yields a log and a dump of the database; `checks` reads these two and nothing
else. Refuses to look into the service: what no client saw and no table says did not happen.
"""
