"""`raasid registry`: list, compare, alias, check, free, export and import versions of models."""
