-- name: installation.uid
SELECT uid
FROM installation;

-- name: installation.set_key_id
UPDATE installation SET key_id = %(key_id)s;
