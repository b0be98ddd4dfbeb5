"""KEEP what was seen and concluded, so that others can verify it."""
