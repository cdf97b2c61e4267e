-- Ciphertexts, one at a time, through the vault's functions.

-- name: secrets.read
SELECT s.key_id, s.nonce, s.ciphertext
FROM vault.read_secret(%(name)s::text) AS s;

-- name: secrets.write
SELECT vault.write_secret(%(credential_id)s, %(key_id)s, %(nonce)s, %(ciphertext)s);

-- name: secrets.stored
SELECT c.name FROM provider_credentials AS c
WHERE c.source = 'stored' AND c.deleted_at IS NULL
ORDER BY c.name
FOR UPDATE;
