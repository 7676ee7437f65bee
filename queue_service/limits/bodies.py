"""How much a client may send, and how long it may take about it."""

from typing import Final

BODY_LIMIT_BYTES: Final = 64 * 1024
"""No form and no program of ours sends more than a few kilobytes."""
CONFIGURATION_LIMIT_BYTES: Final = 1024 * 1024
"""A city's whole configuration as one file: eighteen offices are a hundred kilobytes. For its routes only (`request_max_body_size`)."""
BODY_SECONDS: Final = 30.0
"""From the first to the last byte of a body: a form over the worst telephone line takes a few, and a slow sender keeps a task of ours."""
HEAD_LIMIT_BYTES: Final = 16 * 1024
"""Address and headers together; browsers stay below eight kilobytes."""
HEAD_SECONDS: Final = 15.0
"""For address and headers of a request, and for the first byte of a new connection."""
