"""From an ONNX file to a build folder: frontend, lowering, mapping, circuit, project, report."""
