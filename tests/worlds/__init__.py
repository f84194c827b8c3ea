"""Worlds: services that lie in every way that was thought of, and the law that every run must obey."""
