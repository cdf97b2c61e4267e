"""Promises about a home that lost a part: nothing empty or foreign ever takes the part's place."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.conftest import a_cli, a_place
from tests.rigs.processes import Cli

FLEET = "---\n".join(
    f"apiVersion: reconciler/v1\n{document}"
    for document in (
        "kind: Credential\nmetadata: {name: pin}\nspec: {stored: true}\n",
        "kind: Provider\nmetadata: {name: books}\nspec: {type: logical}\n",
        "kind: ProviderEndpoint\nmetadata: {name: logical}\nspec: {provider: books}\n",
        "kind: Cluster\nmetadata: {name: web}\nspec: {description: for show}\n",
    )
)
KEY = base64.b64encode(bytes(range(32))).decode()
COMMANDS = (
    ("plan", "-f", "fleet.yaml"),
    ("apply", "-f", "fleet.yaml", "--yes"),
    ("get", "all"),
    ("db", "url"),
    ("db", "migrate"),
    ("credentials", "check", "pin"),
)


@pytest.fixture(scope="session")
def one_for_all() -> Iterator[Path]:
    """A folder with what `used` begins with, made once: nothing in a home says where the home is."""
    with a_place() as folder, a_cli(folder) as cli:
        (folder / "fleet.yaml").write_text(FLEET)
        cli.ok("apply", "-f", "fleet.yaml", "--yes")
        cli.ok("credentials", "set", "pin", stdin="open sesame\n")
        cli.ok("db", "stop")
        yield folder


@pytest.fixture
def used(bare: Cli, one_for_all: Path) -> Cli:
    """A home with a database, a key and a stored secret, whose server is stopped."""
    subprocess.run(["cp", "-a", *one_for_all.iterdir(), bare.folder], check=True)
    return bare


def home(cli: Cli) -> Path:
    return cli.folder / "home"


def refused(cli: Cli, *said: str) -> None:
    for command in COMMANDS:
        done = cli.run(*command)
        assert done.code == 1, (command, done.out, done.err)
        for words in said:
            assert words in done.err, command


@pytest.mark.parametrize("lost", ["postgresql/pgdata", "postgresql"])
@pytest.mark.parametrize("left", ["nothing", "mount point", "link that leads nowhere"])
def test_a_database_that_is_gone_is_not_begun_anew_by_itself(used: Cli, lost: str, left: str) -> None:
    gone, kept = home(used) / lost, used.folder / "kept"
    gone.rename(kept)
    if left == "mount point":
        gone.mkdir()
    elif left == "link that leads nowhere":
        gone.symlink_to(used.folder / "unmounted")
    refused(used, "has been in use here", "not mounted", "reconciler db new")
    assert not list(home(used).glob("**/PG_VERSION"))

    if gone.is_symlink():
        gone.unlink()
    elif gone.exists():
        shutil.rmtree(gone)
    if lost == "postgresql/pgdata":
        kept.rename(gone)
    else:
        shutil.rmtree(gone, ignore_errors=True)
        kept.rename(gone)
    assert "cluster/web" in used.ok("get", "all").out


def test_with_a_key_from_outside_a_lost_database_is_noticed_as_well(used: Cli) -> None:
    used.env["RECONCILER_KEY"] = (home(used) / "key").read_text().strip()
    (home(used) / "key").unlink()
    (home(used) / "postgresql").rename(used.folder / "kept")
    refused(used, "has been in use here")


def test_a_secret_is_asked_for_only_where_it_can_be_kept(used: Cli) -> None:
    unknown = used.run("credentials", "set", "pim", stdin="")
    assert (unknown.code, "there is no credential pim" in unknown.said) == (1, True)


def test_a_new_database_is_begun_only_by_its_command_and_only_where_there_is_none(used: Cli) -> None:
    assert "it is kept" in used.run("db", "new").err
    shutil.rmtree(home(used) / "postgresql" / "pgdata")
    used.ok("db", "new")
    assert "cluster/web" not in used.ok("get", "all").out
    used.ok("apply", "-f", "fleet.yaml", "--yes")
    assert "cluster/web" in used.ok("get", "all").out


def test_the_database_of_another_installation_is_refused(used: Cli) -> None:
    mine = home(used)
    used.env["RECONCILER_HOME"] = str(used.folder / "other")
    used.ok("apply", "-f", "fleet.yaml", "--yes")
    used.ok("db", "stop")
    used.env["RECONCILER_HOME"] = str(mine)
    kept = used.folder / "kept"
    (mine / "postgresql").rename(kept)
    (used.folder / "other" / "postgresql").rename(mine / "postgresql")
    for command in COMMANDS[:3]:
        done = used.run(*command)
        assert done.code == 1
        assert "is of the installation" in done.err
    used.ok("db", "stop")
    shutil.rmtree(mine / "postgresql")
    kept.rename(mine / "postgresql")
    assert "Found credential pin" in used.ok("credentials", "check", "pin").out


def test_a_lost_key_is_not_replaced_by_itself(used: Cli) -> None:
    key = home(used) / "key"
    key.rename(used.folder / "key")
    for command in (*COMMANDS[:2], COMMANDS[-1]):
        done = used.run(*command)
        assert done.code == 1, command
        assert "with which this database's secrets are kept" in done.err
        assert "rewrap --lost" in done.err
    assert not key.exists()

    (used.folder / "key").rename(key)
    assert "Found credential pin" in used.ok("credentials", "check", "pin").out
    kept = used.run("credentials", "rewrap", "--lost")
    assert (kept.code, "is not lost" in kept.err, "rewrap --new-key" in kept.err) == (1, True, True)
    assert "Found credential pin" in used.ok("credentials", "check", "pin").out
    key.unlink()
    asked = used.at_terminal("no", "credentials", "rewrap", "--lost")
    assert (asked.code, "Make a new key in" in asked.out, "RECONCILER_KEY" in asked.err) == (1, True, True)
    assert not key.exists()
    lost = used.ok("credentials", "rewrap", "--lost")
    assert "credentials set pin" in lost.said
    assert f"looked for in {key}, which is not there" in " ".join(lost.err.split())
    assert used.run("credentials", "check", "pin").code == 1
    used.ok("credentials", "set", "pin", stdin="open sesame\n")
    assert "Found credential pin" in used.ok("credentials", "check", "pin").out


def test_a_change_of_keys_that_was_cut_off_is_finished_by_the_next(used: Cli) -> None:
    key = home(used) / "key"
    before = key.read_text()
    used.ok("credentials", "rewrap", "--new-key")
    (kept,) = home(used).glob("key-*")
    after = key.read_text()
    # As it was left by one that ended before the old key was taken out, and by one before it began.
    for left, rest, count in ((after + before, after, 0), (f"{KEY}\n{after}", f"{KEY}\n", 1)):
        key.write_text(left)
        key.chmod(0o600)
        assert "Found credential pin" in used.ok("credentials", "check", "pin").out
        assert f"Wrapped {count} data key" in used.ok("credentials", "rewrap", "--new-key").out
        assert key.read_text() == rest
    assert kept.read_text() == before
    assert "Found credential pin" in used.ok("credentials", "check", "pin").out


def test_a_key_may_come_from_a_command_and_go_elsewhere_by_a_rewrap(used: Cli) -> None:
    key = home(used) / "key"
    elsewhere = used.folder / "slot"
    key.rename(elsewhere)
    used.env["RECONCILER_KEY_COMMAND"] = f"cat {elsewhere}"
    assert "Found credential pin" in used.ok("credentials", "check", "pin").out
    unwritten = used.run("credentials", "rewrap", "--new-key")
    assert (unwritten.code, "is in RECONCILER_KEY_COMMAND, where" in unwritten.err) == (1, True)
    elsewhere.write_text(f"{KEY} {elsewhere.read_text()}")
    assert "take it out of RECONCILER_KEY_COMMAND" in used.ok("credentials", "rewrap").err
    elsewhere.write_text(KEY)
    assert "Found credential pin" in used.ok("credentials", "check", "pin").out
    elsewhere.unlink()
    lost = used.run("credentials", "check", "pin")
    assert (lost.code, "cat ended with exit code 1: cat:" in lost.err) == (1, True)
    assert not key.exists()


def test_the_url_has_a_password_and_without_one_nobody_gets_in(used: Cli) -> None:
    url = used.ok("db", "url").out.strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("reconciler_runtime",)
        assert connection.info.password
    with psycopg.connect(used.ok("db", "url", "--admin").out.strip()) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("postgres",)
    socket = home(used) / "postgresql" / "run"
    for user in ("postgres", "reconciler_runtime"):
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(f"host={socket} dbname=reconciler user={user} passfile=/none")
