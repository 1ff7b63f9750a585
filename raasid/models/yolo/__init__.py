"""What nets of ultralytics have in common, whatever they look for."""
