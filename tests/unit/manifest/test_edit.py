"""Writing manifests: a document is changed at its places alone, and then says just what it shall."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest.write.document import as_document
from reconciler.manifest.write.edit import edited, whole_document
from reconciler.manifest.write.files import (
    FileChange,
    document_at,
    patch,
    with_another,
    with_document,
    without_document,
)
from reconciler.manifest.write.text import Scalars, text_node
from reconciler.manifest.write.values import Unwritable
from reconciler.model.address import Address, is_name
from reconciler.model.resource import Desired
from reconciler.model.values import Format
from tests.rigs.core import resources
from tests.rigs.examples import often
from tests.rigs.manifest import catalog, desired
from tests.rigs.rereading import UNFIT, read_again

VM = """\
# Of the shop.
apiVersion: reconciler/v1
kind: VirtualMachine
metadata:
  name: web  # the first
  tags: {env: prod, team: core}  # by hand
spec:
  endpoint: proxmox-1
  # Enough for the season.
  memory: 8GiB   # doubled in May
  cpu_cores: 4

  disks:
    # The system.
    - slot: scsi0
      size: 20GiB
    # The data.
    - slot: scsi1  # on the fast pool
      size: 100GiB
lifecycle:
  prevent_destroy: true  # it sells
"""


def vm(text: str = VM) -> Desired:
    return desired("vm/web", text)


def test_only_what_differs_is_touched() -> None:
    wanted = vm(VM.replace("8GiB", "4GiB").replace("env: prod", "env: test"))
    assert edited(VM, vm(), wanted, catalog()) == VM.replace("8GiB", "4GiB").replace("env: prod", "env: test")


def test_a_number_that_no_larger_unit_fits_is_written_in_its_own() -> None:
    wanted = vm(VM.replace("8GiB", "1500MiB"))
    assert "memory: 1500MiB   # doubled in May\n" in edited(VM, vm(), wanted, catalog())


def test_a_line_that_goes_takes_no_comment_of_another_with_it() -> None:
    gone = VM.replace("  cpu_cores: 4\n", "").replace("  memory: 8GiB   # doubled in May\n", "")
    text = VM.replace("  cpu_cores: 4\n", "  cpu_cores: 4\n  # As the house has it.\n  description: a shop\n")
    wanted = vm(text.replace("  cpu_cores: 4\n", ""))
    assert edited(text, vm(text), wanted, catalog()) == text.replace("  cpu_cores: 4\n", "")
    assert "# Enough for the season.\n\n" in edited(VM, vm(), vm(gone), catalog())


def test_a_part_that_goes_and_one_that_comes_leave_the_others_alone() -> None:
    fewer = VM.replace("    - slot: scsi1  # on the fast pool\n      size: 100GiB\n", "")
    assert edited(VM, vm(), vm(fewer), catalog()) == fewer
    back = edited(fewer, vm(fewer), vm(), catalog())
    assert back.startswith(fewer[: fewer.index("lifecycle")].rstrip("\n").rsplit("\n", 1)[0])
    assert vm(back).hash() == vm().hash()
    assert "    # The system.\n    - slot: scsi0\n      size: 20GiB\n" in back


def test_a_part_changes_in_its_place() -> None:
    wanted = VM.replace("100GiB", "200GiB")
    assert edited(VM, vm(), vm(wanted), catalog()) == wanted


def test_a_whole_section_comes_and_goes() -> None:
    bare = VM[: VM.index("lifecycle")]
    assert edited(VM, vm(), vm(bare), catalog()) == bare
    assert vm(edited(bare, vm(bare), vm(), catalog())).hash() == vm().hash()


def test_flow_style_stays_flow_style() -> None:
    text = (
        "apiVersion: reconciler/v1\nkind: Network\nmetadata: {name: net}\n"
        "spec: {endpoint: hetzner-1, ip_range: 10.0.0.0/16}  # wide\n"
    )
    wanted = text.replace("{name: net}", "{name: net, tags: {env: prod}}").replace("10.0.0.0", "10.1.0.0")
    says = desired("network/net", text)
    assert edited(text, says, desired("network/net", wanted), catalog()) == wanted
    assert edited(wanted, desired("network/net", wanted), says, catalog()) == text


ODD = (
    *("1e3", "0o17", "yes", "null", "1_000", "12:30", "0x1F", "~", ".5", "-", "+1", "NaN", "on", "=", "<<"),
    *("2026-01-01", " x", "x ", "#", "a: b", "a #b", "0b1", "08", ".inf", "it's", '"', "é\u2028x", "a\x85b"),
    *("a\nb", "a\n\n  b\n", "\u00a0", "[a, b]", "{a: b}", "&a", "*a", "!a", "%a", "---", "? a", "- a"),
)
"""Texts that a reader could take for something else, or not take at all."""


@st.composite
def odd(draw: st.DrawFn, item: Desired) -> Desired:
    """The same with such texts where it has any texts, all of what it has being what a person wrote."""
    rules = catalog().attributes(item.type, item.provider_type)
    free = [
        name
        for name, value in item.attributes.items()
        if isinstance(value, str)
        and rules[name].settable
        and rules[name].definition.format in (Format.PLAIN, Format.TEXT)
        and not rules[name].allowed_values
    ]
    texts = {name: draw(st.sampled_from(ODD)) for name in free if draw(st.booleans())}
    tags = {key: draw(st.sampled_from([value, *ODD])) for key, value in item.tags.items()}
    known = item.lifecycle.ignore_changes & {"tags", *rules}
    parts = tuple(draw(odd(part)) for part in item.parts)
    return replace(
        item,
        attributes={**item.attributes, **texts},
        explicit=item.explicit | texts.keys(),
        tags=tags,
        lifecycle=replace(item.lifecycle, ignore_changes=known),
        parts=parts,
    )


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Desired, Desired]:
    """Any resource, and another of the same address."""
    one = draw(resources())
    types = [(one.type, one.provider_type)]
    other = draw(resources(st.just(one.address.name), lambda: types))
    return draw(odd(one)), draw(odd(other))


def as_read(item: Desired) -> tuple[str, Desired]:
    """A document of it, and what the reader makes of that, for what a manifest can have."""
    own = item.attributes.get("location") if "location" in item.explicit else None
    assume(own is None or is_name(str(own)))
    place = item.location or (str(own) if own is not None else None)
    try:
        text = whole_document(item, catalog())
        return text, read_again(text, item, place)
    except Unwritable:
        reject()
    except ManifestError as error:
        if {problem.code.rpartition(".")[2] for problem in error.problems} & UNFIT:
            reject()
        raise


@settings(max_examples=often(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs(), st.booleans())
def test_any_document_becomes_any_other_of_its_resource(pair: tuple[Desired, Desired], flow: bool) -> None:
    (text, says), (_, wanted) = as_read(pair[0]), as_read(pair[1])
    assert read_again(whole_document(wanted, catalog()), pair[1], wanted.location).hash() == wanted.hash()
    if flow:
        data = as_document(says, catalog())
        text = yaml.dump(data, Dumper=Flow, default_flow_style=True, sort_keys=False, width=1 << 30)
        assert read_again(text, says, says.location).hash() == says.hash()
    else:
        text = "\n".join(
            f"{line}  # at {index}" if _bare(line) else line for index, line in enumerate(text.split("\n"))
        )
    new = edited(text, says, wanted, catalog())
    assert read_again(new, wanted, wanted.location).hash() == wanted.hash()
    assert edited(text, says, replace(says, origin=None), catalog()) == text


class Flow(Scalars):
    """Nothing but flow style; a text that has line breaks is escaped."""


Flow.add_representer(
    str,
    lambda dumper, text: (
        dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
        if "\n" in text
        else text_node(dumper, text)
    ),
)


def _bare(line: str) -> bool:
    """Whether a comment may follow: a key or an item whose value is a word, or stands below."""
    return re.fullmatch(r"\s*(- )?[a-z_]{2,}:( [\w./-]+)?", line) is not None


QUESTION = VM.replace("  cpu_cores: 4\n", "  ? cpu_cores\n  : 4\n")
DESCRIBED = "  cpu_cores: 4\n  description: |\n    a\n    b\n"


def test_a_text_of_several_lines_becomes_one_line_and_stays_an_entry_of_its_own() -> None:
    text = VM.replace("  cpu_cores: 4\n", DESCRIBED)
    plain = text.replace("|\n    a\n    b", "a shop")
    assert vm(edited(text, vm(text), vm(plain), catalog())).hash() == vm(plain).hash()
    assert vm(edited(plain, vm(plain), vm(text), catalog())).hash() == vm(text).hash()


def test_a_key_behind_a_question_mark_is_changed_but_not_taken_away() -> None:
    four = vm(QUESTION.replace(": 4\n", ": 8\n"))
    assert edited(QUESTION, vm(QUESTION), four, catalog()) == QUESTION.replace("  : 4\n", "  : 8\n")
    with pytest.raises(ValueError, match="question mark"):
        edited(QUESTION, vm(QUESTION), vm(VM.replace("  cpu_cores: 4\n", "")), catalog())


def test_a_quantity_that_had_no_unit_gets_one() -> None:
    bare = VM.replace("memory: 8GiB ", "memory_mb: 8192 ")
    wanted = vm(VM.replace("8GiB", "4GiB"))
    assert "  memory_mb: 4GiB   # doubled" in edited(bare, vm(bare), wanted, catalog())
    assert "memory: 4GiB\n" in whole_document(wanted, catalog())


A, B = "kind: A\nx: 1\n", "# b\nkind: B\n"


@pytest.mark.parametrize(
    ("content", "line", "left"),
    [
        (A, 1, None),
        (f"{A}---\n{B}", 1, f"---\n{B}"),
        (f"{A}---\n{B}", 5, A),
        (f"---\n{A}---\n{B}", 2, f"---\n{B}"),
        (f"---\n{A}---\n{B}---\n{A}", 6, f"---\n{A}---\n{A}"),
    ],
)
def test_a_document_goes_with_the_line_that_began_it(content: str, line: int, left: str | None) -> None:
    found = document_at(content.encode(), line)
    assert found is not None
    after = without_document(content.encode(), found)
    assert (after.decode() if after is not None else None) == left


def test_a_document_is_replaced_and_another_added() -> None:
    content = f"{A}---\n{B}".encode()
    found = document_at(content, 5)
    assert found is not None
    assert with_document(content, found, "kind: C\n").decode() == f"{A}---\nkind: C\n"
    assert with_another(content, A).decode() == f"{A}---\n{B}---\n{A}"
    assert with_another(b"kind: A", B).decode() == f"kind: A\n---\n{B}"
    assert with_another(None, B).decode() == B


def test_a_patch_says_what_comes_goes_and_changes() -> None:
    text = patch(
        [
            FileChange("new.yaml", None, b"kind: A\n"),
            FileChange("gone.yaml", b"kind: A", None),
            FileChange("same.yaml", b"kind: A\n", b"kind: A\n"),
            FileChange("a.yaml", b"kind: A\n", b"kind: B\n"),
        ]
    )
    assert text == (
        "diff --git a/a.yaml b/a.yaml\n--- a/a.yaml\n+++ b/a.yaml\n@@ -1 +1 @@\n-kind: A\n+kind: B\n"
        "diff --git a/gone.yaml b/gone.yaml\ndeleted file mode 100644\n--- a/gone.yaml\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-kind: A\n\\ No newline at end of file\n"
        "diff --git a/new.yaml b/new.yaml\nnew file mode 100644\n--- /dev/null\n+++ b/new.yaml\n"
        "@@ -0,0 +1 @@\n+kind: A\n"
    )


def test_an_address_is_what_its_document_says() -> None:
    assert vm().address == Address.parse("vm/web")
