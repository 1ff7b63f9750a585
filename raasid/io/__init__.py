"""Files: atomic writes, the content-addressed object store, image headers and video decoding."""
