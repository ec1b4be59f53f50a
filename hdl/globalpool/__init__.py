"""Global pooling: maximum or sum over the frame."""
