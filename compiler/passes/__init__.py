"""Graph to graph, one pass a file; ``pipeline`` lists them in their order."""
