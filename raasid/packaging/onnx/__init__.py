"""ONNX export: a graph specification per network, the files, and the parity check against torch."""
