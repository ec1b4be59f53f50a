"""The fork: one stream to several."""
