"""`graph`: the ties between resources, as an indented tree, for Graphviz or for Mermaid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from reconciler.cli.handlers.opening import opened
from reconciler.cli.settings import Settings
from reconciler.cli.terminal.output import note, say
from reconciler.errors import PlanError
from reconciler.store import views
from reconciler.store.views import RelationshipView

_EDGES = {"contains": "solid", "depends_on": "bold", "member_of": "dashed", "attached_to": "dotted"}


def graph(settings: Settings, address: str | None, output: Literal["text", "dot", "mermaid"]) -> None:
    """Print the resources with their ties; of an address only what it needs, and what needs it.

    Raises PlanError where nothing is managed at the address.
    """
    with opened(settings) as store, store.read() as tx:
        ties = views.relationships(tx)
        names = {item.address for item in views.resources(tx)}
    if address is not None:
        if address not in names | {end for tie in ties for end in (tie.parent, tie.child)}:
            raise PlanError(f"nothing is managed at {address}", hint="`reconciler get all` lists what is")
        names = _about(address, ties)
        ties = tuple(tie for tie in ties if tie.parent in names and tie.child in names)
    match output:
        case "dot":
            lines = _dot(names, ties)
        case "mermaid":
            lines = _mermaid(names, ties)
        case _:
            _print_tree(names, ties)
            return
    for text in lines:
        say(text)


def _about(address: str, ties: Sequence[RelationshipView]) -> set[str]:
    """An address, all that it needs and all that needs it, at any remove; not what only shares a need."""
    up: dict[str, set[str]] = defaultdict(set)
    down: dict[str, set[str]] = defaultdict(set)
    parts: dict[str, set[str]] = defaultdict(set)
    for tie in ties:
        if tie.relationship == "contains":
            parts[tie.parent].add(tie.child)
        up[tie.child].add(tie.parent)
        down[tie.parent].add(tie.child)
    # What a part needs, the whole needs.
    needs = _reached({address}, lambda name: up[name] | parts[name])
    return needs | _reached({address}, lambda name: down[name] | {e for e in up[name] if name in parts[e]})


def _reached(start: set[str], beside: Callable[[str], set[str]]) -> set[str]:
    found, waiting = set(start), list(start)
    while waiting:
        new = beside(waiting.pop()) - found
        found |= new
        waiting += new
    return found


def _all(names: Iterable[str], ties: Sequence[RelationshipView]) -> list[str]:
    return sorted({*names, *(end for tie in ties for end in (tie.parent, tie.child))})


def _dot(names: Iterable[str], ties: Sequence[RelationshipView]) -> Iterator[str]:
    yield "digraph reconciler {"
    yield "  rankdir=LR; node [shape=box, fontname=sans-serif]; edge [fontname=sans-serif, fontsize=10];"
    for name in _all(names, ties):
        yield f'  "{name}";'
    for tie in ties:
        style = _EDGES.get(tie.relationship, "solid")
        ends = (tie.parent, tie.child) if tie.relationship == "contains" else (tie.child, tie.parent)
        yield f'  "{ends[0]}" -> "{ends[1]}" [label="{tie.relationship}", style={style}];'
    yield "}"


def _mermaid(names: Iterable[str], ties: Sequence[RelationshipView]) -> Iterator[str]:
    yield "flowchart LR"
    number = {name: f"n{n}" for n, name in enumerate(_all(names, ties))}
    for name, node in number.items():
        yield f'  {node}["{name}"]'
    for tie in ties:
        if tie.relationship == "contains":
            yield f"  {number[tie.parent]} --> {number[tie.child]}"
        else:
            label = tie.relationship.replace("_", " ")
            yield f"  {number[tie.child]} -. {label} .-> {number[tie.parent]}"


def _print_tree(names: Iterable[str], ties: Sequence[RelationshipView]) -> None:
    """Every resource with what it contains and what it depends on."""
    parts: dict[str, list[str]] = defaultdict(list)
    needs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    contained = set()
    for tie in ties:
        if tie.relationship == "contains":
            parts[tie.parent].append(tie.child)
            contained.add(tie.child)
        else:
            needs[tie.child].append((tie.relationship.replace("_", " "), tie.parent))
    roots = [name for name in _all(names, ties) if name not in contained]
    if not roots:
        note("Nothing is recorded.")
    for root in roots:
        say((root, "bold"))
        branches = [(f"{word} ", target) for word, target in needs[root]]
        branches += [
            ("", _branch(part.removeprefix(f"{root}/"), needs[part])) for part in sorted(parts[root])
        ]
        for n, (word, target) in enumerate(branches):
            corner = "└─ " if n == len(branches) - 1 else "├─ "
            say((corner, "dim"), (word, "dim"), target)


def _branch(part: str, needs: Sequence[tuple[str, str]]) -> str:
    return " ".join([part, *(f"({word} {target})" for word, target in needs)])
