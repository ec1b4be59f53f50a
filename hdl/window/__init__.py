"""The window buffer: a ring of pixels from which convolutions and poolings read their windows."""
