-- The design document's table, exactly; safe on a database that was made by the document's own DDL.
CREATE TABLE IF NOT EXISTS apod (
    date TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    url TEXT,
    explanation TEXT,
    media_type TEXT DEFAULT 'image',
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
DO $$ BEGIN
    CREATE INDEX IF NOT EXISTS idx_apod_date ON apod (date);
EXCEPTION WHEN insufficient_privilege THEN
    NULL; -- the table belongs to another program, and its primary key is such an index
END $$;
