"""Context models: facts and decision of a contact of ball and player, from tracks."""
