"""History as people read it: a sentence an operation, at a terminal of any width, and all of it as JSON."""

from __future__ import annotations

import re
import subprocess
from textwrap import dedent

import psycopg
import pytest
from rich.cells import cell_len

from tests.rigs.processes import SSH_KEY, VM, Fleet

DOWNTIME = "metadata: {name: web-1, tags: {env: prod}}\n    lifecycle: {allow_downtime: true}"
BIGGER = VM.replace("metadata: {name: web-1, tags: {env: prod}}", DOWNTIME).replace("cx22", "cx32")


def committed(world: Fleet, subject: str) -> str:
    """Commit the fleet as Jane; gives the commit's first characters."""
    git = ("git", "-C", str(world.folder), "-c", "user.name=Jane Doe", "-c", "user.email=jane@example.com")
    if not (world.folder / ".git").exists():
        subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", subject], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return head.stdout[:7]


@pytest.fixture
def told(world: Fleet) -> tuple[Fleet, str, str]:
    """A machine that was made, made bigger, meddled with and set right; and its two commits."""
    world.cli.env["RECONCILER_ACTOR"] = "ann@example"
    world.write(key=SSH_KEY, vm=VM)
    first = committed(world, "A web server")
    assert world.cli.apply().code == 0
    world.write(vm=BIGGER)
    second = committed(world, "A bigger web server, for there is much to do in autumn\n\nWith more.")
    assert world.cli.apply().code == 0
    world.sim.change("set", type="servers", name="web-1", set={"labels.env": "mine"})
    assert world.cli.apply().code == 0
    return world, first, second


def place_in(text: str, key: str) -> tuple[int, int]:
    """Line and column of a key, from 1, in the file that is written of it."""
    text = dedent(text)
    before = text[: text.index(key)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def sentences(world: Fleet, *words: str) -> list[str]:
    """What `history` says, without the times."""
    lines = world.cli.ok("history", *words).out.splitlines()[1:]
    assert all(re.match(r"[A-Z][a-z]{2} \d\d:\d\d  ", line) for line in lines)
    return [line[12:].strip() for line in lines]


def test_a_history_is_a_sentence_an_operation(told: tuple[Fleet, str, str]) -> None:
    world, first, second = told
    found = sentences(world, "vm/web-1")
    assert re.fullmatch(
        rf"created \(cpu cores 2, .*memory 4 GiB.*\), Jane Doe, 'A web server', commit {first},"
        " applied by ann@example",
        found[0],
    )
    subject = "A bigger web server, for there is much to do in a…"
    assert re.fullmatch(
        rf"cpu cores 2 → 4, memory 4 → 8 GiB, .*server type cx22 → cx32, Jane Doe, '{subject}',"
        rf" commit {second}, applied by ann@example, restarted \d+ s",
        found[-3],
    )
    assert found[-2:] == [
        "tag env prod → mine at the provider, seen by a look",
        "tag env mine → prod, set right after drift, by ann@example",
    ]
    by_name, by_label = sentences(world, "vm/web-1", "memory_mb"), sentences(world, "vm/web-1", "memory")
    assert by_name == by_label
    assert by_name[1].startswith("memory 4 → 8 GiB, Jane Doe, ")
    assert sentences(world, "endpoint/hz")[0].startswith("added, ")
    for columns in (80, 120):
        drawn = world.cli.on_terminal("history", columns=columns)
        assert [line for line in drawn if cell_len(line) > columns] == []
        assert len([line for line in drawn if re.match(r"[A-Z][a-z]{2} \d\d:\d\d +\S", line)]) == len(
            sentences(world)
        )
        assert "tag env mine → prod, set right after drift, by ann@example" in " ".join(
            " ".join(drawn).split()
        )


def test_a_history_is_bounded_by_commit_by_who_and_by_time(told: tuple[Fleet, str, str]) -> None:
    world, first, second = told
    of_first = sentences(world, "--commit", first)
    made = {line.split(": ")[0] for line in of_first if " created" in line}  # side by side, in any order
    assert made == {"ssh_key/admin", "vm/web-1"}
    assert any(
        line.startswith("vm/web-1: cpu cores 2 → 4") for line in sentences(world, "--commit", second[:5])
    )
    assert sentences(world, "--by", "jane", "vm/web-1") == sentences(world, "--by", "JANE DOE", "vm/web-1")
    assert sentences(world, "--by", "jane", "-n", "1") == [
        "vm/web-1: tag env mine → prod, set right after drift, by ann@example"
    ]
    assert "Nothing is recorded." in world.cli.ok("history", "--by", "nobody").err
    assert "Nothing is recorded." in world.cli.ok("history", "--until", "2h").err
    refused = world.cli.run("history", "--commit", "0123456")
    assert refused.code == 1
    assert "no revision was read at commit 0123456" in refused.err
    with psycopg.connect(world.cli.env["RECONCILER_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("UPDATE resources SET prevent_destroy = TRUE WHERE address = 'ssh_key/admin'")
        user = connection.info.user
    by_hand = f"guarded against destruction, by {user} at a SQL prompt"
    assert sentences(world, "-n", "1") == [f"ssh_key/admin: {by_hand}"]
    assert sentences(world, "--by", user, "ssh_key/admin")[-1] == by_hand
    found = world.cli.ok("history", "vm/web-1", "memory_mb", "-o", "json").json()
    assert [(c["before"], c["after"]) for c in found] == [(None, "4096"), ("4096", "8192")]
    bigger = found[-1]
    assert (bigger["author"], bigger["commit"][:7]) == ("Jane Doe <jane@example.com>", second)
    assert (bigger["interruption"], bigger["operation"], bigger["unit"]) == ("restarted", "update", "MiB")
    assert bigger["actor"] == "ann@example"
    blamed = {item["name"]: item for item in world.cli.ok("blame", "vm/web-1", "-o", "json").json()}
    memory, image = blamed["memory_mb"], blamed["image"]
    assert (memory["value"], memory["how"], memory["path"], memory["line"]) == (
        8192,
        "manifest",
        "vm.yaml",
        1,
    )
    assert memory["is_written"] is False, "it follows from the type of server"
    kind = blamed["server_type"]
    for item, text, key in ((kind, BIGGER, "server_type:"), (image, VM, "image:")):
        assert (item["is_written"], (item["line"], item["column"])) == (True, place_in(text, key)), key
    assert (memory["author"], memory["commit"][:7]) == ("Jane Doe <jane@example.com>", second)
    assert (image["how"], image["commit"][:7]) == ("made", first)
    assert (blamed["env"]["what"], blamed["env"]["how"]) == ("tag", "healed")
    drawn = world.cli.on_terminal("blame", "vm/web-1")
    assert [line for line in drawn if cell_len(line) > 80] == []
    assert "memory_mb 8 GiB" in " ".join(world.cli.ok("blame", "vm/web-1").out.split())
    drifters = world.cli.ok("trends", "operations", "-o", "json").json()
    of_machines = {row["operation"]: row["done"] for row in drifters if row["resource_type"] == "vm"}
    assert of_machines == {"create": 1, "update": 2}
    trends = world.cli.ok("trends").out
    assert "Capacity in use" in trends
    assert re.search(r"fsn1 +hz +1 +1 +4 +8 GiB +", trends)
    drawn = world.cli.on_terminal("trends")
    assert [line for line in drawn if cell_len(line) > 80] == []
