"""The process that makes the load, apart from the service and from the one that arranges the benchmark."""
