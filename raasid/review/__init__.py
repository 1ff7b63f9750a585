"""A clip judged by all three models: decision, annotated video, page."""
