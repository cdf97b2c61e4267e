"""Mutations of Python, made from its syntax tree and written into its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.mutants.mutation import Edit, Mutation, named

_SWAPS: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}


def mutations(file: str, text: str) -> list[Mutation]:
    """All that these operators can do to a module."""
    return named(_Finder(file, text).everything())


class _Finder:
    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.raw = text.encode()
        self.starts = [0]
        for line in self.raw.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    def everything(self) -> Iterator[tuple[str, Edit]]:
        yield from self._below(ast.parse(self.text), [])

    def _below(self, node: ast.AST, place: list[str]) -> Iterator[tuple[str, Edit]]:
        """Of a node and what is in it; annotations, asserts and error texts are left alone."""
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            place = [*place, node.name]
        if place:
            for what, start, end, new in self._of(node):
                shown = " ".join(self.text[start:end].split())
                short = shown if len(shown) <= 60 else f"{shown[:28]} … {shown[-28:]}"
                name = f"{self.file} {'.'.join(place)}: {what}: {short}"
                yield name, Edit(self.file, start, end, new)
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "slice", "type_params", "exc"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from self._below(child, place)

    def _of(self, node: ast.AST) -> Iterator[tuple[str, int, int, str]]:
        match node:
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _SWAPS:
                new = f"({self._source(left)} {_SWAPS[type(operator)]} {self._source(right)})"
                yield "comparison", *self._span(node), new
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield "no not", *self._span(node), f"({self._source(operand)})"
            case ast.BoolOp(op=operator, values=values):
                word = " or " if isinstance(operator, ast.And) else " and "
                new = word.join(f"({self._source(value)})" for value in values)
                yield "and, or", *self._span(node), f"({new})"
            case ast.Constant(value=bool() as value):
                yield "constant", *self._span(node), str(not value)
            case ast.Constant(value=int() as value):
                yield "constant", *self._span(node), str(value + 1)
            case ast.Expr(value=ast.Call()) | ast.AugAssign():
                yield "removed", *self._span(node), "pass"
            case ast.If(test=test) | ast.While(test=test):
                yield "condition", *self._span(test), f"(not ({self._source(test)}))"
            case ast.IfExp(test=test, body=body, orelse=other):
                new = f"({self._source(other)} if {self._source(test)} else {self._source(body)})"
                yield "branches", *self._span(node), new
            case ast.Tuple(elts=items, ctx=ast.Load()) if len(items) > 1 and not self._unpacked(items):
                kept = ", ".join(self._source(item) for item in items[:-1])
                yield "last element", *self._span(node), f"({kept},)"
            case ast.comprehension(ifs=[only]):
                yield "filter", *self._span(only), "True"

    @staticmethod
    def _unpacked(items: list[ast.expr]) -> bool:
        return any(isinstance(item, ast.Starred) for item in items)

    def _span(self, node: ast.AST) -> tuple[int, int]:
        """In characters; the tree counts bytes within lines."""
        assert isinstance(node, ast.expr | ast.stmt)
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        return len(self.raw[:start].decode()), len(self.raw[:end].decode())

    def _source(self, node: ast.AST) -> str:
        start, end = self._span(node)
        return self.text[start:end]
