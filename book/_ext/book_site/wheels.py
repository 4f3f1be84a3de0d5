"""Wheels for the kernel in the browser, with no network: of `lnn`, and of installed packages."""

import base64
import hashlib
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from sphinx.errors import ExtensionError

INSTALLED = (
    "ipywidgets",
    "jupyterlab_widgets",
    "comm",
    "tqdm",
    "threadpoolctl",
    "anywidget",
    "psygnal",
    "typing_extensions",
)
"""Pure Python packages that `lnn` needs and Pyodide, or the tested part of it, does not have.

psygnal is compiled here, from modules of which it brings the sources: those are what is packed.
"""

_LEFT_OUT = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
_COMPILED = {".so", ".pyd", ".dylib"}


def build(root: Path, folder: Path) -> None:
    """Put the wheels into `folder`: `lnn` from the checkout at `root`, others as installed here."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
    command += ["--no-build-isolation", "--wheel-dir", str(folder), str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ExtensionError(f"no wheel of lnn: {done.stdout}{done.stderr}")
    for name in INSTALLED:
        repack(name, folder)


def repack(name: str, folder: Path) -> Path:
    """Write the wheel of an installed pure Python package again, from its list of files."""
    package = distribution(name)
    files = package.files or []
    info = next(f.parts[0] for f in files if f.parts[0].endswith(".dist-info"))
    inside = [f for f in files if ".." not in f.parts and "__pycache__" not in f.parts]
    wheel = folder / f"{info.removesuffix('.dist-info')}-py3-none-any.whl"
    names = {str(f) for f in inside}
    record = [f"{info}/RECORD,,"]
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(inside, key=str):
            if file.name in _LEFT_OUT and file.parts[0] == info:
                continue
            if file.suffix in _COMPILED:
                source = str(file.with_name(f"{file.name.partition('.')[0]}.py"))
                if source in names or "__mypyc" in file.name:  # the latter: what mypyc's share
                    continue
                raise ExtensionError(f"{name} is not pure Python: {file}")
            data = Path(str(file.locate())).read_bytes()
            if file.name == "WHEEL" and file.parts[0] == info:
                data = _pure(data.decode()).encode()
            archive.writestr(str(file), data)
            check = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{file},sha256={check},{len(data)}")
        archive.writestr(f"{info}/RECORD", "\n".join([*record, ""]))
    return wheel


def _pure(text: str) -> str:
    """Return the wheel's own description as that of a wheel for any platform."""
    kept = [line for line in text.splitlines() if not line.startswith(("Tag:", "Root-Is-Purelib:"))]
    return "\n".join([*filter(None, kept), "Root-Is-Purelib: true", "Tag: py3-none-any", ""])
