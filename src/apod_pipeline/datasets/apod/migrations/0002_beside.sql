-- Everything beyond the document's columns stands beside its table. All of it is a projection of the archive's files.
CREATE TABLE apod_state (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    version_at TIMESTAMPTZ NOT NULL,
    lines BIGINT NOT NULL,
    tip TEXT NOT NULL,
    rules INTEGER NOT NULL,
    preference TEXT NOT NULL
);

CREATE TABLE apod_revision (
    date TEXT NOT NULL,
    observed_from TIMESTAMPTZ NOT NULL,
    observed_to TIMESTAMPTZ,
    cause TEXT NOT NULL CHECK (cause IN ('source', 'rules', 'preference')),
    changed TEXT[] NOT NULL,
    title TEXT NOT NULL,
    url TEXT,
    explanation TEXT,
    media_type TEXT NOT NULL,
    hdurl TEXT,
    thumbnail_url TEXT,
    copyright TEXT,
    credit TEXT,
    rights TEXT NOT NULL,
    rights_evidence TEXT,
    alt TEXT,
    permalink TEXT,
    explanation_html TEXT,
    source TEXT NOT NULL,
    repairs TEXT[] NOT NULL,
    flags TEXT[] NOT NULL,
    content_hash TEXT NOT NULL,
    reply TEXT,
    PRIMARY KEY (date, observed_from)
);
CREATE UNIQUE INDEX apod_revision_current ON apod_revision (date) WHERE observed_to IS NULL;

CREATE TABLE apod_reading (
    source TEXT NOT NULL,
    date TEXT NOT NULL,
    digest TEXT NOT NULL,
    read_at TIMESTAMPTZ NOT NULL,
    reply TEXT NOT NULL,
    PRIMARY KEY (source, date)
);

CREATE TABLE apod_day (
    date TEXT PRIMARY KEY,
    status TEXT NOT NULL CHECK (status IN ('present', 'gap', 'pending', 'failed', 'quarantined', 'unasked')),
    detail TEXT
);

CREATE TABLE apod_quarantine (
    reply TEXT NOT NULL,
    date TEXT NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    refused_at TIMESTAMPTZ NOT NULL,
    resolved_at TIMESTAMPTZ,
    PRIMARY KEY (reply, date)
);

CREATE TABLE apod_run (
    run TEXT PRIMARY KEY,
    command TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ NOT NULL,
    date_from TEXT,
    date_to TEXT,
    inserted INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    version TEXT,
    csv_md5 TEXT,
    exit_code INTEGER NOT NULL
);
