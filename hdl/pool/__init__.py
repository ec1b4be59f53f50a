"""Local pooling: maximum or sum over windows."""
