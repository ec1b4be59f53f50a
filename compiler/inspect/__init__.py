"""What a model is made of, what can run where, and what stands in the way."""
