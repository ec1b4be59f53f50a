"""Which weights become zero: by magnitude, and in equal numbers per bank."""
