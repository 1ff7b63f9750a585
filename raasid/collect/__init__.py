"""The intake: new footage becomes clips, frames and pre-annotations, once, however often interrupted."""
