"""Commands that are made when they are asked for: help and completion need their names and a line of each.

Typer makes every command of a program before it looks at what was typed, with a library of its own for the
values. That is most of what a short command costs. Nothing here knows what a command does.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from reconciler.cli.values import quicken

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command stands: in a module, as a function, or as a Typer with commands of its own.

    `epilog` gives what stands at the end of its help. `hidden`: another spelling, which help does not show.
    """

    module: str
    name: str
    epilog: Callable[[], str] | None = None
    hidden: bool = False

    def found(self) -> Any:
        """The function or the Typer."""
        return getattr(import_module(self.module), self.name)

    def made(self, name: str) -> Any:
        """The command as it is run, its options and all."""
        found = self.found()
        # A program of just this one: what Typer makes of it is the command itself, or holds the group.
        program = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
        if isinstance(found, typer.Typer):
            program.add_typer(found, name=name, hidden=self.hidden)
            command: Any = typer.main.get_group(program).commands[name]
        else:
            program.command(name, epilog=self.epilog() if self.epilog else None)(found)
            command = typer.main.get_command(program)
        quicken(command)
        return command

    def sketched(self, name: str) -> Any:
        """As much of it as a list of commands shows."""
        found = self.found()
        text = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)
        return TyperCommand(name, help=text, hidden=self.hidden)


class Deferred(MutableMapping[str, _Made]):
    """Values that are made when they are looked up, and kept; their names are known before."""

    def __init__(self, entries: Mapping[str, Entry], make: Callable[[Entry, str], _Made]) -> None:
        self._entries = entries
        self._make = make
        self._made: dict[str, _Made] = {}

    def __getitem__(self, name: str) -> _Made:
        if name not in self._made:
            self._made[name] = self._make(self._entries[name], name)
        return self._made[name]

    def __setitem__(self, name: str, value: _Made) -> None:
        self._made[name] = value

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries


class DeferringGroup(TyperGroup):
    """A group whose commands are `entries`, made when they are typed."""

    entries: ClassVar[Mapping[str, Entry]] = {}

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = Deferred(self.entries, Entry.made)
        quicken(self)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the same in every context
        """Their names, in the order of help."""
        return list(self.entries)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list in the help."""
        with self._sketched():
            super().format_commands(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """What may follow, with a line of each."""
        with self._sketched():
            return super().shell_complete(ctx, incomplete)

    @contextmanager
    def _sketched(self) -> Iterator[None]:
        whole, self.commands = self.commands, Deferred(self.entries, Entry.sketched)
        try:
            yield
        finally:
            self.commands = whole
