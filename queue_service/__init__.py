"""Electronic queue and appointments for district offices: the map of the package.

Each domain is a folder; a name imports only from names to its left, and `tests/test_architecture.py` holds us to it:

    text, timing, dated, errors, settings, sealing, batches, db, embedded, events, problems, headers, observability
        <-  limits, audit, offices, staff, devices, notifications  <-  doors, description  <-  booking  <-  tickets  <-  desks
        <-  statistics, administration  <-  live  <-  pages  <-  schema, simulator, demo, precautions, app, cli

Inside a domain: `models` (tables and constraints), `rules` (pure), `commands` (writes), `queries` (reads into read models),
`api` (inputs, outputs, handlers). `voice` stands alone: set-up runs it as a program of its own.
"""
