"""Rooms that depend on the core, and never the reverse; each found by its entry point, none knows the others."""
