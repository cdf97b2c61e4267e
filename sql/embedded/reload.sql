-- A server of our own: read pg_hba.conf again.

SELECT pg_reload_conf();
