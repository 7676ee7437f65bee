"""The people and devices of a run: each does one thing at a time, retries as its real counterpart does, and tells the recorder all."""
