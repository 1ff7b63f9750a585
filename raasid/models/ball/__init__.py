"""Ball models: positions, sizes and confidences of the ball in a frame."""
