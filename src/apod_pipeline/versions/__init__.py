"""Versions for people: which there are, what was known when, what differs, and where a value came from.

Takes an archive and the names that users type, gives plain values. Git tells which versions there are (`commits`), DVC
holds what stands in them (`objects`); nobody who asks needs to know either. Never edits an entry; `releases` alone
writes, and only a tag with its summary.
"""
