"""NASA's old API over the archive's PostgreSQL, for every client that is about to lose it (`apod serve`).

Takes an archive's database, gives answers over HTTP. Only reads, through a role that can do nothing else.

    socket ─► application (routes) ─► gateway (keys, limits) ─► old_api (NASA's words) ─► reading (SELECTs)
"""
