"""The one way in which a measurement ends early."""


class BenchmarkError(Exception):
    """What was measured would not mean what its name says; the message tells why."""
