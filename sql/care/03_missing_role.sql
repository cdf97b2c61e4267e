-- A role that a backup's rights speak of and this server does not know: it comes without a login, whose password no
-- backup holds.

DO $$
BEGIN
  EXECUTE format('CREATE ROLE %I NOLOGIN', current_setting('reconciler.missing_role'));
END
$$;
