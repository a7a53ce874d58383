"""The small package behind the course: convolution written out, tested, and used.

Read it in the order of its parts: `functional` and `shapes` (NumPy only), `data`, `models`, `training` (and
`distributed`, for several processes), then `plot` and `diagrams`. `check` judges the exercises. Importing `cnnlib`
imports none of them.
"""


def __getattr__(name: str) -> str:
    if name == "__version__":  # read only when asked: importlib.metadata would double the import's time
        from importlib.metadata import version

        return version("cnnlib")
    raise AttributeError(f"module 'cnnlib' has no attribute {name!r}")
