"""The requantizer: multiply, add, shift, clamp."""
