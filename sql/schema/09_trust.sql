-- Who may say where requests and secrets go. Written with the inventory and by `reconciler credentials bind`.

CREATE TABLE provider_credential_hosts (
    provider_credential_id integer NOT NULL REFERENCES provider_credentials (id),
    host text NOT NULL,
    bound_at timestamptz NOT NULL DEFAULT now(),
    bound_by text NOT NULL,
    CONSTRAINT provider_credential_hosts_pkey PRIMARY KEY (provider_credential_id, host),
    CONSTRAINT provider_credential_hosts_host CHECK (host <> '' AND host = lower(host))
);

COMMENT ON TABLE provider_credential_hosts IS
'The hosts that a credential was given for, and may be sent to. The first endpoint that logs in by it binds it; that an endpoint moves to another host does not.';
COMMENT ON COLUMN provider_credential_hosts.provider_credential_id IS
'The credential.';
COMMENT ON COLUMN provider_credential_hosts.host IS
'The host of an endpoint''s URL, in lower case and without its port.';
COMMENT ON COLUMN provider_credential_hosts.bound_at IS
'Since when.';
COMMENT ON COLUMN provider_credential_hosts.bound_by IS
'Who did it: whoever applied the manifest, or ran the command.';

CREATE TABLE provider_declarations (
    kind text NOT NULL,
    name text NOT NULL,
    source_id integer NOT NULL REFERENCES manifest_sources (id) ON DELETE CASCADE,
    CONSTRAINT provider_declarations_pkey PRIMARY KEY (kind, name),
    CONSTRAINT provider_declarations_kind CHECK (
        kind IN ('provider', 'endpoint', 'credential', 'location', 'datacenter')
    )
);

COMMENT ON TABLE provider_declarations IS
'Which source declares a provider, an endpoint, a credential or a place: one source each. Written by the loader.';
COMMENT ON COLUMN provider_declarations.kind IS
'provider, endpoint, credential, location or datacenter: what its address begins with.';
COMMENT ON COLUMN provider_declarations.name IS
'Its name in the manifests.';
COMMENT ON COLUMN provider_declarations.source_id IS
'The source that declares it.';
CREATE INDEX provider_declarations_source ON provider_declarations (source_id);
