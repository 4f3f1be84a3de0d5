"""The slides of `lnn.book.slides` as files of the site, one by one and together in slides.zip.

They depend on `lnn` alone, and are drawn anew where its fingerprint has changed.
"""

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
    out, drawn_for = Path(app.outdir), Path(app.doctreedir) / "slides.fingerprint"
    together = out / f"{FOLDER}.zip"
    fingerprint = app.config.book_fingerprint
    if together.exists() and drawn_for.exists() and drawn_for.read_text() == fingerprint:
        return
    from lnn.book.slides import save  # imports every chapter's figures: only where they are drawn

    files = save(out / FOLDER)
    with zipfile.ZipFile(together, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, f"{FOLDER}/{file.name}")
    drawn_for.write_text(fingerprint)
