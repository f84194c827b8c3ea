CREATE VIEW apod_entry AS
    SELECT date, title, url, explanation, media_type, hdurl, thumbnail_url, copyright, credit, rights, rights_evidence,
           alt, permalink, explanation_html, source, repairs, flags, content_hash, reply, observed_from
    FROM apod_revision
    WHERE observed_to IS NULL;

CREATE FUNCTION apod_as_of(instant TIMESTAMPTZ) RETURNS SETOF apod_revision
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT * FROM apod_revision
        WHERE observed_from <= instant AND (observed_to IS NULL OR observed_to > instant)
    $$;

CREATE VIEW apod_media AS
    SELECT date, role, address, rights, rights_evidence
    FROM apod_entry,
         LATERAL (VALUES ('shown', url), ('largest', hdurl), ('still', thumbnail_url)) AS media (role, address)
    WHERE address IS NOT NULL;
