"""Says in plain words what the YAML parser means by its errors.

libyaml and PyYAML's own parser speak of tokens, simple keys and block collections, each in its own words;
whoever wrote the manifest needs to know which mistake of theirs it was. Pure; knows no file.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

_SPACES = "indent with spaces; YAML allows no tabs there"
_ALIGN = "lines that belong together start in the same column; also look for a missing quote or colon above"

# (a part of the parser's words, our words, what to do). The first that matches counts, so the order matters.
_WORDS: tuple[tuple[str, str, str], ...] = (
    ("found a tab", "a tab is used for indentation", _SPACES),
    (
        "mapping values are not allowed",
        "a second `: ` stands where no key can be",
        'quote a value that holds ": ", or check the indentation',
    ),
    (
        "sequence entries are not allowed",
        "a list item stands where no list can begin",
        'start the list on a line of its own, or quote the value: "-"',
    ),
    (
        "could not find expected ':'",
        "this line is no `key: value`",
        "add the colon and a space after the key",
    ),
    (
        "found unexpected end of stream",
        "a quote that is opened here is not closed before the document ends",
        "add the closing quote; a line that starts with --- ends the document even inside quotes",
    ),
    ("',' or ']'", "the list in [ ] that is opened here is not closed properly", "add the missing , or ]"),
    ("',' or '}'", "the mapping in { } that is opened here is not closed properly", "add the missing , or }"),
    (
        "<document start>",
        "the document has ended, but more text follows",
        "separate documents by a line of ---",
    ),
    ("expected '-' indicator", "something other than a list item stands in a list", _ALIGN),
    ("expected key", "no key can begin here", _ALIGN),
    ("<block end>", "nothing can begin here", _ALIGN),
    (
        "flow node: at the end",
        "a [ or { is still open where the document ends",
        "close it, or quote the value that begins with it",
    ),
    ("node content", "a value is missing here", 'write the value, or quote it: "…"'),
    (
        "unknown escape character",
        "the text in double quotes holds an unknown escape",
        r"write \\ for a backslash, or use single quotes",
    ),
    (
        "invalid Unicode character escape",
        "the text in double quotes holds an escape that is no character",
        r"write \\ for a backslash, or use single quotes",
    ),
    (
        "alphabetic or numeric character",
        "a value cannot begin with & or *, which name and repeat a part of the document",
        'quote it: "*"',
    ),
    (
        "comment or line break",
        "a value cannot begin with | or > unless a text on the following lines is meant",
        "quote it, or start the text on the next line",
    ),
    (
        "chomping or indentation",
        "a value cannot begin with | or > unless a text on the following lines is meant",
        "quote it, or start the text on the next line",
    ),
)
# Errors that are noticed far from their cause: the place where the thing was opened helps more.
_POINT_AT_OPENING = (
    "found unexpected end of stream",
    "',' or ']'",
    "',' or '}'",
    "could not find expected ':'",
)


@dataclass(frozen=True, slots=True)
class SyntaxProblem:
    """What is wrong and what to do; `line` and `column` count from 0 within the text that was parsed."""

    message: str
    hint: str
    line: int
    column: int


def explain(error: Exception, text: str) -> SyntaxProblem:
    """The parser's error about `text`, said so that the author of the manifest can act on it."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return SyntaxProblem(f"it is not YAML: {error}", "check the text in double quotes for escapes", 0, 0)
    problem = error.problem or error.context or "unknown error"
    mark = error.problem_mark or error.context_mark
    if error.context_mark and any(part in problem for part in _POINT_AT_OPENING):
        mark = error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    if error.context == "while parsing a flow node" and not _character_at(text, line, column).strip():
        problem = "flow node: at the end"
    if "cannot start any token" in problem:
        message, hint = _bad_start(_character_at(text, line, column))
    else:
        message, hint = next(
            ((ours, advice) for theirs, ours, advice in _WORDS if theirs in problem),
            (f"it is not YAML: {problem}", "check the quotes and the indentation around this place"),
        )
    return SyntaxProblem(message, hint, line, column)


def _bad_start(character: str) -> tuple[str, str]:
    if character == "\t":
        return "a tab stands where only spaces can", _SPACES
    return f"a value cannot begin with {character}", f'quote it: "{character}…"'


def _character_at(text: str, line: int, column: int) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[line][column : column + 1] if line < len(lines) else ""
