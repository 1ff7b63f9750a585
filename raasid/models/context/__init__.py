"""Models that judge a touch of the ball from tracks."""
