-- Changes nothing by itself: it is a number, so that a database that was made before gets the role that only reads. It
-- is made, and granted whatever a migration added, by database/reader.py after any migration.
SELECT 1;
