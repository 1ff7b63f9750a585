"""Pages that people look at: one HTML file each, with pictures, without network or script."""
