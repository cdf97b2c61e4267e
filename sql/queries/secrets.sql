-- Ciphertexts, one at a time, and the keys that wrap them, through the vault's functions.

-- name: secrets.ask
SELECT vault.ask_for_secret(%(name)s::text);

-- name: secrets.read
SELECT s.credential_id, s.key_version, s.nonce, s.ciphertext, s.master_key_id, s.key_nonce, s.wrapped_key
FROM vault.read_secret(%(read)s::bigint) AS s;

-- name: secrets.next_version
SELECT vault.next_key_version(%(credential_id)s);

-- name: secrets.write
SELECT vault.write_secret(
    %(credential_id)s, %(key_version)s, %(nonce)s, %(ciphertext)s, %(master_key_id)s, %(key_nonce)s, %(wrapped_key)s
);

-- name: secrets.wrapped_otherwise
SELECT k.credential_id, k.name, k.key_version, k.master_key_id, k.key_nonce, k.wrapped_key
FROM vault.wrapped_keys(%(not_by)s::text, %(after)s::integer, %(most)s::integer) AS k;

-- name: secrets.rewrap
SELECT vault.rewrap_secret(
    %(credential_id)s, %(key_version)s, %(from_key)s, %(to_key)s, %(key_nonce)s, %(wrapped_key)s
);

-- name: secrets.installation_key
SELECT k.master_key_id, k.key_nonce, k.wrapped_key
FROM vault.read_installation_key() AS k;

-- name: secrets.put_installation_key
SELECT vault.put_installation_key(%(from_key)s::text, %(to_key)s::text, %(key_nonce)s::bytea, %(wrapped_key)s::bytea);

-- name: secrets.about
SELECT s.credential_id, s.master_key_id, s.stored_at
FROM vault.about_secrets() AS s;

-- name: secrets.stored
-- What lies in the vault, whether or not it can be opened.
SELECT c.name
FROM vault.about_secrets() AS s
INNER JOIN provider_credentials AS c ON s.credential_id = c.id AND c.deleted_at IS NULL
ORDER BY c.name;
