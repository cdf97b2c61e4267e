"""The reader takes what every YAML reader and every person reads alike, and says where the rest stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from reconciler.errors import Problem
from reconciler.manifest.yaml import reader as yaml_reader
from reconciler.manifest.yaml.nodes import Document, Mapping, Node, Scalar
from reconciler.manifest.yaml.parser import Parser, fastest_parser
from reconciler.manifest.yaml.reader import parse_document, read_documents, split_documents
from reconciler.manifest.yaml.scalars import Ambiguous, resolve_plain

PARSERS = [pytest.param(fastest_parser(), id="libyaml"), pytest.param(yaml.SafeLoader, id="python")]


def plain(node: Node) -> Any:
    """The node as Python values, without positions."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {key: plain(value) for key, _, value in node.entries}
    return [plain(item) for item in node.items]


def read(text: str | bytes) -> tuple[list[Any], list[Problem]]:
    documents, problems = read_documents(text, "m.yaml")
    return [plain(document.node) for document in documents], list(problems)


def codes(problems: Sequence[Problem]) -> list[str]:
    return [problem.code.removeprefix("manifest.") for problem in problems]


def places(problems: Sequence[Problem]) -> list[tuple[int, int]]:
    return [(p.location.line, p.location.column) for p in problems if p.location]


def only(text: str | bytes) -> Problem:
    _, problems = read_documents(text, "m.yaml")
    assert len(problems) == 1, problems
    assert problems[0].hint
    assert problems[0].location is not None
    assert problems[0].location.file == "m.yaml"
    return problems[0]


def value_of(text: str) -> Scalar:
    documents, problems = read_documents(f"a: {text}\n", "m.yaml")
    assert problems == ()
    node = documents[0].node.entries[0].node
    assert isinstance(node, Scalar)
    return node


# --- scalars


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.0/16",
        "10.0.0.1",
        "fe80::1",
        "::1",
        "2001:db8::1/64",
        "8GiB",
        "order=scsi0;net0",
        "virtio=AA:BB:CC:DD:EE:FF,bridge=vmbr0",
        "AA:BB:CC:DD:EE:FF",
        "80-85",
        "22-02",
        "1.2.3",
        "8080:80",
        "local-lvm:vm-100-disk-0",
        "web-1",
        "2026-01",
        "-",
        "1h30m",
        "none",
        "offline",
        "Norway",
        "debian-12",
        "0day",
        "vm/web-1/disk/scsi0",
        "C:\\temp",
        "/dev/sda",
        "a#b",
        "hello world",
        "12:34:56:78:9a:bc",
    ],
)
def test_texts_that_manifests_hold_need_no_quotes(text: str) -> None:
    if text == "-":
        assert resolve_plain(text) == text  # YAML itself has no such value after a key
        return
    assert value_of(text) == Scalar(text, text, False, 1, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8", 8),
        ("0", 0),
        ("-3", -3),
        ("+3", 3),
        ("1.10", Decimal("1.10")),
        ("0.5", Decimal("0.5")),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_plain_numbers_truth_values_and_nothing_are_values(text: str, expected: object) -> None:
    scalar = value_of(text)
    assert scalar.value == expected
    assert type(scalar.value) is type(expected)
    assert (scalar.text, scalar.quoted) == (text, False)


@pytest.mark.parametrize(
    "text",
    [
        *("NO", "no", "No", "yes", "on", "Off", "y", "N", "yEs", "tRUE", "nuLL"),
        *("22:30", "12:30", "08:30", "12:34:56:12:34:56", "22:22", "1:30.5", "-1:10"),
        *("2026-01-01", "2026-1-1", "2026-01-01T10:00:00Z", "2026-01-01 10:00:00"),
        *("0123", "007", "08", "-01", "00", "01.5", "0o17", "0x1F", "0b11"),
        *("1_000", "1_0.5", "1e3", "1.5e+3", "12e5", ".5", "5.", "-.5"),
        *(".inf", "-.INF", ".nan", "=", "<<", "9" * 41, "9" * 100_000),
    ],
)
def test_what_yaml_readers_read_differently_is_refused_and_kept_as_text(text: str) -> None:
    problem = only(f"a: {text}\n")
    assert problem.code == "manifest.yaml.ambiguous"
    assert places([problem]) == [(1, 4)]
    assert "quote" in (problem.hint or "") or f'"{text}"' in (problem.hint or "")
    assert read(f"a: {text}\n")[0] == [{"a": text}]


@pytest.mark.parametrize(
    "text", ["NO", "22:30", "0123", "1e3", "2026-01-01", "12:34:56:12:34:56", "null", "8", "<<"]
)
def test_quotes_make_anything_a_text(text: str) -> None:
    assert value_of(f'"{text}"') == Scalar(text, text, True, 1, 4)
    assert value_of(f"'{text}'") == Scalar(text, text, True, 1, 4)
    assert read(f"a: |-\n  {text}\n") == ([{"a": text}], [])


def test_the_hint_shows_the_text_in_quotes() -> None:
    assert str(only("a: NO\n")) == (
        'm.yaml:1:4: "NO" is a truth value to some YAML readers and a text to others'
        ' (write true or false, or "NO" in quotes for the text)'
    )
    assert 'quote it: "22:30"' in str(only("a: 22:30\n"))


_RESOLVE: Callable[..., str] = yaml.SafeLoader("").resolve
_CORE = {
    "null": re.compile(r"null|Null|NULL|~|"),
    "bool": re.compile(r"true|True|TRUE|false|False|FALSE"),
    "int": re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", re.ASCII),
    "float": re.compile(
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", re.ASCII
    ),
}


def by_yaml_1_1(text: str) -> str:
    return _RESOLVE(yaml.ScalarNode, text, (True, False)).removeprefix("tag:yaml.org,2002:")


def by_yaml_1_2(text: str) -> str:
    return next((name for name, pattern in _CORE.items() if pattern.fullmatch(text)), "str")


@given(
    st.text("0123456789:._-+eExobTtnyNfl ~=<aZz", max_size=12)
    | st.from_regex(r"[0-9.:_+-]{1,10}", fullmatch=True)
)
def test_a_value_is_taken_only_if_both_versions_of_yaml_agree(text: str) -> None:
    value = resolve_plain(text)
    if isinstance(value, Ambiguous):
        return
    mine = {str: "str", int: "int", Decimal: "float", bool: "bool", type(None): "null"}[type(value)]
    assert mine == by_yaml_1_1(text) == by_yaml_1_2(text)
    if isinstance(value, int | Decimal):
        assert value == Decimal(text)


# --- what is refused


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", "yaml.duplicate_key", (3, 1), "first at line 1, column 1"),
        ("a: {x: 1, 'x': 2}\n", "yaml.duplicate_key", (1, 11), "first at line 1, column 5"),
        ("a: &x 1\n", "yaml.anchor", (1, 4), "&x"),
        ("a: &x {b: 1}\n", "yaml.anchor", (1, 4), "&x"),
        ("a: &x\n  - 1\n", "yaml.anchor", (1, 4), "&x"),
        ("a: *x\n", "yaml.alias", (1, 4), "*x"),
        ("a:\n  <<: {b: 1}\n", "yaml.merge_key", (2, 3), "<<"),
        ("a: !!python/object:os.system x\n", "yaml.tag", (1, 4), "python/object"),
        ("a: !x {}\n", "yaml.tag", (1, 4), "!x"),
        ("a: ! x\n", "yaml.tag", (1, 4), "!"),
        ("a: !!str 1\n", "yaml.tag", (1, 4), "str"),
        ("443: a\n", "yaml.key", (1, 1), '"443"'),
        ("1.5: a\n", "yaml.key", (1, 1), '"1.5"'),
        ("null: a\n", "yaml.key", (1, 1), '"null"'),
        ("true: a\n", "yaml.key", (1, 1), '"true"'),
        ("?\n: b\n", "yaml.key", (1, 2), "empty"),
        ("on: a\n", "yaml.ambiguous", (1, 1), '"on"'),
        ("? [a, b]\n: c\n", "yaml.key", (1, 3), "list"),
        ("? {a: b}\n: c\n", "yaml.key", (1, 3), "mapping"),
        ("- a\n", "not_a_mapping", (1, 1), "a list"),
        ("a\n", "not_a_mapping", (1, 1), "a single value"),
        ("%YAML 1.2\n---\na: 1\n", "yaml.directive", (1, 1), "%"),
        ("# c\n%TAG ! x\n---\na: 1\n", "yaml.directive", (2, 1), "%"),
        ('a: "\\0"\n', "yaml.character", (1, 4), "U+0000"),
        ('a: "\\e[31m"\n', "yaml.character", (1, 4), "U+001B"),
        ("a: x\0\n", "yaml.character", (1, 5), "U+0000"),
        ("a: 1\nbc: x\x1b\n", "yaml.character", (2, 6), "U+001B"),
        ("a: x\u2028y\n", "yaml.character", (1, 5), "U+2028"),
        ("a: \ufeffx\n", "yaml.character", (1, 4), "U+FEFF"),
    ],
)
def test_what_is_unsafe_is_refused_where_it_stands(
    text: str, code: str, place: tuple[int, int], words: str
) -> None:
    problem = only(text)
    assert problem.code == f"manifest.{code}"
    assert places([problem]) == [place]
    assert words in str(problem)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a:\n\tb: 1\n", 2, "tab"),
        ("a: @x\n", 1, "cannot begin with @"),
        ("a: b: c\n", 1, "quote a value that holds"),
        ("a: 1\nbroken\nc: 2\n", 2, "key: value"),
        ("a:\n  b: 1\n c: 2\n", 3, "column"),
        ('x: 1\na: "open\nb: 1\n', 2, "quote"),
        ("a: [1, 2\n", 1, "[ ]"),
        ("a: {b: 1\n", 1, "{ }"),
        ("a: [1,\n", 2, "still open"),
        ("a: ]\n", 1, "value is missing"),
        ("- a\nb: 1\n", 2, "list item"),
        ("a: - b\n", 1, "list"),
        ("{a: 1}\n{b: 2}\n", 2, "---"),
        ("a: 1\n... b\n", 2, "---"),
        ('a: "\\q"\n', 1, "escape"),
        ("a: |x\n  y\n", 1, "| or >"),
        ("a: *\n", 1, "& or *"),
        ("a: !<x\n", 1, "not YAML"),
    ],
)
def test_a_syntax_error_is_said_in_plain_words(
    text: str, line: int, words: str, parser: Callable[[bytes], Parser]
) -> None:
    if parser is yaml.SafeLoader and text == "- a\nb: 1\n":
        words = "nothing can begin here"
    document, problems = parse_document(split_documents(text.encode())[0], "m.yaml", parser=parser)
    assert document is None
    assert codes(problems) == ["yaml.syntax"]
    assert places(problems)[0][0] == line
    assert words in str(problems[0])
    assert problems[0].hint


def test_all_problems_of_a_stream_are_reported_at_once_in_order() -> None:
    found, problems = read("a: NO\nb: &x 1\nb: 22:30\n---\nbroken: [\n---\nc: 1\n---\n- 1\n---\nd: !t 007\n")
    assert list(zip(codes(problems), places(problems), strict=True)) == [
        ("yaml.ambiguous", (1, 4)),
        ("yaml.anchor", (2, 4)),
        ("yaml.duplicate_key", (3, 1)),
        ("yaml.ambiguous", (3, 4)),
        ("yaml.syntax", (6, 1)),
        ("not_a_mapping", (9, 1)),
        ("yaml.tag", (11, 4)),
        ("yaml.ambiguous", (11, 4)),
    ]
    assert found == [{"a": "NO", "b": 1}, {"c": 1}, {"d": "007"}]


def test_an_alias_bomb_grows_nothing() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    found, problems = read("\n".join(lines))
    assert set(codes(problems)) == {"yaml.anchor", "yaml.alias"}
    assert len(found[0]["a29"]) == 9
    assert found[0]["a29"][0] == "*a28"


# --- limits and encodings


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}")])
def test_nesting_is_bounded(opening: str, closing: str) -> None:
    fits = "a: " + opening * 63 + closing * 63
    assert codes(read(fits)[1]) == []
    assert codes(read("a: " + opening * 64 + closing * 64)[1]) == ["yaml.limit"]
    assert codes(read("a: " + opening * 100_000)[1]) == ["yaml.limit"]


def test_the_number_of_nodes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller bound, for so many nodes take seconds to read."""
    assert yaml_reader.MAX_NODES == 200_000
    monkeypatch.setattr(yaml_reader, "MAX_NODES", 500)
    assert read("a: [" + "1," * 497 + "]\n---\n")[1] == []
    problem = only("a: [" + "1," * 500 + "]\n---\n")
    assert (problem.code, "500" in problem.message) == ("manifest.yaml.limit", True)


def test_the_size_of_a_document_is_bounded_and_the_others_are_kept() -> None:
    big = "a: " + "x" * yaml_reader.MAX_DOCUMENT_BYTES
    found, problems = read(f"b: 1\n---\n{big}\n---\nc: 1\n")
    assert (found, codes(problems), places(problems)) == ([{"b": 1}, {"c": 1}], ["yaml.limit"], [(3, 1)])


def test_a_file_over_the_limit_is_not_read() -> None:
    assert only(b"a: 1\n---\n" * 2_000_000).code == "manifest.too_large"


def test_broken_utf_8_is_reported_by_byte_and_line_and_the_other_documents_are_kept() -> None:
    found, problems = read(b"a: 1\n---\nb: x\nc: \xc3\xa4\xff\n---\nd: 1\n")
    assert found == [{"a": 1}, {"d": 1}]
    assert places(problems) == [(4, 5)]
    assert "byte 19 (0xff)" in problems[0].message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf_16_and_32_are_refused_by_name(encoding: str) -> None:
    problem = only("a: 1\n---\nb: 2\n".encode(encoding))
    assert problem.code == "manifest.yaml.encoding"
    assert "UTF-8" in (problem.hint or "")


def test_a_byte_order_mark_at_the_start_is_tolerated() -> None:
    documents, problems = read_documents("\ufeff---\na: 1\n", "m.yaml")
    assert problems == ()
    assert [plain(d.node) for d in documents] == [{"a": 1}]
    assert documents[0].node.entries[0].position == (2, 1)
    assert read("\ufeffa: 1\n") == ([{"a": 1}], [])


def test_a_text_that_cannot_be_encoded_is_a_problem() -> None:
    assert only("a: \ud800\n").code == "manifest.yaml.encoding"


# --- positions and splitting


def test_every_key_and_value_knows_its_line_and_column() -> None:
    (document,), problems = read_documents("# head\n---\na:\n  - 1\n  - {ä: x}\n", "m.yaml")
    assert problems == ()
    key, position, items = document.node.entries[0]
    assert (key, position) == ("a", (3, 1))
    assert (items.line, items.column) == (4, 3)
    assert isinstance(items, yaml_reader.Sequence)
    first, second = items.items
    assert first == Scalar(1, "1", False, 4, 5)
    assert isinstance(second, Mapping)
    assert (second.line, second.column, second.entries[0].position) == (5, 5, (5, 6))
    assert second.entries[0].node == Scalar("x", "x", False, 5, 9)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_lines_are_counted_alike_for_every_line_break(line_break: str) -> None:
    text = "# c\n\na: 1\n---\n# c\nb: |\n  x\n  y\n...\n# c\n--- # c\nc: NO\n".replace("\n", line_break)
    found, problems = read(text)
    assert found == [{"a": 1}, {"b": "x\ny\n"}, {"c": "NO"}]
    assert places(problems) == [(12, 4)]


def test_a_marker_line_ends_the_document_even_in_a_block_or_quoted_text() -> None:
    assert read("a: |\n  x\n---\nb: |\n  ---\n  y\n") == ([{"a": "x\n"}, {"b": "---\ny\n"}], [])
    found, problems = read('a: "x\n---\nb: 1\n')
    assert (found, codes(problems)) == ([{"b": 1}], ["yaml.syntax"])


def test_what_only_looks_like_a_marker_splits_nothing() -> None:
    assert read("a: x\n---y: 1\n----: 2\n....: 3\n") == ([{"a": "x", "---y": 1, "----": 2, "....": 3}], [])


def test_a_document_may_begin_on_its_marker_line() -> None:
    documents, problems = read_documents("--- {a: 1}\n--- # c\nb: 2\n---\t{c: NO}\n", "m.yaml")
    assert [plain(d.node) for d in documents] == [{"a": 1}, {"b": 2}, {"c": "NO"}]
    assert documents[0].node.entries[0].position == (1, 6)
    assert places(problems) == [(4, 9)]


@pytest.mark.parametrize(
    "text", ["", "\n", "---\n", "---\n---\n...\n", "# only\n--- # a comment\n\t\n", "...\n"]
)
def test_empty_documents_are_skipped(text: str) -> None:
    assert read(text) == ([], [])


def test_the_content_hash_follows_the_document_and_not_its_place() -> None:
    first, second = split_documents(b"a: 1\n---\nb: 2\n")
    swapped = split_documents(b"# moved\n---\n---\nb: 2\n--- # next\na: 1\n...\n")
    assert [d.content_hash for d in swapped[:2]] == [second.content_hash, first.content_hash]
    assert [d.start_line for d in (first, second, *swapped)] == [1, 3, 4, 6]
    assert split_documents(b"a: 2\n")[0].content_hash != first.content_hash


def test_blank_lines_that_are_content_count_for_the_hash() -> None:
    kept, short = split_documents(b"a: |+\n  x\n\n---\na: |+\n  x\n")
    assert kept.content_hash != short.content_hash
    assert read("a: |+\n  x\n\n---\na: |+\n  x\n") == ([{"a": "x\n\n"}, {"a": "x\n"}], [])


# --- properties

_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff")
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
_FLEET = st.lists(st.dictionaries(_TEXT, _JSON, min_size=1, max_size=4), min_size=1, max_size=4)


def as_texts(value: Any) -> Any:
    """What a value becomes when every scalar is written in quotes."""
    if isinstance(value, dict):
        return {key: as_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    return value if isinstance(value, str) else yaml.safe_dump(value).split("\n")[0]


@given(_FLEET)
def test_quoted_values_come_back_as_they_were_dumped(fleet: list[dict[str, Any]]) -> None:
    fleet = [as_texts(document) for document in fleet]
    dumped = yaml.safe_dump_all(fleet, default_style='"', allow_unicode=False, explicit_start=True)
    assert read(dumped) == (fleet, [])


@given(_FLEET, st.sampled_from(["\n", "\r\n"]))
def test_reading_split_documents_is_reading_the_whole(fleet: list[dict[str, Any]], line_break: str) -> None:
    dumped = yaml.safe_dump_all([as_texts(d) for d in fleet], default_style='"', explicit_start=True)
    data = dumped.replace("\n", line_break).encode()
    whole = list(yaml.safe_load_all(data))
    raws = split_documents(data)
    alone = [parse_document(replace(raw, start_line=1, offset=0), "m.yaml")[0] for raw in raws]
    in_place = [parse_document(raw, "m.yaml")[0] for raw in raws]
    assert [plain(d.node) for d in alone if d] == [plain(d.node) for d in in_place if d] == whole
    for raw, one, other in zip(raws, alone, in_place, strict=True):
        assert one is not None
        assert other is not None
        assert shifted(one.node, raw.start_line - 1) == other.node
        assert one.content_hash == other.content_hash


def with_floats(value: Any) -> Any:
    """The value with binary fractions in place of decimal ones, as PyYAML has them."""
    if isinstance(value, dict):
        return {key: with_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_floats(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def shifted(node: Node, lines: int) -> Node:
    """The node as it would be that many lines further down."""
    if isinstance(node, Scalar):
        return node._replace(line=node.line + lines)
    if isinstance(node, Mapping):
        entries = tuple(
            e._replace(position=(e.position[0] + lines, e.position[1]), node=shifted(e.node, lines))
            for e in node.entries
        )
        return replace(node, entries=entries, line=node.line + lines)
    return replace(node, items=tuple(shifted(i, lines) for i in node.items), line=node.line + lines)


_FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *"ab:-?[]{},&*!|>'\"%@`#\\ \n\t\r\0~<=.0178_",
            "---",
            "...",
            "\n---\n",
            ": ",
            "- ",
            "\n  ",
            "<<: ",
            "\\U",
            "\\x0",
        ]
    ),
    max_size=40,
).map("".join)


@pytest.mark.parametrize("parser", PARSERS)
@given(data=st.binary(max_size=200) | _FRAGMENTS.map(str.encode))
def test_no_input_raises_anything(data: bytes, parser: Callable[[bytes], Parser]) -> None:
    for raw in split_documents(data):
        document, problems = parse_document(raw, "m.yaml", parser=parser)
        assert document is not None or problems
        assert all(
            p.location and p.location.line >= raw.start_line and p.location.column >= 1 for p in problems
        )


@given(_FRAGMENTS)
@example("#\0")
def test_a_document_is_nothing_else_than_what_another_reader_sees(text: str) -> None:
    assume("..." not in text and "\t" not in text)  # libyaml is stricter about both in empty documents
    documents, problems = read_documents(text, "m.yaml")
    if not problems:
        loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
        theirs = [document for document in yaml.load_all(text, loader) if document is not None]
        assert [with_floats(plain(document.node)) for document in documents] == theirs


@pytest.mark.parametrize("refused", ["\0", "\x01", "\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "\ufffe"])
@pytest.mark.parametrize(
    ("before", "after", "position"),
    [
        ("# none", "", (1, 7)),
        ("# none", "kind: Network\n", (1, 7)),
        ("a: 1\n---\n# ", "\n", (3, 3)),
        ("a: 1\n---\n# ", "\n---\nb: 1\n", (3, 3)),
        ("a: 1\n--- # ", "\nb: 1\n", (2, 7)),
        ("a: 1\n... # ", "\n", (2, 7)),
    ],
)
def test_a_comment_where_nothing_else_is_has_no_refused_character_either(
    refused: str, before: str, after: str, position: tuple[int, int]
) -> None:
    """To others U+2028 there begins a line, which would be read by them and by us left out unsaid."""
    _, problems = read(f"{before}{refused}{after}".encode())
    assert places(problems) == [position]
    assert len(problems) == 1


def test_a_comment_where_nothing_else_is_is_utf_8_too() -> None:
    _, problems = read(b"a: 1\n---\n# \xff\n---\nb: 1\n")
    assert places(problems) == [(3, 3)]


@pytest.mark.parametrize("escape", ["\\ud800", "\\U00110000", "\\UFFFFFFFF"])
@pytest.mark.parametrize("parser", PARSERS)
def test_an_escape_that_is_no_character_is_a_problem(escape: str, parser: Callable[[bytes], Parser]) -> None:
    (raw,) = split_documents(f'a: "{escape}"\n'.encode())
    _, problems = parse_document(raw, "m.yaml", parser=parser)
    assert len(problems) == 1


@pytest.mark.parametrize("parser", PARSERS)
def test_both_parsers_give_the_same_nodes(parser: Callable[[bytes], Parser]) -> None:
    text = (
        "a: 1\nb:\n  - x: \"q\\n\"\n    ? k\n    : 'z'\n  - [1.5, ~, true]\n  - |\n    t\n  - >-\n    u\nc:\n"
    )
    (raw,) = split_documents(text.encode())
    document, problems = parse_document(raw, "m.yaml", parser=parser)
    assert problems == ()
    assert isinstance(document, Document)
    assert (document, ()) == parse_document(raw, "m.yaml")
    assert plain(document.node)["b"][1] == [Decimal("1.5"), None, True]


def test_a_number_beyond_what_can_be_recorded_is_refused_where_it_stands() -> None:
    assert resolve_plain("9223372036854775807") == 2**63 - 1
    assert resolve_plain("-9223372036854775808") == -(2**63)
    for text in ("9223372036854775808", "-9223372036854775809", "99999999999999999999999999"):
        refused = resolve_plain(text)
        assert isinstance(refused, Ambiguous)
        assert "beyond what can be recorded" in refused.reason
