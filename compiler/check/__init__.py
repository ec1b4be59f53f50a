"""Comparison of the integer program with the original model, tensor by tensor."""
