-- name: installation.uid
SELECT uid
FROM installation;
