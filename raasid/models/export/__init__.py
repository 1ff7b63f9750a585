"""Trained models as ONNX graphs: what they take, what they give, and proof that they give the same."""
