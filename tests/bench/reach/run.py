"""What all rows are given: checkouts, sizes, a workspace; and how a figure is taken of each in turns."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.bench.reach.checkout import Checkout
from tests.bench.reach.world import Figure, World, world


@dataclass(frozen=True, slots=True)
class Sizes:
    """Resources; of several sizes it is seen how a row grows. `terraform_*`: up to which it runs beside."""

    apply: tuple[int, ...] = (1_000,)
    plan: tuple[int, ...] = (1_000, 10_000)
    commit: tuple[int, ...] = (10_000,)
    load: tuple[int, ...] = (10_000,)
    observe: tuple[int, ...] = (1_000, 10_000)
    steady: tuple[int, ...] = (10_000,)
    actions: int = 231
    waiting: int = 231
    window: float = 140.0  # seconds for which a steady daemon is watched: two reconciles, with their jitter
    terraform_apply: int = 1_000
    terraform_plan: int = 10_000
    repeat: int = 3


SMALL = Sizes((231,), (231,), (231,), (1_000,), (231,), (231,), 63, 63, 15.0, 231, 231, 1)


@dataclass(slots=True)
class Run:
    """One run of the bench. `terraform`: whether it is there."""

    checkouts: tuple[Checkout, ...]
    sizes: Sizes
    workspace: Path
    terraform: bool
    _numbers: Iterator[int] = field(default_factory=count)

    def folder(self, name: str) -> Path:
        """A place that nothing was in."""
        return self.workspace / f"{name}-{next(self._numbers)}"

    @contextmanager
    def worlds(self, name: str, size: int, *provider: str) -> Iterator[tuple[World, ...]]:
        """One for each checkout, gone at the end."""
        folders = [self.folder(name) for _ in self.checkouts]
        with ExitStack() as stack:
            yield tuple(
                stack.enter_context(world(each, folder, size, *provider))
                for each, folder in zip(self.checkouts, folders, strict=True)
            )
        for folder in folders:
            shutil.rmtree(folder)

    def once(self, worlds: tuple[World, ...], work: Callable[[World], Figure]) -> dict[str, Figure]:
        """Of each world, for what can be done once."""
        return {each.checkout.name: work(each) for each in worlds}

    def turns(self, worlds: tuple[World, ...], work: Callable[[World], Figure]) -> dict[str, Figure]:
        """The median of each world by its CPU, in turns."""
        taken: Mapping[str, list[Figure]] = {each.checkout.name: [] for each in worlds}
        for _ in range(self.sizes.repeat):
            for each in worlds:
                taken[each.checkout.name].append(work(each))
        return {name: sorted(all_, key=lambda f: f.cpu)[len(all_) // 2] for name, all_ in taken.items()}
