"""The requantizing adder of two streams."""
