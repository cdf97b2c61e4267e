-- name: schema
DROP SCHEMA IF EXISTS spread CASCADE;
CREATE SCHEMA spread;

-- name: plain
CREATE TABLE spread.plain (LIKE public.resources INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE spread.plain ADD CONSTRAINT plain_pkey PRIMARY KEY (id);
ALTER TABLE spread.plain ADD CONSTRAINT plain_uid UNIQUE (uid);
CREATE UNIQUE INDEX plain_address ON spread.plain (address) WHERE deleted_at IS NULL AND management <> 'unmanaged';
CREATE INDEX plain_any_address ON spread.plain (address);
CREATE UNIQUE INDEX plain_external ON spread.plain (provider_endpoint_id, resource_type_id, external_id)
WHERE deleted_at IS NULL AND is_root AND external_id IS NOT NULL;
CREATE TABLE spread.plain_values (
    resource_id bigint NOT NULL REFERENCES spread.plain (id),
    name integer NOT NULL,
    value bigint,
    PRIMARY KEY (resource_id, name)
);

-- name: parts
-- Every unique key has to hold the partition key, and so has every foreign key to it; the key of its own goes first, or an
-- index is read whole by who does not know the endpoint.
CREATE TABLE spread.parts (LIKE public.resources INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
PARTITION BY LIST (provider_endpoint_id);
ALTER TABLE spread.parts ADD CONSTRAINT parts_pkey PRIMARY KEY (id, provider_endpoint_id);
ALTER TABLE spread.parts ADD CONSTRAINT parts_uid UNIQUE (uid, provider_endpoint_id);
CREATE INDEX parts_address ON spread.parts (address);
CREATE UNIQUE INDEX parts_external ON spread.parts (provider_endpoint_id, resource_type_id, external_id)
WHERE deleted_at IS NULL AND is_root AND external_id IS NOT NULL;
CREATE TABLE spread.parts_values (
    provider_endpoint_id integer NOT NULL,
    resource_id bigint NOT NULL,
    name integer NOT NULL,
    value bigint,
    PRIMARY KEY (resource_id, provider_endpoint_id, name),
    FOREIGN KEY (provider_endpoint_id, resource_id) REFERENCES spread.parts (provider_endpoint_id, id)
) PARTITION BY LIST (provider_endpoint_id);
DO $$
BEGIN
  FOR n IN 1..8 LOOP
    EXECUTE format('CREATE TABLE spread.parts_%s PARTITION OF spread.parts FOR VALUES IN (%s)', n, n);
    EXECUTE format('CREATE TABLE spread.parts_values_%s PARTITION OF spread.parts_values FOR VALUES IN (%s)', n, n);
  END LOOP;
END
$$;

-- name: names
-- What no index of a spread table can hold: that an address or a uid is there once in all of it. A table of its own does.
CREATE TABLE spread.names (
    address text PRIMARY KEY,
    uid uuid NOT NULL UNIQUE,
    provider_endpoint_id integer NOT NULL,
    resource_id bigint NOT NULL
);
CREATE FUNCTION spread.keep_names() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO spread.names SELECT n.address, n.uid, n.provider_endpoint_id, n.id FROM new_rows AS n
  WHERE n.deleted_at IS NULL AND n.management <> 'unmanaged';
  RETURN NULL;
END
$$;
CREATE TRIGGER keep_names AFTER INSERT ON spread.parts REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION spread.keep_names();

-- name: made
-- Rows to load, the same for both: eight endpoints, one of them with half of all.
CREATE UNLOGGED TABLE spread.made AS
SELECT
    n AS id, ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS uid, 1 + n % 7 AS resource_type_id,
    CASE WHEN n % 2 = 0 THEN 1 ELSE 2 + (n / 2) % 7 END::integer AS provider_endpoint_id,
    'vm/machine-' || n AS address, 'machine-' || n AS name, 1 AS state_id, 'id-' || n AS external_id, TRUE AS is_root,
    sha256(n::text::bytea) AS recorded_hash
FROM generate_series(1, {resources}) AS n;

-- name: load
INSERT INTO spread.{table} (
    id, uid, resource_type_id, provider_endpoint_id, address, name, state_id, external_id, is_root, recorded_hash
)
SELECT id, uid, resource_type_id, provider_endpoint_id, address, name, state_id, external_id, is_root, recorded_hash
FROM spread.made;

-- name: load_values
INSERT INTO spread.{table}_values ({endpoint} resource_id, name, value)
SELECT {endpoint} id, 1, id FROM spread.made WHERE id <= {values};

-- name: analyze
-- A foreign key's check is planned once a session: on tables of which nothing is known it reads them whole.
ANALYZE spread.{table};

-- name: settle
VACUUM ANALYZE spread.{table}, spread.{table}_values;

-- name: size
SELECT
    sum(pg_relation_size(c.oid)) FILTER (WHERE c.relkind = 'r'), sum(pg_relation_size(c.oid)) FILTER (WHERE c.relkind = 'i')
FROM pg_class AS c
WHERE c.relnamespace = 'spread'::regnamespace AND c.relname LIKE {pattern} AND c.relkind IN ('r', 'i');

-- name: ask.one by its id alone
SELECT * FROM spread.{table} WHERE id = 500;

-- name: ask.one by endpoint and id
SELECT * FROM spread.{table} WHERE provider_endpoint_id = 1 AND id = 500;

-- name: ask.one by its address
SELECT * FROM spread.{table} WHERE address = 'vm/machine-500' AND deleted_at IS NULL;

-- name: ask.one by its uid
SELECT * FROM spread.{table} WHERE uid = '00000000-0000-4000-8000-0000000001f4';

-- name: ask.one by the provider's id
SELECT * FROM spread.{table}
WHERE
    provider_endpoint_id = 1 AND resource_type_id = 4 AND external_id = 'id-500' AND deleted_at IS NULL AND is_root;

-- name: ask.all of a small endpoint
SELECT id, recorded_hash FROM spread.{table} WHERE provider_endpoint_id = 3 AND deleted_at IS NULL;

-- name: ask.all, with their values summed
SELECT sum(v.value) FROM spread.{table} AS r INNER JOIN spread.{table}_values AS v ON {join};

-- name: ask.all there are, counted
SELECT count(*) FROM spread.{table} WHERE deleted_at IS NULL;

-- name: ask.10,000 of an endpoint updated
UPDATE spread.{table} SET observed_at = now() WHERE provider_endpoint_id = 3 AND id <= 140000;
