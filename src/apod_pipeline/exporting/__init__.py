"""The archive's entries as files for others: CSV, JSON lines, Parquet, SQLite, or a package that describes itself.

`snapshot` takes the entries out of an archive, `choice` picks some of them, `export` writes what was picked; each
format is a module. Only `snapshot` knows an archive: the others take a frame of entries and where it came from.
"""
