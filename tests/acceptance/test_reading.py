"""What is recorded, in tables and as data; and how the program speaks of what goes wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest
import yaml

from tests.rigs.processes import NETWORK, SSH_KEY, TOKEN, VM, Cli, Fleet

HEAVY = ("hcloud", "proxmoxer", "psycopg", "dulwich", "requests", "yaml", "reconciler.engine")


def test_lists_come_as_tables_json_yaml_and_names(world: Fleet) -> None:
    world.made(key=SSH_KEY, vm=VM)
    table = world.cli.ok("get", "all").out.splitlines()
    assert table[0].split() == ["ADDRESS", "STATE", "ENDPOINT", "ID", "LOCATION", "AGE", "TAGS"]
    assert [line.split()[:3] for line in table[1:]] == [
        ["ssh_key/admin", "available", "hz"],
        ["vm/web-1", "running", "hz"],
    ]
    assert world.cli.ok("get", "all", "-o", "name").out == "ssh_key/admin\nvm/web-1\n"
    as_json = world.cli.ok("get", "vm/web-1", "-o", "json").json()
    assert [(item["address"], item["tags"]) for item in as_json] == [("vm/web-1", {"env": "prod"})]
    assert as_json[0]["attributes"]["server_type"] == "cx22"
    as_yaml = yaml.safe_load(world.cli.ok("get", "VirtualMachine", "-o", "yaml").out)
    assert as_yaml == as_json
    assert world.cli.ok("get", "vms", "-l", "env=test", "-o", "json").json() == []
    assert world.cli.ok("get", "all", "-l", "env=prod", "--endpoint", "hz", "-o", "name").out.count("\n") == 2


@pytest.mark.parametrize("what", ["plans", "endpoints", "providers", "operations", "revisions"])
def test_everything_that_can_be_listed_is_a_table_and_json(world: Fleet, what: str) -> None:
    world.made(key=SSH_KEY)
    assert len(world.cli.ok("get", what, "-o", "json").json()) == 1
    assert len(world.cli.ok("get", what).out.splitlines()) == 2


def test_what_is_not_ours_is_listed_apart(world: Fleet) -> None:
    world.sim.change("create", type="networks", body={"name": "theirs", "ip_range": "10.9.0.0/16"})
    world.made(key=SSH_KEY)
    assert "network/theirs" not in world.cli.ok("get", "all").out
    assert "network/theirs" in world.cli.ok("get", "unmanaged").out


def test_a_plan_says_how_many_objects_are_not_managed_and_where_they_are_listed(world: Fleet) -> None:
    for number in (1, 2, 3):
        body = {"name": f"theirs-{number}", "ip_range": "10.9.0.0/16"}
        world.sim.change("create", type="networks", body=body)
    before = "3 objects are not managed: `reconciler get unmanaged` lists them once hz is applied (3 at hz)."
    assert before in world.cli.ok("plan", "-f", "fleet").out
    (covered,) = world.cli.ok("plan", "-f", "fleet", "--format", "json").json()["observations"]
    assert (covered["unmanaged"], covered["recorded"]) == (3, False)
    assert world.cli.ok("get", "unmanaged", "-o", "name").out == ""
    world.made(key=SSH_KEY)
    world.sim.change("create", type="networks", body={"name": "late", "ip_range": "10.9.0.0/16"})
    after = "4 objects are not managed: `reconciler get unmanaged` (4 at hz)."
    assert after in world.cli.ok("plan", "-f", "fleet").out
    assert len(world.cli.ok("get", "unmanaged", "-o", "name").out.split()) == 4, "the plan's look is kept"
    marked = world.cli.ok("plan", "-f", "fleet", "--format", "markdown").out
    assert after.replace("`", "\\`") in marked
    (covered,) = world.cli.ok("plan", "-f", "fleet", "--format", "json").json()["observations"]
    assert (covered["unmanaged"], covered["recorded"]) == (4, True)


def test_a_description_sets_what_is_desired_beside_what_is(world: Fleet) -> None:
    world.made(network=NETWORK, vm=VM)
    world.sim.change("power", name="web-1", to="off")
    world.cli.ok("observe")
    said = world.cli.ok("describe", "vm/web-1").out
    assert "stopped  ≠  running desired" in said
    assert "fleet/vm.yaml:2:1" in said
    assert "create" in said.split("Last operations")[1]
    assert "power state running → stopped" in said.split("Last changes")[1]


def test_an_observation_says_what_it_saw_and_fails_where_it_could_not(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    (covered,) = world.cli.ok("observe", "-o", "json").json()
    assert (covered["endpoint"], covered["seen"], covered["trouble"]) == ("hz", 1, None)
    world.sim.fault("status", status=503, method="GET")
    assert world.cli.run("observe", "hz").code == 1
    missing = world.cli.run("observe", "elsewhere")
    assert missing.code == 1
    assert "there is no endpoint `elsewhere`" in missing.err


def test_an_endpoint_that_lost_everything_is_believed_only_when_a_person_says_so(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    world.sim.change("delete", type="ssh_keys", name="admin")
    doubted = world.cli.run("observe")
    assert doubted.code == 1
    assert "--accept-empty" in doubted.err
    (covered,) = world.cli.ok("observe", "--accept-empty", "-o", "json").json()
    assert covered["gone"] == ["ssh_key/admin"]


def test_the_graph_comes_in_three_notations(world: Fleet) -> None:
    world.made(vm=VM + "    depends_on: [network/prod]\n", network=NETWORK)
    assert "vm/web-1\n└─ depends on network/prod\n" in world.cli.ok("graph").out
    assert '"vm/web-1" -> "network/prod" [label="depends_on"' in world.cli.ok("graph", "-o", "dot").out
    assert "-. depends on .->" in world.cli.ok("graph", "vm/web-1", "-o", "mermaid").out


def test_no_secret_is_printed_anywhere(world: Fleet) -> None:
    world.made(key=SSH_KEY)
    for words in (
        ["credentials", "list"],
        ["credentials", "check", "token"],
        ["get", "endpoints", "-o", "json"],
    ):
        assert TOKEN not in world.cli.ok(*words).said
    planned = world.cli.ok("-v", "plan", "-f", "fleet", "--calls", "--format", "json")
    assert TOKEN not in planned.said


def test_an_expected_error_is_one_line_with_a_hint_and_no_traceback(world: Fleet) -> None:
    done = world.cli.run("get", "vm/nowhere")
    assert done.code == 1
    assert done.out == ""
    assert done.err == "error: nothing is recorded at vm/nowhere\n  → `reconciler get all` lists what is\n"
    assert "Traceback" in world.cli.run("get", "vm/nowhere", "--debug").err


def test_an_unknown_word_names_what_there_is(world: Fleet) -> None:
    done = world.cli.run("get", "flurbs")
    assert done.code == 1
    assert "types: " in done.err


def test_a_database_that_does_not_answer_is_an_error_that_says_so(bare: Cli) -> None:
    done = bare.run("--database", "postgresql://nobody:sesame@127.0.0.1:1/nowhere", "get")
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert "sesame" not in done.said


def test_wrong_usage_exits_with_2(bare: Cli) -> None:
    assert bare.run("plan", "--no-such-option").code == 2
    assert bare.run("no-such-command").code == 2


def test_a_reader_that_leaves_early_is_no_error(bare: Cli) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "reconciler", "schema"],
        env=bare.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""


def test_help_and_completion_import_nothing_heavy(bare: Cli) -> None:
    code = (
        "import sys; from reconciler.cli.app import app\n"
        "try: app(['plan', '--help'])\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=bare.env, capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"
    assert "_RECONCILER_COMPLETE" in bare.ok("completion", "bash").out


def test_the_global_options_may_stand_anywhere(bare: Cli) -> None:
    home = str(bare.folder / "other")
    for words in (
        ["--home", home, "db", "status", "-o", "json"],
        ["db", "status", "-o", "json", f"--home={home}"],
    ):
        assert bare.ok(*words).json()["data"].startswith(home)


def test_the_catalog_is_explained(bare: Cli) -> None:
    assert "changes while the machine is off" in bare.ok("explain", "VirtualMachine.memory").out
    assert "Attributes" in bare.ok("explain", "disk").out
    assert "prevent_destroy" in bare.ok("explain", "lifecycle").out
    assert "ca_file" in bare.ok("explain", "ProviderEndpoint").out
    schema = bare.ok("schema", "Network").json()
    assert schema["title"] == "reconciler manifest: Network"
    assert bare.run("explain", "Nothing").code == 1
    assert "object that exists already" in bare.ok("explain", "lifecycle.adopt").out
    assert "it has: description" in bare.run("explain", "Provider.url").said


@pytest.mark.parametrize(
    ("word", "instead"),
    [
        ("Disk", "reconciler schema VirtualMachine"),
        ("disks", "under `disks`"),
        ("lifecycle", "reconciler explain lifecycle"),
        ("Provder", "did you mean Provider?"),
    ],
)
def test_what_has_no_schema_of_its_own_says_where_it_is_written(bare: Cli, word: str, instead: str) -> None:
    refused = bare.run("schema", word)
    assert refused.code == 1
    assert instead in refused.said
