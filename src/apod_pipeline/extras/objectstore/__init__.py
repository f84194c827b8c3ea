"""Every version also goes to an S3 bucket, while the tables are loaded; and comes back from there.

Takes an archive's processed files and kept pictures; gives objects named by their SHA-256, a manifest a version, and
one pointer that names the newest. Off until `APOD_EXTRAS` names it.
"""
