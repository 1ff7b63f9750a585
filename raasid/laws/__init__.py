"""Law 12: what can be seen of a contact (facts), the wording of each season (editions), and the ruling."""
