"""Laboratories and predictions: their script and style where one stands, covers over what follows.

The source is the module that notebooks load, `lnn/book/labs/lab.js`. Browsers load no modules from
``file://``, and the book is to be read there too: on the site the same text stands as a classic
script, without its exports.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

SOURCE = Path("lnn", "book", "labs")
EXPORTS = "// Exports:"
SIGNS = ('class="lnn-lab', 'class="lnn-check"')


def setup(app: Sphinx) -> None:
    """Write the files before anything is built, so that their addresses carry a checksum."""
    app.connect("builder-inited", _write)
    app.connect("html-page-context", _link)
    app.add_post_transform(Cover)


def classic(module: str) -> str:
    """Return the text of the module as a classic script.

    Raises
    ------
    ValueError
        Where the exports are not at the end, under their comment.
    """
    body, found, _ = module.partition(EXPORTS)
    if not found or re.search(r"^(import|export)\b", body, re.MULTILINE):
        raise ValueError(f"lab.js must import nothing and export only after {EXPORTS!r}")
    return f'"use strict";\n{{\n{body}}}\n'


def _write(app: Sphinx) -> None:
    if app.builder.format != "html":
        return
    source, target = Path(app.srcdir) / SOURCE, Path(app.outdir) / "_static" / "labs"
    target.mkdir(parents=True, exist_ok=True)
    script = classic((source / "lab.js").read_text(encoding="utf-8"))
    (target / "lab.js").write_text(script, encoding="utf-8")
    (target / "lab.css").write_bytes((source / "lab.css").read_bytes())


def _link(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if any(sign in context.get("body", "") for sign in SIGNS):
        app.add_css_file("labs/lab.css")
        app.add_js_file("labs/lab.js", defer="defer")


class Cover(SphinxPostTransform):
    """Fold what comes after a prediction: later outputs of its cell, or those of the next cell."""

    default_priority = 900  # after MyST-NB has chosen among the formats of each output
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Put the outputs between the two halves of a ``<details>`` element."""
        for raw in list(self.document.findall(nodes.raw)):
            opening = raw.astext()[:200]
            if 'class="lnn-lab lnn-predict lnn-covers"' not in opening:
                continue
            found = re.search(r'id="([a-z0-9-]+)"', opening)
            assert found, opening
            box, index = raw.parent, raw.parent.index(raw) + 1
            if index == len(box):
                box, index = _outputs_of_next_cell(box), 0
            if box is None or index == len(box):
                raise ValueError(
                    f"{self.document['source']}: nothing comes after a prediction for it to cover: "
                    f"put it right before the picture, or give covers=False"
                )
            start = (
                f'<details class="lnn-covered" data-by="{found[1]}">'
                "<summary>The picture that answers it</summary>"
            )
            box.insert(index, nodes.raw("", start, format="html"))
            box.append(nodes.raw("", "</details>", format="html"))


def _outputs_of_next_cell(outputs: nodes.Element) -> nodes.Element | None:
    """Return the outputs of the cell right after, if that is a code cell with outputs."""
    cell = outputs.parent
    place = cell.parent.index(cell) + 1
    after = cell.parent[place] if place < len(cell.parent) else None
    if not isinstance(after, nodes.container) or after.get("nb_element") != "cell_code":
        return None
    parts = (part for part in after if isinstance(part, nodes.container))
    return next((p for p in parts if p.get("nb_element") == "cell_code_output"), None)
