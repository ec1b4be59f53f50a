"""The concatenation: several streams, one behind the other."""
