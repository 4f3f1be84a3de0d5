"""The order of the modules of `lnn`: imports run one way, and importing it stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import lnn

PACKAGE = Path(lnn.__file__).parent

# A file imports only from the rows above its own. The two halves of the sliders' mechanism, which
# share a row, are the exception: an explorer shows itself frozen or live.
LAYERS = [
    {"_checks", "_lanes", "report"},
    {"networks", "_compiled", "ledger", "studies", "intervals"},
    {"problems", "initial"},
    {"loss", "rank", "critical", "divergence", "dynamics", "trapping"},
    {"_stacked", "balance", "classify", "flow", "lifting", "preparation"},
    {"descent", "census"},
    {"steps", "plateaus", "nonlinear"},
    {"experiments"},
    {"figures.style"},
    {"figures"},
    {"widgets", "frames"},
    {"explorers"},
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


def _layer(module):
    """The row of a module; a package's modules have the row of the package unless named."""
    for row, names in enumerate(LAYERS):
        if module in names:
            return row
    package = module.partition(".")[0]
    assert package != module, f"{module} is in no layer: name it in LAYERS"
    return _layer(package)


def _modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if module != "__init__":
            yield module, path


def test_imports_run_one_way():
    modules = dict(_modules())
    for module, path in modules.items():
        for imported in set(_imports(path)) & modules.keys() - {module}:
            same_package = module.split(".")[0] == imported.split(".")[0]
            both_halves = {module, imported} == {"widgets", "frames"}
            assert _layer(imported) < _layer(module) or same_package or both_halves, (
                f"{module} imports {imported}"
            )


def test_numerics_never_import_what_draws():
    drawing = ("figures", "widgets", "frames", "explorers")
    for module, path in _modules():
        if module.split(".")[0] not in drawing:
            text = path.read_text()
            assert "matplotlib" not in text, module
            assert "ipywidgets" not in text, module


def _run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_importing_lnn_loads_no_plotting_and_no_optional_package():
    heavy = ["matplotlib", "ipywidgets", "IPython", "numba", "llvmlite", "dask", "PIL", "sklearn"]
    loaded = _run(f"import sys, lnn; print([m for m in {heavy} if m in sys.modules])")
    assert loaded == "[]"


def test_importing_lnn_loads_no_submodule_of_scipy():
    # The submodules of SciPy are what makes an import slow; they are loaded where they are used.
    loaded = _run("import sys, lnn; print([m for m in sys.modules if m.startswith('scipy.')])")
    assert loaded == "[]"


def test_all_names_are_there_and_sorted():
    assert list(lnn.__all__) == sorted(lnn.__all__)
    for name in lnn.__all__:
        assert getattr(lnn, name).__doc__, name
