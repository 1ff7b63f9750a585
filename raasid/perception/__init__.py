"""What trained models see in a clip: the ball, the players, and their tracks."""
