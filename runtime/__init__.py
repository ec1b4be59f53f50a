"""The integer program, its reference and the drivers; needs nothing but NumPy."""
