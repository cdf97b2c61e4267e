-- Extension tables: typed projections of resource_attributes, with their own types and checks.
-- Written by triggers in the transaction that writes the attributes, and by nobody else.

CREATE TABLE extension_types (
    resource_type text NOT NULL,
    table_name text NOT NULL,
    CONSTRAINT extension_types_pkey PRIMARY KEY (resource_type),
    CONSTRAINT extension_types_table CHECK (
        table_name IN ('virtual_machines', 'containers', 'networks', 'storage_volumes', 'clusters')
    )
);

COMMENT ON TABLE extension_types IS
'Which resource types have a row in which extension table. Names, because they come before the catalog''s rows. Seeded.';
COMMENT ON COLUMN extension_types.resource_type IS
'A resource type''s name.';
COMMENT ON COLUMN extension_types.table_name IS
'The extension table that its resources have a row in.';

CREATE TABLE attribute_projections (
    table_name text NOT NULL,
    column_name text NOT NULL,
    attribute text NOT NULL,
    CONSTRAINT attribute_projections_pkey PRIMARY KEY (table_name, attribute),
    CONSTRAINT attribute_projections_column UNIQUE (table_name, column_name)
);

COMMENT ON TABLE attribute_projections IS
'Which attribute fills which column of an extension table. Seeded.';
COMMENT ON COLUMN attribute_projections.table_name IS
'The extension table.';
COMMENT ON COLUMN attribute_projections.column_name IS
'Its column.';
COMMENT ON COLUMN attribute_projections.attribute IS
'The attribute''s name; the first element of a set or list counts.';

CREATE TABLE virtual_machines (
    resource_id bigint NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    cpu_cores integer,
    memory_mb integer,
    power_state text,
    image text,
    hostname text,
    primary_ipv4 inet,
    primary_ipv6 inet,
    CONSTRAINT virtual_machines_pkey PRIMARY KEY (resource_id),
    CONSTRAINT virtual_machines_cpu_cores CHECK (cpu_cores > 0),
    CONSTRAINT virtual_machines_memory CHECK (memory_mb > 0),
    CONSTRAINT virtual_machines_ipv4 CHECK (family(primary_ipv4) = 4),
    CONSTRAINT virtual_machines_ipv6 CHECK (family(primary_ipv6) = 6)
);

COMMENT ON TABLE virtual_machines IS
'Virtual machines, one row for each resource of such a type, kept by triggers.';
COMMENT ON COLUMN virtual_machines.resource_id IS
'The resource.';
COMMENT ON COLUMN virtual_machines.cpu_cores IS
'Number of virtual cores.';
COMMENT ON COLUMN virtual_machines.memory_mb IS
'Main memory in MiB.';
COMMENT ON COLUMN virtual_machines.power_state IS
'Whether it runs, as observed.';
COMMENT ON COLUMN virtual_machines.image IS
'What its disk was made from.';
COMMENT ON COLUMN virtual_machines.hostname IS
'The name it calls itself.';
COMMENT ON COLUMN virtual_machines.primary_ipv4 IS
'Its public or first IPv4 address.';
COMMENT ON COLUMN virtual_machines.primary_ipv6 IS
'Its public or first IPv6 address, or network.';

CREATE TABLE containers (
    resource_id bigint NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    cpu_cores integer,
    memory_mb integer,
    swap_mb integer,
    power_state text,
    image text,
    hostname text,
    primary_ipv4 inet,
    primary_ipv6 inet,
    CONSTRAINT containers_pkey PRIMARY KEY (resource_id),
    CONSTRAINT containers_cpu_cores CHECK (cpu_cores > 0),
    CONSTRAINT containers_memory CHECK (memory_mb > 0),
    CONSTRAINT containers_swap CHECK (swap_mb >= 0),
    CONSTRAINT containers_ipv4 CHECK (family(primary_ipv4) = 4),
    CONSTRAINT containers_ipv6 CHECK (family(primary_ipv6) = 6)
);

COMMENT ON TABLE containers IS
'System containers, one row for each resource of such a type, kept by triggers.';
COMMENT ON COLUMN containers.resource_id IS
'The resource.';
COMMENT ON COLUMN containers.cpu_cores IS
'Number of cores it may use.';
COMMENT ON COLUMN containers.memory_mb IS
'Memory limit in MiB.';
COMMENT ON COLUMN containers.swap_mb IS
'Swap limit in MiB; may be 0.';
COMMENT ON COLUMN containers.power_state IS
'Whether it runs, as observed.';
COMMENT ON COLUMN containers.image IS
'What its root disk was made from.';
COMMENT ON COLUMN containers.hostname IS
'The name it calls itself.';
COMMENT ON COLUMN containers.primary_ipv4 IS
'Its first IPv4 address.';
COMMENT ON COLUMN containers.primary_ipv6 IS
'Its first IPv6 address.';

CREATE TABLE networks (
    resource_id bigint NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    cidr cidr,
    gateway inet,
    vlan_id integer,
    mtu integer,
    CONSTRAINT networks_pkey PRIMARY KEY (resource_id),
    CONSTRAINT networks_vlan CHECK (vlan_id BETWEEN 1 AND 4094),
    CONSTRAINT networks_mtu CHECK (mtu > 0)
);

COMMENT ON TABLE networks IS
'Networks, one row for each resource of such a type, kept by triggers.';
COMMENT ON COLUMN networks.resource_id IS
'The resource.';
COMMENT ON COLUMN networks.cidr IS
'Its address range; the host bits are 0.';
COMMENT ON COLUMN networks.gateway IS
'The address that leads out of it.';
COMMENT ON COLUMN networks.vlan_id IS
'VLAN tag.';
COMMENT ON COLUMN networks.mtu IS
'Greatest packet in bytes.';

CREATE TABLE storage_volumes (
    resource_id bigint NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    size_gb bigint,
    size_mib bigint,
    storage text,
    format text,
    slot text,
    CONSTRAINT storage_volumes_pkey PRIMARY KEY (resource_id),
    CONSTRAINT storage_volumes_size CHECK (size_gb > 0),
    CONSTRAINT storage_volumes_size_mib CHECK (size_mib > 0)
);

COMMENT ON TABLE storage_volumes IS
'Volumes and disks, one row for each resource of such a type, kept by triggers.';
COMMENT ON COLUMN storage_volumes.resource_id IS
'The resource.';
COMMENT ON COLUMN storage_volumes.size_gb IS
'Size in whole GiB, rounded down; null where it is smaller than one.';
COMMENT ON COLUMN storage_volumes.size_mib IS
'Size in MiB, rounded up, where it is no whole number of GiB; null where size_gb says it all.';
COMMENT ON COLUMN storage_volumes.storage IS
'The storage or pool it lies on.';
COMMENT ON COLUMN storage_volumes.format IS
'File system or image format.';
COMMENT ON COLUMN storage_volumes.slot IS
'Where it is plugged in.';

CREATE TABLE clusters (
    resource_id bigint NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
    engine text,
    version text,
    endpoint_url text,
    CONSTRAINT clusters_pkey PRIMARY KEY (resource_id)
);

COMMENT ON TABLE clusters IS
'Clusters, one row for each resource of such a type, kept by triggers.';
COMMENT ON COLUMN clusters.resource_id IS
'The resource.';
COMMENT ON COLUMN clusters.engine IS
'The software that makes it a cluster.';
COMMENT ON COLUMN clusters.version IS
'That software''s version.';
COMMENT ON COLUMN clusters.endpoint_url IS
'Where it is reached.';
