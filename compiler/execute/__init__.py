"""Float execution of graphs through ONNX Runtime."""
