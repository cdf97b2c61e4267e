"""Processes of the program without the second that a process needs to import it.

A server imports the program once, and opens nothing. Each process is forked from it and becomes what `python`
with the same words would be: its own arguments, environment, folder, streams and signals, and an interpreter
that ends as any other. Most of what the tests' processes did was importing.

What a fork cannot show is started afresh: a Python that the environment sets up otherwise, and what the
kernel keeps of a process's start (`/proc/self/environ`). `--afresh` starts every process so.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

ROOT = Path(__file__).resolve().parents[2]
AFRESH = "RECONCILER_TEST_AFRESH"
_MESSAGE = 1 << 20  # bytes, more than any request has
_SETTING_UP = ("PYTHONPATH", "LANG", "LC_ALL", "LC_CTYPE")  # of these a process takes what it started with
_HARMLESS = ("PATH", "PYTHONDONTWRITEBYTECODE")


class Forked:
    """What the tests use of `subprocess.Popen[str]`, for a process that is another's child."""

    def __init__(
        self, pid: int, answer: int, stdin: TextIO | None, stdout: TextIO | None, stderr: TextIO | None
    ) -> None:
        self.pid = pid
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self.returncode: int | None = None
        self._answer = answer

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"forked {self.pid}", timeout or 0.0)
        return code

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._answer], [], [], timeout)[0]:
            self.returncode = os.waitstatus_to_exitcode(int(_line(self._answer)))
            os.close(self._answer)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, given: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        """What it wrote until it ended. `given` fits into a pipe: it is written before anything is read."""
        if self.stdin is not None and not self.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self.stdin.write(given or "")
                self.stdin.flush()
            with contextlib.suppress(BrokenPipeError):
                self.stdin.close()
        texts = ["", ""]
        readers = [
            threading.Thread(target=_drain, args=(stream, texts, place), daemon=True)
            for place, stream in enumerate((self.stdout, self.stderr))
            if stream is not None and not stream.closed
        ]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join()
        return texts[0], texts[1]


Process = Forked | subprocess.Popen[str]


def _drain(stream: TextIO, texts: list[str], place: int) -> None:
    with stream:
        texts[place] = stream.read()


def _line(descriptor: int) -> str:
    read = b""
    while not read.endswith(b"\n"):
        more = os.read(descriptor, 1)
        assert more, "the server of forks is gone"
        read += more
    return read.decode()


def start(
    *words: str,
    cwd: Path,
    env: Mapping[str, str],
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
    afresh: bool = False,
) -> Process:
    """`python WORDS`, of which `-W error`, `-m MODULE` and `-c CODE` are known; text in pipes, as with Popen.

    Ctrl-C ends it, whatever the process that runs the tests does with that: as in a shell.
    """
    if afresh or os.environ.get(AFRESH) or not _Server.fits(env):
        return subprocess.Popen(
            ["env", "--default-signal=INT", sys.executable, *words],
            cwd=cwd,
            env=dict(env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
        )
    return _Server.shared().start(words, cwd, env, (stdin, stdout, stderr))


def close() -> None:
    """End the server, if there is one; what it forked lives on."""
    if _Server.running:
        _Server.running.pop().end()


def _set_up(env: Mapping[str, str]) -> dict[str, str]:
    """What Python goes by at its start.

    Where nothing names a locale it takes this one, and says so in its own environment (PEP 538): that of
    whoever runs the tests names it then, and the one that a test gives does not.
    """
    found = {name: env[name] for name in _SETTING_UP if name in env}
    return found if found.keys() - {"PYTHONPATH"} else {**found, "LC_CTYPE": "C.UTF-8"}


class _Server:
    running: list[_Server] = []  # at most one  # noqa: RUF012

    def __init__(self) -> None:
        self._asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with asked:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.rigs.forking", str(asked.fileno())],
                cwd=ROOT,
                env={name: os.environ[name] for name in (*_SETTING_UP, *_HARMLESS) if name in os.environ},
                stdin=subprocess.DEVNULL,
                pass_fds=[asked.fileno()],
            )

    @classmethod
    def shared(cls) -> _Server:
        if not cls.running:
            cls.running.append(cls())
        return cls.running[0]

    @staticmethod
    def fits(env: Mapping[str, str]) -> bool:
        """Whether a process with this environment would be set up as the server was."""
        return _set_up(env) == _set_up(os.environ)

    def end(self) -> None:
        self._asking.close()
        self._process.wait()

    def start(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], streams: Sequence[int]
    ) -> Forked:
        ours: list[TextIO | None] = []
        theirs: list[int] = []
        with contextlib.ExitStack() as stack:
            for number, stream in enumerate(streams):
                mine = None
                if stream == subprocess.PIPE:
                    ends = os.pipe()
                    other = ends[0] if number == 0 else ends[1]
                    mine = os.fdopen(ends[1], "w") if number == 0 else os.fdopen(ends[0])
                    stack.callback(os.close, other)
                elif stream == subprocess.DEVNULL:
                    other = os.open(os.devnull, os.O_RDWR)
                    stack.callback(os.close, other)
                else:
                    other = theirs[1] if stream == subprocess.STDOUT else stream
                ours.append(mine)
                theirs.append(other)
            answer, answering = os.pipe()
            stack.callback(os.close, answering)
            asked = json.dumps({"words": words, "cwd": str(cwd), "env": dict(env)}).encode()
            socket.send_fds(self._asking, [asked], [*theirs, answering])
        return Forked(int(_line(answer)), answer, *ours)


# -- in the server --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a process that was just forked is to become."""

    words: list[str]
    cwd: str
    env: dict[str, str]

    def run(self, streams: Sequence[int]) -> None:
        os.chdir(self.cwd)
        os.environ.clear()
        os.environ.update(self.env)
        sys.dont_write_bytecode = bool(self.env.get("PYTHONDONTWRITEBYTECODE"))
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdin, sys.stdout, sys.stderr = _streams(bool(self.env.get("PYTHONUNBUFFERED")))
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc, assignment]
        words = self.words
        if words[:2] == ["-W", "error"]:
            warnings.simplefilter("error")
            words = words[2:]
        kind, what, *rest = words
        sys.argv = [kind, *rest]
        try:
            if kind == "-m":
                sys.path[0] = self.cwd
                runpy.run_module(what, run_name="__main__", alter_sys=True)
            else:
                assert kind == "-c"
                sys.path[0] = ""
                exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as python
        except SystemExit as ended:
            if ended.code is None or isinstance(ended.code, int):
                _leave(ended.code or 0)
            raise
        _leave(0)


def _leave(code: int) -> None:
    """As an interpreter ends, without freeing module by module what ends with the process anyway."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


def _streams(unbuffered: bool) -> Iterator[TextIO]:
    """The three as an interpreter opens them."""
    for number, before in enumerate((sys.stdin, sys.stdout, sys.stderr)):
        raw = io.FileIO(number, "w" if number else "r")
        buffered: Any = io.BufferedWriter(raw) if number else io.BufferedReader(raw)
        yield io.TextIOWrapper(
            buffered,
            before.encoding,
            before.errors,
            line_buffering=number == 2 or raw.isatty(),
            write_through=unbuffered and number > 0,
        )


def _import_all() -> None:
    """Every module of the program, and with it every library it may need; a warning is an error."""
    import reconciler

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for found in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
        for late in ("pydantic.type_adapter", "typer._adapters"):  # what a library imports when it is used
            importlib.import_module(late)


def _serve(asked: socket.socket) -> tuple[_Asked, list[int]] | None:
    """Fork for whoever asks, and tell how each ended. Comes back in every process that was forked."""
    awake, waker = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(awake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for those who run the tests
    answers: dict[int, int] = {}
    while True:
        ready = select.select([asked.fileno(), awake], [], [])[0]
        if asked.fileno() in ready:
            message, descriptors, _, _ = socket.recv_fds(asked, _MESSAGE, 4)
            if not message:
                return None
            *streams, answer = descriptors
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                asked.close()
                for descriptor in (awake, waker, answer, *answers.values()):
                    os.close(descriptor)
                return _Asked(**json.loads(message)), streams
            for descriptor in streams:
                os.close(descriptor)
            answers[pid] = answer
            os.write(answer, f"{pid}\n".encode())
        if awake in ready:
            os.read(awake, 1024)
            while answers and (ended := os.waitpid(-1, os.WNOHANG))[0]:
                answer = answers.pop(ended[0])
                with contextlib.suppress(BrokenPipeError):
                    os.write(answer, f"{ended[1]}\n".encode())
                os.close(answer)


def _main(descriptor: int) -> None:
    _import_all()
    gc.collect()
    gc.freeze()
    found = _serve(socket.socket(fileno=descriptor))
    if found is not None:
        asked, streams = found
        asked.run(streams)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
