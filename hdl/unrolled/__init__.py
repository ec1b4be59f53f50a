"""The unrolled engine: weights become wires into a network of adders, and zeros cost nothing."""
