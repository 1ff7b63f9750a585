"""The synthetic league: rendered football with exact labels; `League`, `render_clip`, `generate`."""
