"""The two sides of `ball_training.py`, and the data and the judge that they share."""
