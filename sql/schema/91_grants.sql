-- What each role may do, and no more. Partitions are granted to nobody: who asks one past its parent asks past the
-- parent's policies. What is granted is compared with tests/store/golden/rights.txt.

CREATE FUNCTION grant_reading()
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
  v_table regclass;
BEGIN
  FOR v_table IN
    SELECT c.oid FROM pg_class AS c
    WHERE
      c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
      AND c.relname NOT IN ('rehearsals', 'archive_moves')
  LOOP
    EXECUTE format(
      'GRANT SELECT ON %s TO reconciler_runtime, reconciler_planner, reconciler_reader, reconciler_auditor', v_table
    );
  END LOOP;
END
$$;
COMMENT ON FUNCTION grant_reading() IS
'Lets every role read every table and view, but no partition. For the owner, after a table is made.';
REVOKE ALL ON FUNCTION grant_reading() FROM public;
SELECT grant_reading();

-- The runtime role deletes nothing that history or safety rests on.

-- What leaves the catalog is deleted by its sync, and its history stays.
GRANT INSERT, UPDATE, DELETE ON
catalog_parts, provider_types, provider_type_settings, relationship_types, resource_types, resource_type_parents,
attribute_definitions, attribute_reference_types, resource_type_keys, provider_resource_types,
resource_type_attributes, provider_type_attributes, provider_type_attribute_defaults,
provider_type_attribute_allowed_values TO reconciler_runtime;

-- The inventory is removed softly; what hangs on it goes with its manifest.
GRANT INSERT, UPDATE ON
providers, provider_endpoints, provider_credentials, locations, datacenters TO reconciler_runtime;
GRANT INSERT, UPDATE, DELETE ON
provider_endpoint_settings, datacenter_capabilities, provider_datacenters TO reconciler_runtime;

-- A credential's hosts are added to; none is given up.
GRANT INSERT ON provider_credential_hosts TO reconciler_runtime;
GRANT INSERT, DELETE ON provider_declarations TO reconciler_runtime;

GRANT UPDATE (key_id) ON installation TO reconciler_runtime;
GRANT INSERT ON manifest_sources, tags, external_id_reservations TO reconciler_runtime;
-- Everything but db_user, which only the database writes.
GRANT INSERT (
    source_id, commit_id, author, authored_at, message, content_hash, catalog_hash, actor, created_at, kind,
    back_to_revision
) ON revisions TO reconciler_runtime;
GRANT UPDATE (name, kind, url, branch, subfolder, repository, forgotten_at) ON manifest_sources TO reconciler_runtime;
GRANT INSERT, UPDATE ON workers, resources, holds, endpoint_observations TO reconciler_runtime;
GRANT INSERT, UPDATE, DELETE ON
resource_attributes, resource_pending_attributes, resource_tags, resource_relationships,
resource_failures TO reconciler_runtime;
GRANT INSERT ON endpoint_observation_types TO reconciler_runtime;

-- A pin is written once and ends; its source may become another's.
GRANT INSERT ON pins TO reconciler_runtime;
GRANT UPDATE (source_id, ended_at, ended_by) ON pins TO reconciler_runtime;

-- A desired row is written once, and later closed; its document may move to another place, and its source be renamed
-- into another.
GRANT INSERT ON
desired_resources, desired_attributes, desired_cleared_attributes, desired_tags, desired_collections,
desired_ignored_attributes, desired_relationships TO reconciler_runtime;
GRANT UPDATE (valid_to_revision, source_id, file, path, line, column_number) ON desired_resources TO reconciler_runtime;

-- A plan is written once; its status moves, and an approval is used up.
GRANT INSERT (
    hash, revision_id, actor, status, source_name, content_hash, needs_approval, created_at
) ON plans TO reconciler_runtime;
GRANT INSERT (uid, plan_id, hash, approved_by, approved_at, mac) ON plan_approvals TO reconciler_runtime;
GRANT INSERT ON
plan_sources, plan_messages, plan_blocked, plan_inventory_steps, plan_inventory_values,
plan_inventory_approvals, plan_steps, plan_step_requirements, plan_step_approvals, plan_step_changes,
plan_step_change_values, plan_calls, plan_call_parameters, plan_call_parameter_paths TO reconciler_runtime;
GRANT UPDATE (status) ON plans TO reconciler_runtime;
GRANT UPDATE (used_at) ON plan_approvals TO reconciler_runtime;

-- Who began an operation, when and on what ground stays as it was written.
GRANT INSERT, UPDATE ON resource_operation_calls, resource_operation_results TO reconciler_runtime;
GRANT INSERT (
    id, resource_id, operation_type_id, plan_step_id, status, worker_id, claim_epoch, request_hash, identity,
    rests_on_version, actor, revision_id
) ON resource_operations TO reconciler_runtime;
GRANT UPDATE (
    status, worker_id, claim_epoch, current_call, identity, sent_at, accepted_at, finished_at, error_code, error_message
) ON resource_operations TO reconciler_runtime;
GRANT INSERT ON resource_operation_tasks TO reconciler_runtime;

-- Ids are drawn beforehand where rows are loaded by COPY.
GRANT USAGE ON SEQUENCE desired_resources_id_seq, plan_steps_id_seq, resources_id_seq, tags_id_seq TO reconciler_runtime;

GRANT EXECUTE ON FUNCTION
make_history_partitions(integer, text), move_stray_history(text, timestamptz) TO reconciler_runtime;
-- An alarm is everybody's: it says how many rows and of when, and of whom nothing.
GRANT EXECUTE ON FUNCTION stray_history(integer)
TO reconciler_runtime, reconciler_planner, reconciler_reader, reconciler_auditor;
GRANT EXECUTE ON FUNCTION sessions_in_the_way(integer) TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION take_mark(text, bigint) TO reconciler_runtime;
GRANT DELETE, UPDATE ON unsettled_addresses TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION note_unsettled(text[]) TO reconciler_runtime;
-- The commits of a step.
GRANT EXECUTE ON FUNCTION
claim_resource(bigint, uuid, text, bigint, text, boolean),
reserve_external_id(bigint, bigint, bigint, boolean),
step_intended(
    text, text, text, text, text, uuid, text, uuid, text, bytea, bigint, uuid, bigint, bigint, bytea, text, bigint, bigint,
    text[]
),
step_call_ended(
    text, text, text, text, text, uuid, bigint, smallint, text, text, text
),
step_sending(
    text, text, text, text, text, uuid, bigint, smallint, smallint, text[], text[], text, text
),
step_accepted(
    text, text, text, text, text, uuid, bigint, smallint, text, text[]
),
step_done(
    text, text, text, text, text, uuid, bigint, text, smallint, bytea, boolean, boolean, bytea, text,
    seen_item[], seen_value[], seen_tag[], seen_pending[], seen_tie[]
),
record_written(text, bytea) TO reconciler_runtime;
GRANT EXECUTE ON FUNCTION record_observed_tasks(
    timestamptz, bigint, bigint[], text[], text[], text[], text[], timestamptz[], timestamptz[], boolean[]
) TO reconciler_runtime;

-- A planner writes what a preview writes, and commits none of it: see 27_rehearsals.sql.
GRANT INSERT, UPDATE, DELETE ON
catalog_parts, provider_types, provider_type_settings, relationship_types, resource_types, resource_type_parents,
attribute_definitions, attribute_reference_types, resource_type_keys, provider_resource_types,
resource_type_attributes, provider_type_attributes, provider_type_attribute_defaults,
provider_type_attribute_allowed_values,
provider_endpoint_settings, datacenter_capabilities, provider_datacenters, resource_failures TO reconciler_planner;
GRANT INSERT, UPDATE ON
providers, provider_endpoints, provider_credentials, locations, datacenters TO reconciler_planner;
GRANT INSERT ON provider_credential_hosts TO reconciler_planner;
GRANT INSERT, DELETE ON provider_declarations TO reconciler_planner;
GRANT INSERT ON manifest_sources TO reconciler_planner;
GRANT UPDATE (name, kind, url, branch, subfolder, repository, forgotten_at) ON manifest_sources TO reconciler_planner;
GRANT INSERT (
    source_id, commit_id, author, authored_at, message, content_hash, catalog_hash, actor, created_at, kind,
    back_to_revision
) ON revisions TO reconciler_planner;
GRANT INSERT ON
desired_resources, desired_attributes, desired_cleared_attributes, desired_tags, desired_collections,
desired_ignored_attributes, desired_relationships TO reconciler_planner;
GRANT UPDATE (valid_to_revision, source_id, file, path, line, column_number) ON desired_resources TO reconciler_planner;
GRANT UPDATE (
    prevent_destroy, on_remove, allow_downtime, replace_policy, create_before_destroy, source_id, location_id,
    datacenter_id
) ON resources TO reconciler_planner;
GRANT INSERT ON pins TO reconciler_planner;
GRANT UPDATE (source_id, ended_at, ended_by) ON pins TO reconciler_planner;
GRANT USAGE ON SEQUENCE desired_resources_id_seq TO reconciler_planner;
SELECT mark_rehearsals();

GRANT EXECUTE ON FUNCTION sessions_in_the_way(integer) TO
reconciler_planner, reconciler_reader, reconciler_auditor;

-- An auditor sees who read and who stored which secret, and no secret.
SET LOCAL ROLE reconciler_vault;
GRANT USAGE ON SCHEMA vault TO reconciler_auditor;
GRANT SELECT ON vault.secret_reads, vault.secret_changes TO reconciler_auditor;
SET LOCAL ROLE reconciler_owner;
