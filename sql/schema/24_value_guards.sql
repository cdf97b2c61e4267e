-- Guards of values and ties that no constraint of one row can express. By statement, because a call for each row costs
-- several times as much; where only a rare update matters, by row with a WHEN, which costs nothing when it is false.
-- What is in the tables is found by index, by a plan that is made once: what was quickest for an empty table would read
-- all of a large one for every row.

CREATE FUNCTION guard_elements()
RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  v_found record;
  -- Of a fleet's rows few are elements of a set: which they are is told by their attribute, without a look-up a row.
  v_sets constant integer[] := array(
    SELECT ad.id FROM public.attribute_definitions AS ad WHERE ad.cardinality IN ('set', 'map')
  );
BEGIN
  SELECT n.resource_id, ad.name INTO v_found
  FROM new_rows AS n
  INNER JOIN public.attribute_definitions AS ad ON n.attribute_definition_id = ad.id AND ad.cardinality = 'one'
  WHERE n.ordinal > 0
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'resource %: % has one value, and a second was given', v_found.resource_id, v_found.name
      USING ERRCODE = 'RC010', HINT = 'Update the row with ordinal 0.';
  END IF;
  -- Each element looks up its own siblings by key: a join as the planner likes it, made for one row and kept, would
  -- read all of the table, or all of it for each row.
  SELECT n.resource_id, ad.name INTO v_found
  FROM (SELECT r.* FROM new_rows AS r WHERE r.attribute_definition_id = ANY(v_sets) OFFSET 0) AS n
  INNER JOIN public.attribute_definitions AS ad ON n.attribute_definition_id = ad.id
  CROSS JOIN LATERAL (
    SELECT other.ordinal
    FROM public.resource_attributes AS other
    WHERE
      other.resource_id = n.resource_id
      AND other.attribute_definition_id = n.attribute_definition_id
      AND other.ordinal <> n.ordinal
      AND (
        n.value_string, n.value_integer, n.value_decimal, n.value_boolean, n.value_datetime,
        n.value_credential, n.value_target_type, n.value_key, n.value_inner_key
      )
      IS NOT DISTINCT FROM
      (
        other.value_string, other.value_integer, other.value_decimal, other.value_boolean, other.value_datetime,
        other.value_credential, other.value_target_type, other.value_key, other.value_inner_key
      )
    LIMIT 1
  ) AS twin
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'resource %: % is a set, and has one of its values twice', v_found.resource_id, v_found.name
      USING ERRCODE = 'RC010', HINT = 'Leave one of them out.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_elements() IS
'Refuses a second value where there is one, and the same value twice in a set. Bounds are not asked of what a provider answers.';

CREATE TRIGGER guard_elements_insert AFTER INSERT ON resource_attributes
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_elements();
CREATE TRIGGER guard_elements_update AFTER UPDATE ON resource_attributes
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_elements();

CREATE FUNCTION guard_wanted_values()
RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  v_found record;
  v_sets constant integer[] := array(
    SELECT ad.id FROM public.attribute_definitions AS ad WHERE ad.cardinality = 'set'
  );
BEGIN
  SELECT d.address, ad.name INTO v_found
  FROM new_rows AS n
  INNER JOIN public.attribute_definitions AS ad ON n.attribute_definition_id = ad.id AND ad.cardinality = 'one'
  INNER JOIN public.desired_resources AS d ON n.desired_resource_id = d.id
  WHERE n.ordinal > 0
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%: % has one value, and a second was given', v_found.address, v_found.name
      USING ERRCODE = 'RC010';
  END IF;
  SELECT d.address, ad.name INTO v_found
  FROM (SELECT r.* FROM new_rows AS r WHERE r.attribute_definition_id = ANY(v_sets) OFFSET 0) AS n
  INNER JOIN public.attribute_definitions AS ad ON n.attribute_definition_id = ad.id
  CROSS JOIN LATERAL (
    SELECT other.desired_resource_id
    FROM public.desired_attributes AS other
    WHERE
      other.desired_resource_id = n.desired_resource_id
      AND other.attribute_definition_id = n.attribute_definition_id
      AND other.ordinal <> n.ordinal
      AND (
        n.value_string, n.value_integer, n.value_decimal, n.value_boolean, n.value_datetime,
        n.value_credential
      )
      IS NOT DISTINCT FROM
      (
        other.value_string, other.value_integer, other.value_decimal, other.value_boolean, other.value_datetime,
        other.value_credential
      )
    LIMIT 1
  ) AS twin
  INNER JOIN public.desired_resources AS d ON twin.desired_resource_id = d.id
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%: % is a set, and has one of its values twice', v_found.address, v_found.name
      USING ERRCODE = 'RC010';
  END IF;
  -- A secret's row and a reference's hold a name, which is not the value that the rule is about. Which provider's rule
  -- it is, is asked only of what some provider's rule refuses.
  SELECT d.address, ad.name INTO v_found
  FROM new_rows AS n
  INNER JOIN public.attribute_definitions AS ad
    ON n.attribute_definition_id = ad.id AND NOT ad.is_secret AND ad.format <> 'reference'
  INNER JOIN (
    SELECT
      r.*,
      EXISTS (
        SELECT FROM public.provider_type_attribute_allowed_values AS v
        WHERE
          v.provider_type_id = r.provider_type_id
          AND v.resource_type_id = r.resource_type_id
          AND v.attribute_definition_id = r.attribute_definition_id
      ) AS is_limited
    FROM public.provider_type_attributes AS r
    OFFSET 0
  ) AS rule
    ON n.resource_type_id = rule.resource_type_id AND n.attribute_definition_id = rule.attribute_definition_id
  CROSS JOIN LATERAL (
    SELECT want.address
    FROM public.desired_resources AS want
    INNER JOIN public.provider_endpoints AS e ON want.provider_endpoint_id = e.id
    INNER JOIN public.providers AS p ON e.provider_id = p.id
    WHERE want.id = n.desired_resource_id AND p.provider_type_id = rule.provider_type_id
    LIMIT 1
  ) AS d
  WHERE
    coalesce(n.value_integer, n.value_decimal) < rule.minimum
    OR coalesce(n.value_integer, n.value_decimal) > rule.maximum
    OR length(n.value_string) > rule.max_length
    OR (
      rule.is_limited
      AND NOT EXISTS (
        SELECT FROM public.provider_type_attribute_allowed_values AS v
        WHERE
          v.provider_type_id = rule.provider_type_id
          AND v.resource_type_id = rule.resource_type_id
          AND v.attribute_definition_id = rule.attribute_definition_id
          AND (v.value_string, v.value_integer, v.value_decimal, v.value_boolean, v.value_datetime)
          IS NOT DISTINCT FROM
          (n.value_string, n.value_integer, n.value_decimal, n.value_boolean, n.value_datetime)
      )
    )
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '%: % is out of its bounds, or none of its allowed values', v_found.address, v_found.name
      USING ERRCODE = 'RC011', HINT = 'The rule is in provider_type_attributes; `reconciler explain` shows it.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_wanted_values() IS
'Refuses to want a second value where there is one, a value twice in a set, and one out of bounds or not allowed. Patterns are the loader''s alone: its regular expressions are not the server''s.';

CREATE TRIGGER guard_wanted_values AFTER INSERT ON desired_attributes
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_wanted_values();
CREATE TRIGGER guard_wanted_values_update AFTER UPDATE ON desired_attributes
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_wanted_values();

CREATE FUNCTION guard_tag_keys()
RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  v_found record;
BEGIN
  -- The tags of what was touched and no others, found by keys. OFFSET 0 fixes the order of that: of tables that have
  -- just grown the planner believes what makes it take minutes.
  SELECT had.resource_id, had.key INTO v_found
  FROM (
    SELECT n.resource_id, t.key
    FROM (SELECT DISTINCT r.resource_id FROM new_rows AS r) AS n
    CROSS JOIN LATERAL (
      SELECT rt.tag_id FROM public.resource_tags AS rt WHERE rt.resource_id = n.resource_id OFFSET 0
    ) AS rt
    CROSS JOIN LATERAL (SELECT tag.key FROM public.tags AS tag WHERE tag.id = rt.tag_id OFFSET 0) AS t
    OFFSET 0
  ) AS had
  GROUP BY had.resource_id, had.key
  HAVING count(*) > 1
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'resource %: the tag % has a value already', v_found.resource_id, v_found.key
      USING ERRCODE = 'RC012', HINT = 'Remove the tag with the old value first.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_tag_keys() IS 'Refuses two values of one tag key on a resource.';

CREATE TRIGGER guard_tag_keys AFTER INSERT ON resource_tags
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_tag_keys();

CREATE FUNCTION guard_circle()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  v_address text;
BEGIN
  -- UNION leaves out what was reached before, so that a circle ends the walk.
  WITH RECURSIVE above AS (
    SELECT n.child_resource_id AS start_id, n.parent_resource_id AS id
    FROM new_rows AS n
    WHERE n.relationship_type_id = 1
    UNION
    SELECT a.start_id, rr.parent_resource_id
    FROM above AS a
    INNER JOIN public.resource_relationships AS rr
      ON a.id = rr.child_resource_id AND rr.relationship_type_id = 1
  )

  SELECT r.address INTO v_address
  FROM above AS a
  INNER JOIN public.resources AS r ON a.id = r.id
  WHERE a.id = a.start_id
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION '% would contain itself', v_address
      USING ERRCODE = 'RC013', HINT = 'What is contained may contain nothing that it is in.';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_circle() IS 'Refuses a circle of `contains`.';

CREATE TRIGGER guard_circle AFTER INSERT ON resource_relationships
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_circle();

CREATE FUNCTION refuse_misplaced(p_address text, p_resource_type_id integer, p_endpoint_id integer, p_datacenter_id integer)
RETURNS void
LANGUAGE plpgsql STABLE
AS $$
DECLARE
  v_found record;
BEGIN
  SELECT
    t.name AS resource_type, pt.name AS provider_type, e.name AS endpoint, e.deleted_at,
    dc.name AS datacenter, p.name AS provider, offer.provider_type_id AS offered
  INTO v_found
  FROM public.resource_types AS t
  INNER JOIN public.provider_endpoints AS e ON e.id = p_endpoint_id
  INNER JOIN public.providers AS p ON e.provider_id = p.id
  INNER JOIN public.provider_types AS pt ON p.provider_type_id = pt.id
  LEFT JOIN public.provider_resource_types AS offer
    ON p.provider_type_id = offer.provider_type_id AND t.id = offer.resource_type_id
  LEFT JOIN public.datacenters AS dc ON dc.id = p_datacenter_id
  WHERE
    t.id = p_resource_type_id
    AND (
      e.deleted_at IS NOT NULL
      OR offer.provider_type_id IS NULL
      OR (
        -- A datacenter that no provider is named for is open to all.
        dc.id IS NOT NULL
        AND EXISTS (SELECT FROM public.provider_datacenters AS pd WHERE pd.datacenter_id = dc.id)
        AND NOT EXISTS (
          SELECT FROM public.provider_datacenters AS pd WHERE pd.datacenter_id = dc.id AND pd.provider_id = p.id
        )
      )
    );
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF v_found.deleted_at IS NOT NULL THEN
    RAISE EXCEPTION '%: the endpoint % was removed at %', p_address, v_found.endpoint, v_found.deleted_at
      USING ERRCODE = 'RC014', HINT = 'Declare the endpoint anew, or use another.';
  ELSIF v_found.offered IS NULL THEN
    RAISE EXCEPTION '%: the provider type % offers no %', p_address, v_found.provider_type, v_found.resource_type
      USING ERRCODE = 'RC014', HINT = 'What it offers is in provider_resource_types.';
  END IF;
  RAISE EXCEPTION '%: the datacenter % is not one of the provider %', p_address, v_found.datacenter, v_found.provider
    USING ERRCODE = 'RC014', HINT = 'Name the provider in the manifest of the datacenter, or use another.';
END
$$;
COMMENT ON FUNCTION refuse_misplaced(text, integer, integer, integer) IS
'Refuses a resource at a removed endpoint, of a type that its provider does not offer, or in another provider''s datacenter.';

CREATE FUNCTION guard_places()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  -- However many rows there are, they are of few types at few places.
  PERFORM public.refuse_misplaced(min(n.address), n.resource_type_id, n.provider_endpoint_id, n.datacenter_id)
  FROM new_rows AS n
  WHERE n.deleted_at IS NULL
  GROUP BY n.resource_type_id, n.provider_endpoint_id, n.datacenter_id;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_places() IS 'Asks of new resources whether they may be where they are.';

CREATE FUNCTION guard_place()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF new.deleted_at IS NULL THEN
    PERFORM public.refuse_misplaced(new.address, new.resource_type_id, new.provider_endpoint_id, new.datacenter_id);
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION guard_place() IS 'Asks the same of a resource that is moved, or brought back.';

CREATE TRIGGER guard_places AFTER INSERT ON resources
REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION guard_places();
CREATE TRIGGER guard_place AFTER UPDATE ON resources FOR EACH ROW
WHEN (
    old.provider_endpoint_id IS DISTINCT FROM new.provider_endpoint_id
    OR old.datacenter_id IS DISTINCT FROM new.datacenter_id
    OR (old.deleted_at IS NOT NULL AND new.deleted_at IS NULL)
)
EXECUTE FUNCTION guard_place();

CREATE FUNCTION guard_endpoint_removal()
RETURNS trigger
LANGUAGE plpgsql
AS $$
DECLARE
  v_address text;
BEGIN
  -- What is not ours stays where it is, and is looked at no more.
  SELECT r.address INTO v_address
  FROM public.resources AS r
  WHERE r.provider_endpoint_id = new.id AND r.deleted_at IS NULL AND r.management <> 'unmanaged'
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the endpoint % cannot be removed: % lives there', new.name, v_address
      USING ERRCODE = 'RC015', HINT = 'Destroy or forget what lives there first.';
  END IF;
  RETURN new;
END
$$;
COMMENT ON FUNCTION guard_endpoint_removal() IS
'Refuses to remove an endpoint while a resource of ours lives there: it could neither be looked at nor be removed any more.';

CREATE TRIGGER guard_removal BEFORE UPDATE OF deleted_at ON provider_endpoints FOR EACH ROW
WHEN (old.deleted_at IS NULL AND new.deleted_at IS NOT NULL)
EXECUTE FUNCTION guard_endpoint_removal();
