"""A person's own account, and the link by which an invited person begins. Complete without JavaScript."""
