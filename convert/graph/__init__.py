"""Builds ONNX graphs: operators, layers, streaming layers with state."""
