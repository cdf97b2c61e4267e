"""The queries that docs/decisions/0002-typed-attributes-without-json.md promises to keep, but for the ids.

Written down once more on purpose: a change of the page alone is noticed (`tests/store/test_docs.py`).
"""

from __future__ import annotations

ALL_VMS = """
SELECT
    vm.*,
    r.name,
    p.name as provider,
    pt.name as provider_type
FROM virtual_machines vm
JOIN resources r ON vm.resource_id = r.id
JOIN provider_endpoints pe ON r.provider_endpoint_id = pe.id
JOIN providers p ON pe.provider_id = p.id
JOIN provider_types pt ON p.provider_type_id = pt.id
WHERE r.deleted_at IS NULL;
"""
ATTRIBUTES_OF = """
SELECT
    ad.name,
    ad.display_name,
    COALESCE(
        ra.value_string,
        ra.value_integer::text,
        ra.value_decimal::text,
        ra.value_boolean::text,
        ra.value_datetime::text
    ) as value,
    ad.unit
FROM resource_attributes ra
JOIN attribute_definitions ad ON ra.attribute_definition_id = ad.id
WHERE ra.resource_id = %s;
"""
MANY_CORES = """
-- Find all VMs with more than 8 CPU cores
SELECT r.*
FROM resources r
JOIN resource_attributes ra ON r.id = ra.resource_id
JOIN attribute_definitions ad ON ra.attribute_definition_id = ad.id
WHERE ad.name = 'cpu_cores'
  AND ra.value_integer > 8
  AND r.resource_type_id = (SELECT id FROM resource_types WHERE name = 'vm');
"""
DEPENDANTS_OF = """
-- Find all resources that depend on a specific database
SELECT
    child.*,
    rt.name as relationship
FROM resource_relationships rr
JOIN resources child ON rr.child_resource_id = child.id
JOIN relationship_types rt ON rr.relationship_type_id = rt.id
WHERE rr.parent_resource_id = %s
  AND rt.name = 'depends_on';
"""
