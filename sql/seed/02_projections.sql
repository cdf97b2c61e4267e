-- Which attribute fills which column of the extension tables. An attribute that no catalog defines fills nothing.

INSERT INTO attribute_projections (table_name, column_name, attribute) VALUES
('virtual_machines', 'cpu_cores', 'cpu_cores'),
('virtual_machines', 'memory_mb', 'memory_mb'),
('virtual_machines', 'power_state', 'power_state'),
('virtual_machines', 'image', 'image'),
('virtual_machines', 'hostname', 'hostname'),
('virtual_machines', 'primary_ipv4', 'public_ipv4'),
('virtual_machines', 'primary_ipv6', 'public_ipv6'),
('containers', 'cpu_cores', 'cpu_cores'),
('containers', 'memory_mb', 'memory_mb'),
('containers', 'swap_mb', 'swap_mb'),
('containers', 'power_state', 'power_state'),
('containers', 'image', 'image'),
('containers', 'hostname', 'hostname'),
('containers', 'primary_ipv4', 'primary_ipv4'),
('containers', 'primary_ipv6', 'primary_ipv6'),
('networks', 'cidr', 'ip_range'),
('networks', 'gateway', 'gateway'),
('networks', 'vlan_id', 'vlan_id'),
('networks', 'mtu', 'mtu'),
('storage_volumes', 'size_gb', 'size_gb'),
('storage_volumes', 'size_mib', 'size_mib'),
('storage_volumes', 'storage', 'storage'),
('storage_volumes', 'format', 'format'),
('storage_volumes', 'slot', 'slot'),
('clusters', 'engine', 'engine'),
('clusters', 'version', 'version'),
('clusters', 'endpoint_url', 'endpoint_url')
ON CONFLICT (
    table_name, column_name) DO UPDATE SET attribute = excluded.attribute
WHERE attribute_projections.attribute IS DISTINCT FROM excluded.attribute;
