"""Builds ONNX graphs: operators, layers, layers that carry a state between chunks."""
