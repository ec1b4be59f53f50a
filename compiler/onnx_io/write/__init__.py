"""Writing graphs as QDQ ONNX: for execution, and for other tools."""
