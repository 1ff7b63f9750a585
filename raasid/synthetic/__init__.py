"""The synthetic league: football with exact labels; `League`, `render_clip`, `generate`, `labelled_clips`."""
