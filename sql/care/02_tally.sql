-- Every table with its number of rows, and if wanted the sum of its rows' hashes, whatever their order.

SELECT t.table_name, t.row_count, t.checksum
FROM pg_temp.tallies(%(checksums)s) AS t;
