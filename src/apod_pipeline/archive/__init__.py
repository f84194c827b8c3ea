"""One archive's folder: what was told and when, the files made of it, and what a run leaves for the next one."""
