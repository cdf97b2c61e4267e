"""The rows that wait for their objects, in bulk: what an apply writes one by one, as it makes them."""

WAITING = """
INSERT INTO resources (
    resource_type_id, provider_endpoint_id, address, name, state_id, presence, is_root, source_id
)
SELECT d.resource_type_id, d.provider_endpoint_id, d.address, d.name, s.id, 'absent', TRUE, d.source_id
FROM desired_resources AS d
JOIN resource_states AS s ON s.name = 'pending'
WHERE d.parent_id IS NULL AND d.valid_to_revision IS NULL
"""
