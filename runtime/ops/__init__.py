"""The ops of the integer program, one a file: type rule and exact NumPy kernel."""
