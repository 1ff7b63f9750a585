"""Review of a clip with all three models: decision, annotated video, page."""
