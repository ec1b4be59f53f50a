"""Training and validation data: reading, checks, splits, metrics."""
