"""`raasid registry`: look at versions, compare them, put them in service, check and tidy the registry."""
