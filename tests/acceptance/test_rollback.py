"""`rollback`: back to what manifests said, by an ordinary plan, and kept so until the manifests agree."""

from __future__ import annotations

from tests.rigs.processes import SSH_KEY, VM, Fleet

BIGGER = VM.replace("cx22", "cx32").replace("env: prod", "env: test")


def test_what_is_rolled_back_stays_so_until_its_manifest_agrees(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    first = world.cli.ok("get", "revisions", "-o", "json").json()[0]["id"]
    world.made(key=SSH_KEY.replace("env: prod", "env: test"))
    assert world.sim.item("ssh_keys", "admin")["labels"]["env"] == "test"
    shown = world.cli.ok("rollback", "--to", str(first), "--dry-run")
    assert f"Rollback to revision {first}" in shown.out
    assert "tag env: test → prod" in shown.said
    assert world.sim.item("ssh_keys", "admin")["labels"]["env"] == "test"
    world.cli.ok("rollback", "--to", str(first), "--yes")
    assert world.sim.item("ssh_keys", "admin")["labels"]["env"] == "prod"
    kept = world.cli.ok("plan", "-f", "fleet")
    assert f"ssh_key/admin is rolled back to revision {first}" in kept.said
    assert "0 to update" in kept.said or "No changes" in kept.said
    world.cli.ok("apply", "-f", "fleet", "--yes")
    assert world.sim.item("ssh_keys", "admin")["labels"]["env"] == "prod"
    world.write(key=SSH_KEY)
    agreed = world.cli.ok("plan", "-f", "fleet")
    assert "is rolled back" not in agreed.said
    assert "No changes" in agreed.said
