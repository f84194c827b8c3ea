-- The words of every state of every entry, so that a search need not take the texts apart again. It costs a backfill a
-- quarter of its time, so it stays empty until somebody searches: database/searchable.py fills it, and from then on every
-- load keeps it. A row holds its words in place (they are a few kB), because ranking reads those of every hit.
CREATE TABLE apod_search (
    date TEXT NOT NULL,
    observed_from TIMESTAMPTZ NOT NULL,
    observed_to TIMESTAMPTZ,
    media_type TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    words TSVECTOR NOT NULL,
    PRIMARY KEY (date, observed_from)
) WITH (toast_tuple_target = 8160);
CREATE INDEX apod_search_words ON apod_search USING gin (words);
