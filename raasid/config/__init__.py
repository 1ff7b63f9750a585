"""The configuration: one typed tree per verb, validated as a whole before anything runs."""
