-- The vault: ciphertexts, apart from everything else, with an owner of their own. The runtime role has no right on the
-- table, only on two functions that read or write one secret at a time: no query of its can list what is stored.

GRANT REFERENCES, SELECT ON provider_credentials TO reconciler_vault;

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

CREATE TABLE vault.secret_reads (
    id bigint GENERATED ALWAYS AS IDENTITY,
    credential_id integer NOT NULL,
    read_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    actor text NOT NULL,
    db_user text NOT NULL,
    CONSTRAINT secret_reads_pkey PRIMARY KEY (id),
    CONSTRAINT secret_reads_credential FOREIGN KEY (credential_id) REFERENCES public.provider_credentials (id)
);

COMMENT ON TABLE vault.secret_reads IS
'Every time that a secret was read. Written by vault.read_secret; nobody else can write or change it.';
COMMENT ON COLUMN vault.secret_reads.id IS
'Key.';
COMMENT ON COLUMN vault.secret_reads.credential_id IS
'Whose secret it is.';
COMMENT ON COLUMN vault.secret_reads.read_at IS
'When the statement that read it began.';
COMMENT ON COLUMN vault.secret_reads.xact IS
'The transaction that read it.';
COMMENT ON COLUMN vault.secret_reads.actor IS
'Who read it, as the session says; the database user where it does not.';
COMMENT ON COLUMN vault.secret_reads.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX secret_reads_xact ON vault.secret_reads (xact);
CREATE INDEX secret_reads_credential ON vault.secret_reads (credential_id, read_at);

CREATE FUNCTION vault.read_secret(p_name text)
RETURNS TABLE (key_id text, nonce bytea, ciphertext bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_credential integer;
BEGIN
  SELECT c.id INTO v_credential FROM public.provider_credentials AS c
  WHERE c.name = p_name AND c.deleted_at IS NULL AND c.source = 'stored';
  IF v_credential IS NULL THEN
    RETURN;
  END IF;
  IF EXISTS (
    SELECT FROM vault.secret_reads AS r
    WHERE r.xact = pg_current_xact_id() AND r.read_at = statement_timestamp() AND r.credential_id <> v_credential
  ) THEN
    RAISE EXCEPTION 'a statement reads one secret, not several'
      USING ERRCODE = 'RC009', HINT = 'Ask for one by its name.';
  END IF;
  INSERT INTO vault.secret_reads (credential_id, actor, db_user)
  VALUES (v_credential, coalesce(nullif(current_setting('reconciler.actor', true), ''), session_user), session_user);
  -- The row goes with a transaction that is undone; the server's log does not.
  RAISE LOG 'vault: the secret of credential % is read by %', p_name, session_user;
  RETURN QUERY SELECT s.key_id, s.nonce, s.ciphertext FROM vault.secrets AS s WHERE s.credential_id = v_credential;
END
$$;
COMMENT ON FUNCTION vault.read_secret(text) IS
'The ciphertext of one credential, by its exact name; no row where none is stored. Each read is on record.';

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

REVOKE ALL ON FUNCTION vault.read_secret(text) FROM public;
REVOKE ALL ON FUNCTION vault.write_secret(integer, text, bytea, bytea) FROM public;
GRANT USAGE ON SCHEMA vault TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION vault.read_secret(text) TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION vault.write_secret(integer, text, bytea, bytea) TO reconciler_runtime;

SET LOCAL ROLE reconciler_owner;
