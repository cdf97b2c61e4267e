-- Who may work with the database, as what, and what of it they see. Statements that take no parameters are put together
-- by the server, which knows how its names are quoted, and are sent back to it.

-- name: access.standing
-- Whether the session may give roles and make them, and what is known of who is to get one.
SELECT
    session_user::text AS db_user,
    (
        SELECT r.rolsuper OR r.rolcreaterole FROM pg_roles AS r
        WHERE r.rolname = session_user
    ) AS may_create,
    pg_has_role('reconciler_owner', 'MEMBER') AS may_write,
    m.rolname IS NOT NULL AS member_exists,
    coalesce(m.rolsuper OR m.rolbypassrls, FALSE) AS member_bypasses,
    (
        SELECT string_agg(r.name, ', ' ORDER BY r.name)
        FROM unnest(ARRAY['reconciler_owner', 'reconciler_runtime', 'reconciler_vault']) AS r (name)
        WHERE pg_has_role(m.oid, r.name, 'MEMBER')
    ) AS member_acts_as,
    -- A role of that name that was dropped was a member of nothing any more; so is one that was made since.
    (
        SELECT coalesce(array_agg(r.name), '{}') FROM unnest(ARRAY['planner', 'reader', 'auditor']) AS r (name)
        WHERE m.oid IS NULL OR NOT pg_has_role(m.oid, 'reconciler_' || r.name, 'MEMBER')
    ) AS member_lacks
FROM (VALUES (%(member)s)) AS asked (name)
LEFT JOIN pg_roles AS m ON m.rolname = asked.name;

-- name: access.create_statement
SELECT
    format(
        'CREATE ROLE %%I LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD %%L',
        %(member)s::text,
        %(password)s::text
    );

-- name: access.grant_statement
-- From 16 on a membership says itself whether it is inherited; without a word it goes by the member's own attribute.
SELECT
    format('GRANT %%I TO %%I', 'reconciler_' || %(role)s, %(member)s::text)
    || CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN ' WITH INHERIT TRUE' ELSE '' END;

-- name: access.inherit_statement
SELECT format('ALTER ROLE %%I INHERIT', %(member)s::text);

-- name: access.revoke_statement
SELECT format('REVOKE %%I FROM %%I', 'reconciler_' || %(role)s, %(member)s::text);

-- name: access.is_member
SELECT pg_has_role(%(member)s::name, ('reconciler_' || %(role)s)::name, 'MEMBER');

-- name: access.has_its_rights
SELECT pg_has_role(%(member)s::name, ('reconciler_' || %(role)s)::name, 'USAGE');

-- name: access.revoke_all
UPDATE access_grants SET revoked_at = now(), revoked_by = session_user
WHERE member = %(member)s AND role = ANY(%(roles)s::text[]) AND revoked_at IS NULL;

-- name: access.providers
SELECT name, id FROM providers
WHERE deleted_at IS NULL
ORDER BY name;

-- name: access.datacenters
SELECT name, id FROM datacenters
ORDER BY name;

-- name: access.revoke_others
-- What a member sees in a role is what the last word says; what stays is not touched.
UPDATE access_grants AS g
SET revoked_at = now(), revoked_by = session_user
WHERE
    g.member = %(member)s
    AND g.role = %(role)s
    AND g.revoked_at IS NULL
    AND NOT EXISTS (
        SELECT FROM unnest(%(providers)s::integer[], %(datacenters)s::integer[]) AS kept (provider_id, datacenter_id)
        WHERE (kept.provider_id, kept.datacenter_id) IS NOT DISTINCT FROM (g.provider_id, g.datacenter_id)
    );

-- name: access.grant
INSERT INTO access_grants (member, role, provider_id, datacenter_id)
SELECT
    %(member)s,
    %(role)s,
    given.provider_id,
    given.datacenter_id
FROM unnest(%(providers)s::integer[], %(datacenters)s::integer[]) AS given (provider_id, datacenter_id)
ON CONFLICT (member, role, coalesce(provider_id, 0), coalesce(datacenter_id, 0)) WHERE revoked_at IS NULL
DO NOTHING;

-- name: access.grants
-- Members without a grant are listed too: they see nothing.
WITH members AS (
    SELECT
        m.rolname::text AS member,
        substr(r.rolname, length('reconciler_') + 1) AS role
    FROM pg_auth_members AS am
    INNER JOIN pg_roles AS r ON am.roleid = r.oid
    INNER JOIN pg_roles AS m ON am.member = m.oid
    WHERE
        r.rolname IN ('reconciler_planner', 'reconciler_reader', 'reconciler_auditor')
        AND NOT m.rolsuper
        AND NOT (m.rolcreaterole AND am.admin_option)
        -- Who sees only its own grants is told of no other member that it has none.
        AND (pg_has_role('reconciler_runtime', 'MEMBER') OR sees_everything() OR m.rolname = session_user)
),

held AS (
    SELECT * FROM access_grants
    WHERE revoked_at IS NULL
)

SELECT DISTINCT
    coalesce(m.member, g.member) AS member,
    coalesce(m.role, g.role) AS role,
    m.member IS NOT NULL AS is_member,
    g.id IS NOT NULL AS is_granted,
    p.name AS provider,
    dc.name AS datacenter,
    g.granted_at,
    g.granted_by
FROM members AS m
FULL JOIN held AS g ON m.member = g.member AND m.role = g.role
LEFT JOIN providers AS p ON g.provider_id = p.id
LEFT JOIN datacenters AS dc ON g.datacenter_id = dc.id
ORDER BY member, role, provider, datacenter;
