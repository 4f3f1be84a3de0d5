"""The slides of `lnn.book.slides` as files of the site, one by one and together in slides.zip."""

import zipfile
from pathlib import Path

from sphinx.application import Sphinx

FOLDER = "slides"


def setup(app: Sphinx) -> None:
    """Write the slides after the pages."""
    app.connect("build-finished", _write)


def _write(app: Sphinx, exception: Exception | None) -> None:
    if exception is not None or app.builder.format != "html":
        return
    from lnn.book.slides import save  # imports every chapter's figures: only where they are drawn

    out = Path(app.outdir)
    files = save(out / FOLDER)
    with zipfile.ZipFile(out / f"{FOLDER}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, f"{FOLDER}/{file.name}")
