"""Who can be asked for days: one file a source, one silhouette, mostly data."""
