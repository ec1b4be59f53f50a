"""The skipping engine: lanes that read only the inputs whose weights are not zero."""
