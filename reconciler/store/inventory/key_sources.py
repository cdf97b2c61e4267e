"""Where master keys come from: the environment, a command, systemd, or a file in the home.

Each may give several, separated by white space: the first is the present one, the others are known so that
what they wrapped can still be opened while a new key takes their place. No message holds any part of a key.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import fcntl
import os
import re
import shlex
import signal
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import ConfigurationError
from reconciler.redaction import KEY_VARIABLES, REDACTED
from reconciler.store.database.home import KEY_FILE
from reconciler.store.inventory.keys import KEY_BYTES, Keyring, MasterKey

KEY_VARIABLE, COMMAND_VARIABLE = KEY_VARIABLES
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
SYSTEMD_CREDENTIAL = "reconciler-key"
COMMAND_SECONDS = 30.0
MAX_BYTES = 1 << 16
_MAKE_ONE = f"Make one with: openssl rand -base64 {KEY_BYTES}"


@dataclass(frozen=True, slots=True)
class KeySource:
    """One place that keys come from. `path`: the home's file, None where the keys are elsewhere."""

    where: str
    read: Callable[[], str]
    path: Path | None = None

    def load(self) -> Keyring:
        """The keys as they are there now. Raises ConfigurationError where there is none, or no key."""
        words = self.read().split()
        keys = tuple(dict.fromkeys(_parsed(word, self.where) for word in words))
        if not keys:
            raise ConfigurationError(f"{self.where} does not hold a key: it is empty", hint=_MAKE_ONE)
        return Keyring(keys, self.where)


def source_of(home: Path, environ: Mapping[str, str] = os.environ) -> KeySource:
    """Where the keys are: RECONCILER_KEY, or what RECONCILER_KEY_COMMAND prints, else the systemd credential
    `reconciler-key`, else the file `key` in `home`.

    Raises ConfigurationError where both variables are set.
    """
    text, command = environ.get(KEY_VARIABLE), environ.get(COMMAND_VARIABLE)
    if text is not None and command is not None:
        raise ConfigurationError(
            f"{KEY_VARIABLE} and {COMMAND_VARIABLE} are both set", hint="Unset the one that is not meant."
        )
    if text is not None:
        return KeySource(KEY_VARIABLE, lambda: text)
    if command is not None:
        return KeySource(COMMAND_VARIABLE, lambda: _printed(command, environ))
    if directory := environ.get(CREDENTIALS_VARIABLE):
        credential = Path(directory, SYSTEMD_CREDENTIAL)
        if credential.exists():
            # systemd makes the folder private to the service; the file's mode may show an access list.
            return KeySource(str(credential), lambda: _content(credential, private=False))
    path = home / KEY_FILE
    return KeySource(str(path), lambda: _content(path, private=True), path)


def create_file(path: Path) -> None:
    """Make a key file with a new key, unless there is one.

    It is complete from the moment that it has its name; another process's that came first stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, [new_key()], replace=False)


def put_first(path: Path, ring: Keyring, key: MasterKey) -> Keyring:
    """Make a key the present one of a file, and keep the others behind it."""
    keys = (key, *(each for each in ring.keys if each != key))
    _write(path, keys, replace=True)
    return Keyring(keys, ring.where)


def retire_others(path: Path, ring: Keyring) -> tuple[Path, ...]:
    """Leave only the present key in a file; each other goes into `key-ID` beside it, where they are.

    Backups of the database from before can be read by nothing else.
    """
    retired = []
    for key in ring.keys[1:]:
        retired.append(path.with_name(f"{path.name}-{key.id}"))
        _write(retired[-1], [key], replace=False)
    _write(path, [ring.current], replace=True)
    return tuple(retired)


@contextlib.contextmanager
def alone(path: Path | None) -> Iterator[None]:
    """For who changes a key file, by turns: two at once would each leave out the other's new key."""
    if path is None:
        yield
        return
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def new_key() -> MasterKey:
    """A random one."""
    return MasterKey(os.urandom(KEY_BYTES))


def _parsed(text: str, where: str) -> MasterKey:
    try:
        secret = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ConfigurationError(f"{where} does not hold a key: it is not base64", hint=_MAKE_ONE) from None
    if len(secret) != KEY_BYTES:
        raise ConfigurationError(
            f"{where} does not hold a key: it has {len(secret)} bytes instead of {KEY_BYTES}", hint=_MAKE_ONE
        )
    return MasterKey(secret)


def _content(path: Path, *, private: bool) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if private and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ConfigurationError(
                    f"{path} may be read by others than its owner (mode {stat.S_IMODE(mode):04o})",
                    hint=f"chmod 600 {path}, and if others could have read it: "
                    "reconciler credentials rewrap --new-key",
                )
            return file.read(MAX_BYTES).decode(errors="replace")
    except OSError as error:
        raise ConfigurationError(f"the key file {path} cannot be read: {error.strerror}") from None


def _printed(command: str, environ: Mapping[str, str]) -> str:
    """What the command prints. In a session of its own, so that all of it ends when its time is over."""
    try:
        words = shlex.split(command)
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            start_new_session=True,
        )
    except (OSError, ValueError, IndexError) as error:
        raise ConfigurationError(
            f"{COMMAND_VARIABLE} cannot be run: {error}",
            hint="It is one command with its arguments, as in: pass show reconciler. There is no shell.",
        ) from None
    try:
        out, err = process.communicate(timeout=COMMAND_SECONDS)
    except KeyboardInterrupt:  # of a terminal it reached us alone
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):  # what left the session may hold the pipe
            process.communicate(timeout=COMMAND_SECONDS)
        raise ConfigurationError(
            f"{COMMAND_VARIABLE}: {words[0]} printed no key within {COMMAND_SECONDS:.0f} s, and was ended",
            hint="Run it by hand and see what it waits for.",
        ) from None
    if process.returncode != 0:
        raise ConfigurationError(
            f"{COMMAND_VARIABLE}: {words[0]} ended with exit code {process.returncode}{_said(err, out)}",
            hint="Run it by hand; it has to print the key and end with 0.",
        )
    return out[:MAX_BYTES].decode(errors="replace")


def _said(err: bytes, out: bytes) -> str:
    """What a command complained of, in one line, without its result and without all that looks like a key."""
    text = " ".join(err.decode(errors="replace").split())
    for word in out.decode(errors="replace").split():
        text = text.replace(word, REDACTED)
    text = re.sub(r"[A-Za-z0-9+/_-]{40,}={0,2}", REDACTED, text)
    return f": {text[:500]}" if text else ""


def _write(path: Path, keys: Iterable[MasterKey], *, replace: bool) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(base64.b64encode(key.secret) + b"\n" for key in keys)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(temporary)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """So that the file's name is on the disk before anything is wrapped with what is in it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
