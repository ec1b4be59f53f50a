"""Translation of ONNX nodes into ops of the graph IR, a family a file."""
