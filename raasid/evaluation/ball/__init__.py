"""Ball detections judged: outcomes, metrics, curves, and validation while training."""
