-- The vault: ciphertexts, apart from everything else, with an owner of their own. The runtime role has no right on the
-- tables, only on functions. A secret is given one at a time, and only after a record that it was asked for is
-- committed: no query can list what is stored, and no transaction that is undone hides who read it.

-- A secret is encrypted with a data key of its own; the data key stands beside it, wrapped by a master key that is
-- never here. What is authenticated with both: the installation, the row, the credential's name, the column, and the
-- version of the data key. So neither decrypts in another row or column.

GRANT REFERENCES, SELECT ON provider_credentials TO reconciler_vault;

SET LOCAL ROLE reconciler_vault;

CREATE TABLE vault.installation_key (
    singleton boolean NOT NULL DEFAULT TRUE,
    master_key_id text NOT NULL,
    key_nonce bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    wrapped_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT installation_key_pkey PRIMARY KEY (singleton),
    CONSTRAINT installation_key_one_row CHECK (singleton),
    CONSTRAINT installation_key_master_key_id CHECK (master_key_id ~ '^[0-9a-f]{16}$'),
    CONSTRAINT installation_key_nonce CHECK (octet_length(key_nonce) = 12),
    CONSTRAINT installation_key_wrapped CHECK (octet_length(wrapped_key) = 48)
);

COMMENT ON TABLE vault.installation_key IS
'The key of fingerprints and approvals, wrapped: it stays the same when the master key changes. One row, made on first
use. Written by vault.put_installation_key.';
COMMENT ON COLUMN vault.installation_key.singleton IS
'Always true: there is one row.';
COMMENT ON COLUMN vault.installation_key.master_key_id IS
'Which master key it is wrapped by.';
COMMENT ON COLUMN vault.installation_key.key_nonce IS
'The nonce of the wrapping, 12 bytes.';
COMMENT ON COLUMN vault.installation_key.wrapped_key IS
'The key, encrypted and authenticated (AES-256-GCM): 32 bytes and a tag of 16.';
COMMENT ON COLUMN vault.installation_key.created_at IS
'When the key was made.';
COMMENT ON COLUMN vault.installation_key.wrapped_at IS
'When it was last wrapped.';

CREATE TABLE vault.secrets (
    credential_id integer NOT NULL,
    key_version integer NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    master_key_id text NOT NULL,
    key_nonce bytea NOT NULL,
    wrapped_key bytea NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    wrapped_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT secrets_pkey PRIMARY KEY (credential_id),
    CONSTRAINT secrets_credential FOREIGN KEY (credential_id) REFERENCES public.provider_credentials (id),
    CONSTRAINT secrets_key_version CHECK (key_version > 0),
    CONSTRAINT secrets_nonce CHECK (octet_length(nonce) = 12),
    CONSTRAINT secrets_master_key_id CHECK (master_key_id ~ '^[0-9a-f]{16}$'),
    CONSTRAINT secrets_key_nonce CHECK (octet_length(key_nonce) = 12),
    CONSTRAINT secrets_wrapped_key CHECK (octet_length(wrapped_key) = 48)
);

COMMENT ON TABLE vault.secrets IS
'Encrypted secrets, each with its data key. Written by vault.write_secret and vault.rewrap_secret, read by
vault.read_secret.';
COMMENT ON COLUMN vault.secrets.credential_id IS
'The credential that it is the value of.';
COMMENT ON COLUMN vault.secrets.key_version IS
'Counts the data keys of this credential: each value has a new one.';
COMMENT ON COLUMN vault.secrets.nonce IS
'The nonce of AES-256-GCM, 12 bytes; the data key is used once.';
COMMENT ON COLUMN vault.secrets.ciphertext IS
'The secret, encrypted and authenticated with its data key.';
COMMENT ON COLUMN vault.secrets.master_key_id IS
'Which master key the data key is wrapped by.';
COMMENT ON COLUMN vault.secrets.key_nonce IS
'The nonce of the wrapping, 12 bytes.';
COMMENT ON COLUMN vault.secrets.wrapped_key IS
'The data key, encrypted and authenticated with the master key (AES-256-GCM): 32 bytes and a tag of 16.';
COMMENT ON COLUMN vault.secrets.stored_at IS
'When the value was stored.';
COMMENT ON COLUMN vault.secrets.wrapped_at IS
'When the data key was last wrapped.';

CREATE TABLE vault.secret_reads (
    id bigint GENERATED ALWAYS AS IDENTITY,
    credential_id integer NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    actor text NOT NULL,
    db_user text NOT NULL,
    given_at timestamptz,
    given_xact xid8,
    CONSTRAINT secret_reads_pkey PRIMARY KEY (id),
    CONSTRAINT secret_reads_credential FOREIGN KEY (credential_id) REFERENCES public.provider_credentials (id),
    CONSTRAINT secret_reads_given CHECK ((given_at IS NULL) = (given_xact IS NULL))
);

COMMENT ON TABLE vault.secret_reads IS
'Every time that a secret was read: asked for first, and given only once that is committed. Written by
vault.ask_for_secret and vault.read_secret; nobody else can write or change it.';
COMMENT ON COLUMN vault.secret_reads.id IS
'Key; what vault.read_secret takes.';
COMMENT ON COLUMN vault.secret_reads.credential_id IS
'Whose secret it is.';
COMMENT ON COLUMN vault.secret_reads.asked_at IS
'When the statement that asked for it began.';
COMMENT ON COLUMN vault.secret_reads.xact IS
'The transaction that asked for it.';
COMMENT ON COLUMN vault.secret_reads.actor IS
'Who read it, as the session says; the database user where it does not.';
COMMENT ON COLUMN vault.secret_reads.db_user IS
'The session''s database user, whatever the actor claims.';
COMMENT ON COLUMN vault.secret_reads.given_at IS
'When the statement began that it was given to; null where it was not, or where that transaction was undone.';
COMMENT ON COLUMN vault.secret_reads.given_xact IS
'The transaction that it was given to.';
CREATE INDEX secret_reads_xact ON vault.secret_reads (xact);
CREATE INDEX secret_reads_given ON vault.secret_reads (given_xact) WHERE given_xact IS NOT NULL;
CREATE INDEX secret_reads_credential ON vault.secret_reads (credential_id, asked_at);

CREATE TABLE vault.secret_changes (
    id bigint GENERATED ALWAYS AS IDENTITY,
    credential_id integer NOT NULL,
    key_version integer NOT NULL,
    action text NOT NULL,
    master_key_id text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    db_user text NOT NULL,
    CONSTRAINT secret_changes_pkey PRIMARY KEY (id),
    CONSTRAINT secret_changes_credential FOREIGN KEY (credential_id) REFERENCES public.provider_credentials (id),
    CONSTRAINT secret_changes_action CHECK (action IN ('stored', 'rewrapped'))
);

COMMENT ON TABLE vault.secret_changes IS
'Every time that a secret was stored or its data key wrapped anew, never what. Written by vault.write_secret and
vault.rewrap_secret; nobody else can write or change it.';
COMMENT ON COLUMN vault.secret_changes.id IS
'Key.';
COMMENT ON COLUMN vault.secret_changes.credential_id IS
'Whose secret it is.';
COMMENT ON COLUMN vault.secret_changes.key_version IS
'The version of its data key after it.';
COMMENT ON COLUMN vault.secret_changes.action IS
'stored (another value, with another data key) or rewrapped (the same, by another master key).';
COMMENT ON COLUMN vault.secret_changes.master_key_id IS
'The master key that the data key is wrapped by since.';
COMMENT ON COLUMN vault.secret_changes.changed_at IS
'When the transaction that did it began.';
COMMENT ON COLUMN vault.secret_changes.actor IS
'Who did it, as the session says; the database user where it does not.';
COMMENT ON COLUMN vault.secret_changes.db_user IS
'The session''s database user, whatever the actor claims.';
CREATE INDEX secret_changes_credential ON vault.secret_changes (credential_id, changed_at);

CREATE FUNCTION vault.acting()
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(nullif(current_setting('reconciler.actor', true), ''), session_user)
$$;
COMMENT ON FUNCTION vault.acting() IS 'Who acts, as the session says; the database user where it does not.';

CREATE FUNCTION vault.ask_for_secret(p_name text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v_credential integer;
  v_read bigint;
BEGIN
  SELECT c.id INTO v_credential
  FROM public.provider_credentials AS c JOIN vault.secrets AS s ON s.credential_id = c.id
  WHERE c.name = p_name AND c.deleted_at IS NULL;
  IF v_credential IS NULL THEN
    RETURN NULL;
  END IF;
  IF EXISTS (
    SELECT FROM vault.secret_reads AS r
    WHERE r.xact = pg_current_xact_id() AND r.asked_at = statement_timestamp() AND r.credential_id <> v_credential
  ) THEN
    RAISE EXCEPTION 'a statement reads one secret, not several'
      USING ERRCODE = 'RC009', HINT = 'Ask for one by its name.';
  END IF;
  INSERT INTO vault.secret_reads (credential_id, actor, db_user)
  VALUES (v_credential, vault.acting(), session_user)
  RETURNING id INTO v_read;
  RETURN v_read;
END
$$;
COMMENT ON FUNCTION vault.ask_for_secret(text) IS
'Writes down that a credential''s secret is about to be read, by the credential''s exact name; gives what
vault.read_secret takes once this is committed, or null where nothing is stored.';

CREATE FUNCTION vault.read_secret(p_read bigint)
RETURNS TABLE (
    credential_id integer, key_version integer, nonce bytea, ciphertext bytea,
    master_key_id text, key_nonce bytea, wrapped_key bytea
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v_credential integer;
BEGIN
  UPDATE vault.secret_reads AS r
  SET given_at = statement_timestamp(), given_xact = pg_current_xact_id()
  WHERE
    r.id = p_read AND r.db_user = session_user AND r.given_at IS NULL
    AND r.xact <> pg_current_xact_id() AND r.asked_at > clock_timestamp() - interval '1 minute'
  RETURNING r.credential_id INTO v_credential;
  IF v_credential IS NULL THEN
    RAISE EXCEPTION 'there is no committed record of this read: % is not a question of the last minute', p_read
      USING ERRCODE = 'RC017', HINT = 'Call vault.ask_for_secret, commit, then read, each time.';
  END IF;
  IF EXISTS (
    SELECT FROM vault.secret_reads AS r
    WHERE r.given_xact = pg_current_xact_id() AND r.given_at = statement_timestamp() AND r.credential_id <> v_credential
  ) THEN
    RAISE EXCEPTION 'a statement reads one secret, not several'
      USING ERRCODE = 'RC009', HINT = 'Read one at a time.';
  END IF;
  RETURN QUERY
  SELECT s.credential_id, s.key_version, s.nonce, s.ciphertext, s.master_key_id, s.key_nonce, s.wrapped_key
  FROM vault.secrets AS s
  WHERE s.credential_id = v_credential;
END
$$;
COMMENT ON FUNCTION vault.read_secret(bigint) IS
'The ciphertext of one credential, once, to the user who asked for it in a transaction that is committed. So each read is
on record, whatever becomes of the transaction that reads.';

CREATE FUNCTION vault.next_key_version(p_credential_id integer)
RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(max(s.key_version), 0) + 1 FROM vault.secrets AS s WHERE s.credential_id = p_credential_id
$$;
COMMENT ON FUNCTION vault.next_key_version(integer) IS
'The version that the next data key of a credential has. It is a part of what is encrypted, so it is asked for before.';

CREATE FUNCTION vault.write_secret(
    p_credential_id integer, p_key_version integer, p_nonce bytea, p_ciphertext bytea,
    p_master_key_id text, p_key_nonce bytea, p_wrapped_key bytea
)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  INSERT INTO vault.secrets AS s (
    credential_id, key_version, nonce, ciphertext, master_key_id, key_nonce, wrapped_key
  )
  VALUES (p_credential_id, p_key_version, p_nonce, p_ciphertext, p_master_key_id, p_key_nonce, p_wrapped_key)
  ON CONFLICT (credential_id) DO UPDATE
  SET
    key_version = excluded.key_version, nonce = excluded.nonce, ciphertext = excluded.ciphertext,
    master_key_id = excluded.master_key_id, key_nonce = excluded.key_nonce, wrapped_key = excluded.wrapped_key,
    stored_at = now(), wrapped_at = now()
  WHERE s.key_version = excluded.key_version - 1;
  IF NOT found THEN
    RETURN false;
  END IF;
  INSERT INTO vault.secret_changes (credential_id, key_version, action, master_key_id, actor, db_user)
  VALUES (p_credential_id, p_key_version, 'stored', p_master_key_id, vault.acting(), session_user);
  RETURN true;
END
$$;
COMMENT ON FUNCTION vault.write_secret(integer, integer, bytea, bytea, text, bytea, bytea) IS
'Stores or replaces one credential''s ciphertext with its data key; false where somebody else has stored one since its
version was asked for.';

CREATE FUNCTION vault.wrapped_keys(p_not_by text, p_after integer, p_most integer)
RETURNS TABLE (
    credential_id integer, name text, key_version integer, master_key_id text, key_nonce bytea, wrapped_key bytea
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.credential_id, c.name, s.key_version, s.master_key_id, s.key_nonce, s.wrapped_key
  FROM vault.secrets AS s JOIN public.provider_credentials AS c ON c.id = s.credential_id
  WHERE s.master_key_id <> p_not_by AND s.credential_id > p_after
  ORDER BY s.credential_id
  LIMIT p_most
$$;
COMMENT ON FUNCTION vault.wrapped_keys(text, integer, integer) IS
'Data keys that are wrapped by another master key than the one given, some at a time, of removed credentials too. No
ciphertext is with them: a data key alone opens nothing.';

CREATE FUNCTION vault.rewrap_secret(
    p_credential_id integer, p_key_version integer, p_from text, p_to text, p_key_nonce bytea, p_wrapped_key bytea
)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE vault.secrets AS s
  SET master_key_id = p_to, key_nonce = p_key_nonce, wrapped_key = p_wrapped_key, wrapped_at = now()
  WHERE s.credential_id = p_credential_id AND s.key_version = p_key_version AND s.master_key_id = p_from;
  IF NOT found THEN
    RETURN false;
  END IF;
  INSERT INTO vault.secret_changes (credential_id, key_version, action, master_key_id, actor, db_user)
  VALUES (p_credential_id, p_key_version, 'rewrapped', p_to, vault.acting(), session_user);
  RETURN true;
END
$$;
COMMENT ON FUNCTION vault.rewrap_secret(integer, integer, text, text, bytea, bytea) IS
'Puts a data key that another master key wraps in its place; false where it is not what it was any more. The ciphertext is
not touched.';

CREATE FUNCTION vault.about_secrets()
RETURNS TABLE (
    credential_id integer, key_version integer, master_key_id text, stored_at timestamptz, wrapped_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.credential_id, s.key_version, s.master_key_id, s.stored_at, s.wrapped_at FROM vault.secrets AS s
$$;
COMMENT ON FUNCTION vault.about_secrets() IS
'For which credentials a secret is stored, since when, and which master key wraps its data key. Nothing encrypted.';

CREATE FUNCTION vault.read_installation_key()
RETURNS TABLE (master_key_id text, key_nonce bytea, wrapped_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT k.master_key_id, k.key_nonce, k.wrapped_key FROM vault.installation_key AS k
$$;
COMMENT ON FUNCTION vault.read_installation_key() IS
'The wrapped key of fingerprints and approvals; no row before the first use. It is no credential''s, so this is not put on
record.';

CREATE FUNCTION vault.put_installation_key(p_from text, p_to text, p_key_nonce bytea, p_wrapped_key bytea)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF p_from IS NULL THEN
    INSERT INTO vault.installation_key (master_key_id, key_nonce, wrapped_key)
    VALUES (p_to, p_key_nonce, p_wrapped_key)
    ON CONFLICT (singleton) DO NOTHING;
  ELSE
    UPDATE vault.installation_key AS k
    SET master_key_id = p_to, key_nonce = p_key_nonce, wrapped_key = p_wrapped_key, wrapped_at = now()
    WHERE k.master_key_id = p_from;
  END IF;
  RETURN found;
END
$$;
COMMENT ON FUNCTION vault.put_installation_key(text, text, bytea, bytea) IS
'Stores the wrapped key of fingerprints and approvals: the first one (p_from null), or in the place of one that p_from
wraps; false where it is not so any more.';

REVOKE ALL ON FUNCTION vault.acting() FROM public;
REVOKE ALL ON FUNCTION vault.ask_for_secret(text) FROM public;
REVOKE ALL ON FUNCTION vault.read_secret(bigint) FROM public;
REVOKE ALL ON FUNCTION vault.next_key_version(integer) FROM public;
REVOKE ALL ON FUNCTION vault.write_secret(integer, integer, bytea, bytea, text, bytea, bytea) FROM public;
REVOKE ALL ON FUNCTION vault.wrapped_keys(text, integer, integer) FROM public;
REVOKE ALL ON FUNCTION vault.rewrap_secret(integer, integer, text, text, bytea, bytea) FROM public;
REVOKE ALL ON FUNCTION vault.about_secrets() FROM public;
REVOKE ALL ON FUNCTION vault.read_installation_key() FROM public;
REVOKE ALL ON FUNCTION vault.put_installation_key(text, text, bytea, bytea) FROM public;
GRANT USAGE ON SCHEMA vault TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION
vault.ask_for_secret(text),
vault.read_secret(bigint),
vault.next_key_version(integer),
vault.write_secret(integer, integer, bytea, bytea, text, bytea, bytea),
vault.wrapped_keys(text, integer, integer),
vault.rewrap_secret(integer, integer, text, text, bytea, bytea),
vault.about_secrets(),
vault.read_installation_key(),
vault.put_installation_key(text, text, bytea, bytea)
TO reconciler_runtime;

SET LOCAL ROLE reconciler_owner;
