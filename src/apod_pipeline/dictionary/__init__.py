"""The data dictionary: what every field, table, view, function and file of an archive means, in one place.

A data set brings its fields; `tables` describes its database, `files` its archive's files, `page` words all of it as
Markdown. The comments in PostgreSQL, `docs/data-dictionary.md` and the descriptors of `apod export` are made from it.
"""
