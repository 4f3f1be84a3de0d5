"""The order of the modules of `lnn`: imports run one way, and importing it stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import lnn

PACKAGE = Path(lnn.__file__).parent

# A file imports only from the layers above its own. Within a layer, no file imports another.
LAYERS = [
    {"_checks", "report"},
    {"networks"},
    {"problems"},
    {"initial", "loss"},
]


def _imports(path):
    """Modules of lnn that a file imports anywhere, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lnn":
            if node.module == "lnn":
                yield from (alias.name for alias in node.names)
            else:
                yield node.module.removeprefix("lnn.")
        if isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("lnn.")
                for alias in node.names
                if alias.name.split(".")[0] == "lnn"
            )


def _run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_importing_lnn_loads_no_plotting_and_no_optional_package():
    heavy = ["matplotlib", "ipywidgets", "IPython", "numba", "llvmlite", "dask", "PIL", "sklearn"]
    loaded = _run(f"import sys, lnn; print([m for m in {heavy} if m in sys.modules])")
    assert loaded == "[]"


def test_importing_lnn_needs_only_numpy_of_scipy_and_numpy():
    # The submodules of SciPy are what makes an import slow; they are loaded where they are used.
    loaded = _run("import sys, lnn; print([m for m in sys.modules if m.startswith('scipy.')])")
    assert loaded == "[]"


def test_all_names_are_there_and_sorted():
    assert list(lnn.__all__) == sorted(lnn.__all__)
    for name in lnn.__all__:
        assert getattr(lnn, name).__doc__, name
