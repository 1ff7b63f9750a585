"""Law 12: the facts of a contact, the editions of each season, and the rulings that follow."""
