"""Systematic small mistakes in a piece of Python: operators, constants, axes, off-by-one, a missing statement."""

import ast
import copy
from collections.abc import Iterator

OPERATORS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.Div),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult, ast.Div),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
NAMES = {"min": "max", "max": "min", "sum": "mean", "mean": "sum", "maximum": "minimum", "minimum": "maximum"}


def mutants(source: str) -> Iterator[tuple[str, str]]:
    """Every mutant of `source` as (description, source); the description names the statement and the change."""
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    for index, node in enumerate(ast.walk(tree)):
        for change in range(_count(node)):
            mutated = copy.deepcopy(tree)
            target = list(ast.walk(mutated))[index]
            try:
                _apply(mutated, target, change)
                text = ast.unparse(ast.fix_missing_locations(mutated))
                compile(text, "<mutant>", "exec")
            except SyntaxError:  # such as a dictionary's repeated name
                continue
            if text not in seen:
                seen.add(text)
                yield _description(ast.unparse(tree), text), text


def _count(node: ast.AST) -> int:
    return len(list(_changes(node)))


def _changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    """What can be changed at `node`: (kind, new value)."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp):
        yield from (("op", new) for new in OPERATORS.get(type(node.op), ()))
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield from (("ops", new) for new in OPERATORS.get(type(node.ops[0]), ()))
    if isinstance(node, ast.AugAssign):
        yield "assign", None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield "operand", None
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "value", not node.value
        elif isinstance(node.value, int):
            yield from (("value", node.value + 1), ("value", node.value - 1))
        elif isinstance(node.value, float):
            yield "value", node.value * 2 + 1
            if node.value:
                yield "value", -node.value
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
        yield "elts", [node.elts[1], node.elts[0], *node.elts[2:]]
    if isinstance(node, ast.Call) and len(node.args) > 1:
        yield "args", [node.args[1], node.args[0], *node.args[2:]]
    if isinstance(node, ast.Call) and node.keywords:
        yield "keywords", node.keywords[:-1]
    if isinstance(node, ast.Slice):
        for part in ("lower", "upper", "step"):
            if getattr(node, part) is not None:
                yield part, None
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield "attr", NAMES[node.attr]
    if isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load):
        yield "id", NAMES[node.id]
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
        yield "statement", None


def _apply(tree: ast.AST, node: ast.AST, change: int) -> None:
    kind, new = list(_changes(node))[change]
    if kind == "op":
        node.op = new()  # type: ignore[attr-defined, operator]
    elif kind == "ops":
        node.ops = [new()]  # type: ignore[attr-defined, operator]
    elif kind == "assign":
        _replace(tree, node, ast.Assign(targets=[node.target], value=node.value))  # type: ignore[attr-defined]
    elif kind == "operand":
        _replace(tree, node, node.operand)  # type: ignore[attr-defined]
    elif kind == "statement":
        _replace(tree, node, ast.Pass())
    else:
        setattr(node, kind, new)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                value[[item is old for item in value].index(True)] = new


def _description(before: str, after: str) -> str:
    """The changed line before and after; with its number only where the same change is possible twice."""
    old, new = before.split("\n"), after.split("\n")
    where = next(i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1])
    repeated = f" (line {where + 1})" if old.count(old[where]) > 1 else ""
    return f"{old[where].strip()}  =>  {new[where].strip()}{repeated}"
