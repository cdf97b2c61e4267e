"""Types, attributes and relationships of one's own, from nothing to rows, in one apply."""

from __future__ import annotations

import textwrap

from tests.rigs.processes import Cli

BOOKS = """
    apiVersion: reconciler/v1
    kind: Provider
    metadata: {name: books}
    spec: {type: logical}
    ---
    apiVersion: reconciler/v1
    kind: ProviderEndpoint
    metadata: {name: books}
    spec: {provider: books}
"""
TYPES = """
    apiVersion: reconciler/v1
    kind: AttributeDefinition
    metadata: {name: seats}
    spec: {type: integer, description: How many may use it.}
    ---
    apiVersion: reconciler/v1
    kind: RelationshipType
    metadata: {name: backs}
    spec: {description: The child is covered by the parent.}
    ---
    apiVersion: reconciler/v1
    kind: AttributeDefinition
    metadata: {name: covered_by}
    spec: {references: [licence], relationship: backs, applies_to: {licence: {}}}
    ---
    apiVersion: reconciler/v1
    kind: ResourceType
    metadata: {name: licence}
    spec:
      kind: Licence
      offers: {logical: {attributes: {seats: {required: true, minimum: 1}}}}
    ---
    apiVersion: reconciler/v1
    kind: ResourceType
    metadata: {name: licence_key}
    spec:
      kind: LicenceKey
      parents: [licence]
      collection: keys
      key: [seats]
      offers: {logical: {identity: parent, attributes: {seats: {required: true}}}}
"""
LICENCES = """
    apiVersion: reconciler/v1
    kind: Licence
    metadata: {name: word, tags: {team: desk}}
    spec: {seats: 5, keys: [{seats: 1}, {seats: 2}]}
    ---
    apiVersion: reconciler/v1
    kind: Licence
    metadata: {name: suite}
    spec: {seats: 9, covered_by: word}
"""


def write(cli: Cli, **manifests: str) -> None:
    folder = cli.folder / "fleet"
    folder.mkdir(exist_ok=True)
    for name, text in manifests.items():
        (folder / f"{name}.yaml").write_text(textwrap.dedent(text))


def test_types_of_ones_own_work_from_nothing_parts_and_relationships_too(cli: Cli) -> None:
    write(cli, books=BOOKS, types=TYPES, licences=LICENCES)
    cli.ok("apply", "-f", "fleet", "--yes")
    assert cli.is_settled()
    shown = cli.ok("describe", "licence/suite").out
    assert "backs" in shown
    assert "licence/word" in shown
    parts = cli.ok("describe", "licence/word").out
    assert "licence_key/1" in parts
    assert "licence_key/2" in parts
    write(
        cli,
        licences=LICENCES.replace("seats: 5, keys: [{seats: 1}, {seats: 2}]", "seats: 6, keys: [{seats: 2}]"),
    )
    changed = cli.ok("plan", "-f", "fleet").out
    assert "seats: 5 → 6" in changed
    cli.ok("apply", "-f", "fleet", "--yes")
    assert cli.is_settled()
    kept = cli.ok("get", "licence_key", "-o", "name").out
    assert kept.split() == ["licence/word/licence_key/2"]


def test_a_relationship_with_a_typing_error_makes_no_type_of_its_own(cli: Cli) -> None:
    write(cli, books=BOOKS, types=TYPES.replace("relationship: backs", "relationship: bakcs"))
    done = cli.run("apply", "-f", "fleet", "--yes")
    assert done.code == 1
    assert "fleet/types.yaml:15:31" in done.said
    assert "there is no relationship type `bakcs` (did you mean backs?)" in done.said


def test_an_export_says_which_types_there_are_so_that_it_is_read_elsewhere(cli: Cli) -> None:
    write(cli, books=BOOKS, types=TYPES, licences=LICENCES)
    cli.ok("apply", "-f", "fleet", "--yes")
    cli.ok("export", "-o", "out")
    assert "No changes." in cli.ok("plan", "-f", "out").said
    cli.ok("--home", "elsewhere", "validate", "-f", "out")
