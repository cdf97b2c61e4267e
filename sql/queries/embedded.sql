-- A server of our own: what is told to its superuser's session while its passwords are set.

-- name: embedded.passwords
SELECT
    set_config('password_encryption', 'scram-sha-256', FALSE),
    set_config('reconciler.superuser_password', %(superuser)s, FALSE),
    set_config('reconciler.runtime_password', %(runtime)s, FALSE);
