"""The intake of footage: files and streams become clips, frames and pre-annotations in the store."""
