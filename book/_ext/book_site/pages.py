"""Pages: the button that runs a chapter in the browser; nothing inline, nothing from outside."""

import hashlib
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from book_site import formulas

# Icons are drawn from the theme's font; its script that draws them again weighs half a megabyte.
_ICON_SCRIPT = re.compile(r"<script[^>]*/fontawesome\.js[^>]*></script>")
_INLINE_SCRIPT = re.compile(r'<script(?: data-cfasync="false")?>(.*?)</script>', re.DOTALL)
_FOLD = '<summary><span class="toctree-toggle"'  # has an arrow, and no text that can be heard
_INLINE_HANDLER = re.compile(r'onclick="(?:window\.)?(\w+)\(\)"')


def setup(app: Sphinx) -> None:
    """Switch off what Jupyter Book loads and the book does not use; connect the rest."""
    _disconnect(app, "sphinx_thebe")
    app.connect("doctree-read", _remove_comments)
    app.connect("html-page-context", _add_button, priority=900)
    app.connect("build-finished", _rewrite, priority=900)  # after the themes


def _disconnect(app: Sphinx, module: str) -> None:
    """Remove the event handlers of an extension that Jupyter Book always loads.

    sphinx-thebe would put two scripts on each page, one inline, that name another host.
    """
    for listeners in app.events.listeners.values():
        listeners[:] = [x for x in listeners if x.handler.__module__.split(".")[0] != module]
    sheets = app.registry.css_files
    sheets[:] = [s for s in sheets if module.replace("_", "-") not in s[0]]


def _remove_comments(app: Sphinx, doctree: nodes.document) -> None:
    """Remove the comments of the text: expressions of its numbers, which no reader needs."""
    for node in list(doctree.findall(nodes.raw)):
        if node.astext().startswith("<!--"):
            node.parent.remove(node)


def _add_button(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put "Run in the browser" first among the buttons of a page that is a notebook."""
    if doctree is None or not str(app.env.doc2path(page)).endswith(".ipynb"):
        return
    address = context["pathto"]("lite/notebooks/index.html", 1)
    context.setdefault("header_buttons", []).insert(
        0,
        {
            "type": "link",
            "text": "Run",
            "tooltip": "Run this chapter in your browser: no account, no install",
            "icon": "fas fa-play",
            "label": "run-in-browser",
            "url": f"{address}?path={page.rsplit('/', 1)[-1]}.ipynb&run=all",
        },
    )


def _rewrite(app: Sphinx, exception: Exception | None) -> None:
    """Mend the written pages: no inline script, no deprecated role, nothing heavy that is not used.

    Inline scripts of the theme become files, so that a Content-Security-Policy can forbid them.
    A script without attributes runs where it stands, as its file does: the order is the same.
    """
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    folder = out / "_static" / "inline"
    folder.mkdir(parents=True, exist_ok=True)
    for page in out.rglob("*.html"):
        if "lite" in page.relative_to(out).parts[:1]:
            continue
        depth = len(page.relative_to(out).parts) - 1

        def move(match: re.Match[str], root: str = "../" * depth) -> str:
            name = hashlib.sha256(match[1].encode()).hexdigest()[:12] + ".js"
            (folder / name).write_text(match[1], encoding="utf-8")
            return f'<script src="{root}_static/inline/{name}"></script>'

        text = page.read_text(encoding="utf-8")
        changed = _ICON_SCRIPT.sub("", text)
        changed = _INLINE_SCRIPT.sub(move, changed)
        changed = _INLINE_HANDLER.sub(r'data-calls="\1"', changed)  # see buttons.js
        changed = formulas.keep_punctuation(changed)
        # Sphinx puts a deprecated role on the entries of its role="list" of citations.
        changed = changed.replace('role="doc-biblioentry"', 'role="listitem"')
        changed = changed.replace(
            _FOLD, _FOLD.replace(">", ' aria-label="Unfold the sections">', 1)
        )
        if changed != text:
            page.write_text(changed, encoding="utf-8")
