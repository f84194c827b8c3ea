-- The picture files that are kept. Empty unless pictures are kept; apod_media then says what is kept of each address.
CREATE TABLE apod_picture (
    date TEXT NOT NULL,
    role TEXT NOT NULL,
    kept_at TIMESTAMPTZ NOT NULL,
    replaced_at TIMESTAMPTZ,
    kind TEXT NOT NULL CHECK (kind IN ('original', 'rendition', 'poster')),
    address TEXT NOT NULL,
    kept_from TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    perceptual_hash TEXT NOT NULL,
    PRIMARY KEY (date, role, kept_at)
);
CREATE OR REPLACE VIEW apod_media AS
    SELECT e.date, media.role, media.address, e.rights, e.rights_evidence,
           p.kind, p.sha256, p.type, p.bytes, p.width, p.height, p.perceptual_hash, p.kept_from, p.kept_at
    FROM apod_entry e
    CROSS JOIN LATERAL (
        VALUES ('shown', e.url), ('largest', e.hdurl), ('still', e.thumbnail_url)
    ) AS media (role, address)
    LEFT JOIN apod_picture p ON p.date = e.date AND p.address = media.address AND p.replaced_at IS NULL
    WHERE media.address IS NOT NULL;
CREATE TABLE apod_alike (
    date TEXT NOT NULL,
    role TEXT NOT NULL,
    other TEXT NOT NULL,
    other_role TEXT NOT NULL,
    bits INTEGER NOT NULL,
    PRIMARY KEY (date, role, other, other_role)
);
