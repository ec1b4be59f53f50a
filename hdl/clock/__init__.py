"""Clocks of a circuit from the oscillator of its board, one file a family."""
