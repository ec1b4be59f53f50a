"""Compression of trained networks: stages, their training, and the search over them."""
