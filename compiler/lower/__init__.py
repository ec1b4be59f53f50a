"""From the integer-ready graph to the integer program, every rounding proved."""
