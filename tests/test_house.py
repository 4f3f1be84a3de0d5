"""The order of the modules of `lnn`: imports run one way, and importing it stays light."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import lnn

PACKAGE = Path(lnn.__file__).parent
BOOK = Path(__file__).parents[1] / "book"

# A file imports only from the rows above its own, or from its own folder. A folder's files have the
# row of the folder unless they are named.
LAYERS = [
    {"_checks", "_identity", "_record"},
    {"_arrays"},
    {"_bisection", "network", "problem", "initialization", "intervals", "_storage"},
    {"objective"},
    {"landscape", "descent._engines"},
    {"data", "descent.run", "studies"},
    {"descent", "dynamics"},
    {"steps", "one_hidden_layer"},
    {"book._extras", "book.browser", "book.style", "book.digits", "book.wine", "book.stored"},
    {"book.drawing", "book.valley", "book.sliders", "book.audit"},
    {"book.labs"},
    {"book.predict"},
    {"book.chapters"},
    {"book"},
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
    """The row of a module: its own, or that of the nearest folder that is named."""
    name = module
    while name:
        for row, names in enumerate(LAYERS):
            if name in names:
                return row
        name = name.rpartition(".")[0]
    raise AssertionError(f"{module} is in no layer: name it in LAYERS")


def _modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if module != "__init__":
            yield module, path


def test_imports_run_one_way():
    modules = dict(_modules())
    for module, path in modules.items():
        for imported in set(_imports(path)) & modules.keys() - {module}:
            folder = module.rpartition(".")[0]
            same_folder = module == imported.rpartition(".")[0] or (
                folder and folder in (imported, imported.rpartition(".")[0])
            )
            assert _layer(imported) < _layer(module) or same_folder, f"{module} imports {imported}"


def test_one_chapter_never_imports_another():
    for module, path in _modules():
        if module.startswith("book.chapters."):
            own = module.split(".")[2]
            others = {m.split(".")[2] for m in _imports(path) if m.startswith("book.chapters.")}
            assert others <= {own}, module


def test_numerics_never_import_the_book_or_what_draws():
    for module, path in _modules():
        if module.split(".")[0] != "book":
            text = path.read_text()
            for word in ("matplotlib", "ipywidgets", "lnn.book"):
                assert word not in text, f"{module} mentions {word}"


def test_no_module_is_shadowed_by_a_name():
    for module, _ in _modules():
        folder, _, leaf = f"lnn.{module}".rpartition(".")
        package = importlib.import_module(folder)
        found = getattr(package, leaf, None)
        assert found is None or isinstance(found, ModuleType), f"lnn.{module} is shadowed"


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


def test_the_root_fits_on_a_page():
    assert 20 <= len(lnn.__all__) <= 28


def test_packages_show_what_their_modules_define():
    for package in (lnn.landscape, lnn.descent, lnn.steps, lnn.dynamics):
        assert list(package.__all__) == sorted(package.__all__)
        for name in package.__all__:
            assert getattr(package, name).__module__.startswith(package.__name__), name


def test_every_public_module_is_in_the_reference():
    pages = "".join(path.read_text() for path in BOOK.glob("api_*.md"))
    listed = set(re.findall(r"^\.\. automodule:: lnn\.(\S+)$", pages, flags=re.MULTILINE))
    public = {
        module
        for module, path in _modules()
        if "._" not in f".{module}"
        and path.name != "__init__.py"
        and not module.endswith(".explorers")
    }
    assert listed == public
