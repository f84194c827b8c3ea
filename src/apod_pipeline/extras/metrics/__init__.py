"""The archive in numbers, for Prometheus: runs, sources, refusals, coverage, freshness, versions, bytes on disk.

names        every metric: its type, what it means, its labels
of_archive   the numbers of an archive's files
of_tables    those that its tables tell, for who has no more of it: the mirror
tally        what is counted from run to run: `.apod/metrics.json`
exposition   samples in Prometheus' text form
plug         what is plugged into the core
listener     is told of runs: a file is written at the end of each run
"""
