"""The models, and what they share. Each says what it saw in a record that later stations judge."""
