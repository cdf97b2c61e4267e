-- The vault: ciphertexts, apart from everything else, with an owner of their own. The runtime role has no right on the
-- table, only on two functions that read or write one secret at a time: no query of its can list what is stored.

GRANT REFERENCES ON provider_credentials TO reconciler_vault;

SET LOCAL ROLE reconciler_vault;

CREATE TABLE vault.secrets (
    credential_id integer NOT NULL,
    key_id text NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT secrets_pkey PRIMARY KEY (credential_id),
    CONSTRAINT secrets_credential FOREIGN KEY (credential_id) REFERENCES public.provider_credentials (id),
    CONSTRAINT secrets_nonce CHECK (octet_length(nonce) = 12)
);

COMMENT ON TABLE vault.secrets IS
'Encrypted secrets. Written by vault.write_secret, read by vault.read_secret.';
COMMENT ON COLUMN vault.secrets.credential_id IS
'The credential that it is the value of.';
COMMENT ON COLUMN vault.secrets.key_id IS
'Which key it is encrypted with.';
COMMENT ON COLUMN vault.secrets.nonce IS
'The nonce of AES-256-GCM, 12 bytes, never used twice with a key.';
COMMENT ON COLUMN vault.secrets.ciphertext IS
'The secret, encrypted and authenticated together with its credential''s name.';
COMMENT ON COLUMN vault.secrets.created_at IS
'When it was stored.';

CREATE FUNCTION vault.read_secret(p_credential_id integer)
RETURNS TABLE (key_id text, nonce bytea, ciphertext bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.key_id, s.nonce, s.ciphertext FROM vault.secrets AS s WHERE s.credential_id = p_credential_id
$$;
COMMENT ON FUNCTION vault.read_secret(integer) IS 'One credential''s ciphertext; no row where none is stored.';

CREATE FUNCTION vault.write_secret(p_credential_id integer, p_key_id text, p_nonce bytea, p_ciphertext bytea)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  INSERT INTO vault.secrets (credential_id, key_id, nonce, ciphertext)
  VALUES (p_credential_id, p_key_id, p_nonce, p_ciphertext)
  ON CONFLICT (credential_id) DO UPDATE
  SET key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext, created_at = now()
$$;
COMMENT ON FUNCTION vault.write_secret(integer, text, bytea, bytea) IS 'Stores or replaces one credential''s ciphertext.';

REVOKE ALL ON FUNCTION vault.read_secret(integer) FROM public;
REVOKE ALL ON FUNCTION vault.write_secret(integer, text, bytea, bytea) FROM public;
GRANT USAGE ON SCHEMA vault TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION vault.read_secret(integer) TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION vault.write_secret(integer, text, bytea, bytea) TO reconciler_runtime;

SET LOCAL ROLE reconciler_owner;
