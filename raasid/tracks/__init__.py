"""Ball and players through a clip: association, gaps, roles, noise."""
