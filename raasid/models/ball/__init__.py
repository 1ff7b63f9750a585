"""`ball_model`: where is the ball in a frame."""
