"""What a model is made of, what would run where, and what stands in the way."""
