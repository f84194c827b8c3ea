"""Git and DVC over one archive: their settings, their locks, what is tracked, committed and pushed."""
