"""What a version is made of: weights, graphs and a card that are only ever read as data."""
