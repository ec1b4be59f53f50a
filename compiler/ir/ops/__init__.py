"""The ops of the graph IR, one a file: fields, shape rule and checks."""
