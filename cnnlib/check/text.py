"""Numbers as text a person can read: what a failing check prints."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALL = 64  # more values than this are described, not printed


def show(value: object) -> str:
    """`value` on one line, or as a table if it is an array; strings as they are."""
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray | list) and np.ndim(value):
        return table(np.asarray(value))
    if isinstance(value, float | np.floating):
        return _number(float(value))
    return str(value)


def table(value: object, label: str = "", marked: NDArray[Any] | None = None) -> str:
    """A small array in aligned rows, `marked` cells between > and <; a large one by its shape."""
    name = f"{label} = " if label else ""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if not isinstance(value, np.ndarray):
        return name + (repr(value) if len(repr(value)) < 100 else f"a {type(value).__name__}")
    if value.ndim == 0:
        return name + show(value[()])
    if value.size > SMALL or value.size == 0:
        return f"{name}an array of shape {value.shape}, {value.dtype}"
    mark = np.zeros(value.shape, bool) if marked is None else marked
    cells = [
        f">{show(v)}<" if m else f" {show(v)} "
        for v, m in zip(value.ravel().tolist(), mark.ravel(), strict=True)
    ]
    width = max(map(len, cells))
    columns = value.shape[-1]
    rows = [
        "".join(c.rjust(width) for c in cells[i : i + columns]).rstrip()
        for i in range(0, len(cells), columns)
    ]
    if value.ndim > 2:
        rows = _with_headings(rows, value.shape)
    return (f"{label} =\n" if label else "") + "\n".join(rows)


def _with_headings(rows: list[str], shape: tuple[int, ...]) -> list[str]:
    """Rows of a stack of matrices, each matrix under its index."""
    out: list[str] = []
    for count, index in enumerate(np.ndindex(*shape[:-2])):
        out += [f"{list(index)}", *rows[count * shape[-2] : (count + 1) * shape[-2]]]
    return out


def _number(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e6 else f"{value:.4g}"
