"""The graph IR: a network of exact real-valued ops between its ONNX file and the program."""
