"""What a plan or a comparison could go by, and how to claim no more than that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.cli.output import counted
from reconciler.executor.observe.endpoint import Coverage
from reconciler.model.plan import Blocked, BlockReason


@dataclass(frozen=True, slots=True)
class Sight:
    """What a plan could go by, so that it claims no more. `observed`: false where no look was wanted;
    `selected`: only a part was asked about; `unmanaged`: objects that are not ours, by endpoint;
    `unrecorded`: endpoints that are only declared so far, of which nothing seen is kept."""

    coverage: Mapping[str, Coverage] = field(default_factory=dict)
    observed: bool = True
    selected: bool = False
    unmanaged: Mapping[str, int] = field(default_factory=dict)
    unrecorded: frozenset[str] = frozenset()

    @property
    def troubles(self) -> list[str]:
        """Each endpoint of which not all is known, and why."""
        return [trouble_text(covered) for _, covered in sorted(self.coverage.items()) if covered.trouble]

    @property
    def whole(self) -> bool:
        """Whether all that there is was seen."""
        return self.observed and not self.troubles


def trouble_text(covered: Coverage) -> str:
    """`hetzner-1 cannot be observed: …`."""
    said = "cannot be observed" if covered.blind else "could not be observed whole"
    return f"{covered.endpoint} {said}: {covered.trouble}"


def unchanged_text(sight: Sight) -> tuple[str, str]:
    """That nothing is to be done: no more than is known. Its first words, and the rest."""
    if sight.troubles:
        return "No changes", f" for what could be seen; {'; '.join(sight.troubles)}."
    if not sight.observed:
        return "No changes", " by what is recorded; no provider was looked at."
    if sight.selected:
        return "No changes", " in what was selected. What is recorded is what the manifests say."
    return "No changes.", " What is recorded is what the manifests say."


def left_text(blocked: Iterable[Blocked]) -> str:
    """`2 resources differ and are left as they are`, and of how many that is not known."""
    items = list(blocked)
    differing = {item.address for item in items if item.hindrance is not BlockReason.UNKNOWN}
    unknown = {item.address for item in items} - differing
    words = []
    if differing:
        verbs = "differs and is left as it is" if len(differing) == 1 else "differ and are left as they are"
        words.append(f"{counted(len(differing), 'resource')} {verbs}")
    if unknown:
        verb = "is" if len(unknown) == 1 else "are"
        words.append(f"{counted(len(unknown), 'resource')} {verb} not known well enough to be changed")
    return "; ".join(words)


def unmanaged_texts(sight: Sight) -> list[str]:
    """What was seen and is not managed, and where it is listed: what is recorded, then what is not yet."""
    texts = []
    for new in (False, True):
        found = {
            name: count
            for name, count in sorted(sight.unmanaged.items())
            if (name in sight.unrecorded) == new
        }
        if not found:
            continue
        count = sum(found.values())
        places = ", ".join(f"{many} at {name}" for name, many in found.items())
        once = f" lists them once {' and '.join(found)} {'is' if len(found) == 1 else 'are'} applied"
        text = f"{counted(count, 'object')} {'is' if count == 1 else 'are'} not managed"
        texts.append(f"{text}: `reconciler get unmanaged`{once if new else ''} ({places}).")
    return texts
