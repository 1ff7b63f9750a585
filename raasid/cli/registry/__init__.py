"""`raasid registry`: list, compare, put in service, check and archive versions."""
