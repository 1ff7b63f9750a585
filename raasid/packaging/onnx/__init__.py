"""ONNX export: one module per network, the file, and the parity check against torch."""
