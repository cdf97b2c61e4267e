-- Which sequences are behind what is in their tables.

SELECT s.found_at, s.what
FROM pg_temp.sequences_behind(%(mend)s) AS s;
