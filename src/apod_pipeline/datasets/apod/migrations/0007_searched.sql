-- Since when the words are kept: one row, written when the archive is served for the first time. Whether apod_search has
-- rows does not tell: an archive may be served before its first run.
CREATE TABLE apod_searched (
    only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
    since TIMESTAMPTZ NOT NULL DEFAULT now()
);
INSERT INTO apod_searched SELECT true, now() WHERE EXISTS (SELECT FROM apod_search);
