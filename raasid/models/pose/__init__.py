"""Models that find the joints of a person."""
