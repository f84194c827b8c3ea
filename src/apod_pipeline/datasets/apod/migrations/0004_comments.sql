-- Changes nothing by itself: it is a number, so that a database that was made before gets the comments of the data
-- dictionary too. After any migration `apod` comments on every table, view, function and column anew
-- (database/comments.py), so a later migration needs no comments of its own, and this one no successor.
SELECT 1;
