"""Reading ONNX: opening files safely, a format a file, and the translation of nodes."""
