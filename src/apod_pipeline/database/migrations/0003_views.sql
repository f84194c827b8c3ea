CREATE VIEW apod_entry AS
    SELECT date, title, url, explanation, media_type, hdurl, thumbnail_url, copyright, credit, rights, rights_evidence,
           alt, permalink, explanation_html, source, repairs, flags, content_hash, reply, observed_from
    FROM apod_revision
    WHERE observed_to IS NULL;
COMMENT ON VIEW apod_entry IS 'the current full entry of every day';

CREATE FUNCTION apod_as_of(instant TIMESTAMPTZ) RETURNS SETOF apod_revision
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT * FROM apod_revision
        WHERE observed_from <= instant AND (observed_to IS NULL OR observed_to > instant)
    $$;
COMMENT ON FUNCTION apod_as_of IS 'what this archive said of every day at an instant';

CREATE VIEW apod_media AS
    SELECT date, role, address, rights, rights_evidence
    FROM apod_entry,
         LATERAL (VALUES ('shown', url), ('largest', hdurl), ('still', thumbnail_url)) AS media (role, address)
    WHERE address IS NOT NULL;
COMMENT ON VIEW apod_media IS 'every address of a picture or film, what part it has in the entry, and what may be done with it';
