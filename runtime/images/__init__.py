"""Image files for a computer that has NumPy and nothing else."""
