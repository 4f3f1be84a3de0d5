"""Pages: the button that runs a chapter in the browser; what is written, mended and made light."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx_design.dropdown import dropdown_title

from book_site import assets, formulas, lite, named, pictures
from book_site.fingerprint import digest

INLINE = "_static/inline"

# Icons are drawn from the theme's font; its script that draws them again weighs half a megabyte.
_ICON_SCRIPT = re.compile(r"<script[^>]*/fontawesome\.js[^>]*></script>")
# Sphinx's own search, of which the theme loads the whole index on every page: see search.py.
_SEARCH_SCRIPT = re.compile(
    r"<script[^>]*/?(?:searchtools|language_data|searchindex)\.js[^>]*></script>\s*"
)
_INLINE_SCRIPT = re.compile(r'<script(?: data-cfasync="false")?>(.*?)</script>', re.DOTALL)
_OPTIONS = re.compile(r"<script[^>]*/documentation_options\.js[^>]*></script>")
_ID = re.compile(r'(<[a-z][^<>]*?)\sid="([^"]*)"')
_FOLD = '<summary><span class="toctree-toggle"'  # has an arrow, and no text that can be heard
_CODE_FOLD = re.compile(  # of MyST-NB: its title changes as it opens, and cannot be heard
    r'<summary aria-label="Toggle hidden content">\s*'
    r'<p class="collapsed (admonition-title">.*?</p>)\s*<p class="expanded .*?</p>\s*</summary>'
)
_SOLUTION = re.compile(r'(<p class="admonition-title">Solution to)<a [^>]*>(.*?)</a></p>')
_NAME = re.compile(r'(?<=<span class="pre">)[^<]{12,}(?=</span>)')
_JOINT = re.compile(r"(?<=\w)([._])(?=\w|$)")  # where a long name may be broken
_INLINE_HANDLER = re.compile(r'onclick="(?:window\.)?(\w+)\(\)"')
_SIDEBAR = '<dialog id="pst-primary-sidebar-modal">'
_MAIN = '<main id="main-content"'
_VIEWPORT = re.compile(r'\s*<meta name="viewport"[^>]*>')


def setup(app: Sphinx) -> None:
    """Switch off what Jupyter Book loads and the book does not use; connect the rest."""
    _disconnect(app, "sphinx_thebe")
    app.add_config_value("book_machinery", "", "html", str)
    app.connect("config-inited", _machinery)
    app.connect("doctree-resolved", _plain_fold_titles)
    app.connect("html-page-context", _add_button, priority=900)
    app.connect("build-finished", _rewrite, priority=900)  # after the themes


def _machinery(app: Sphinx, config: Config) -> None:
    """Have every page written anew where what pages are made of has changed."""
    root = Path(app.srcdir)
    folders = (root / "book" / "_ext", root / "book" / "_site", root / "lnn" / "book" / "labs")
    files = (p for folder in folders for p in folder.rglob("*") if p.is_file())
    config.book_machinery = digest(p for p in files if p.suffix != ".pyc")


def _plain_fold_titles(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Keep the text of links in the titles of folds: a title is a button, and holds no other."""
    for title in doctree.findall(dropdown_title):
        for link in list(title.findall(nodes.reference)):
            link.replace_self(link.children)


def _disconnect(app: Sphinx, module: str) -> None:
    """Remove the event handlers of an extension that Jupyter Book always loads.

    sphinx-thebe would put two scripts on each page, one inline, that name another host.
    """
    for listeners in app.events.listeners.values():
        listeners[:] = [x for x in listeners if x.handler.__module__.split(".")[0] != module]
    sheets = app.registry.css_files
    sheets[:] = [s for s in sheets if module.replace("_", "-") not in s[0]]


def _add_button(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put "Run in the browser" first among the buttons of a page that is a notebook."""
    if doctree is None or not str(app.env.doc2path(page)).endswith(".ipynb"):
        return
    size = f'<meta name="book:kernel-megabytes" content="{lite.MEGABYTES}" />'
    context["metatags"] = context.get("metatags", "") + size
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


def written(out: Path) -> Iterator[Path]:
    """Yield the pages of the site: all but those of the kernel in the browser."""
    for page in sorted(out.rglob("*.html")):
        if page.relative_to(out).parts[0] not in ("lite", "_static", "404.html"):
            yield page


def _rewrite(app: Sphinx, exception: Exception | None) -> None:
    """Mend the written pages, in place; a page that was mended before stays as it is."""
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    pages = list(written(out))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        depth = len(page.relative_to(out).parts) - 1
        changed = mend(text, out, "../" * depth)
        if changed != text:
            page.write_text(changed, encoding="utf-8")
    assets.bundle(out, pages)
    named.sweep(out, ("_images", pictures.FOLDER, INLINE, assets.BUNDLES), pages)


def mend(page: str, out: Path, root: str) -> str:
    """Return the page: no inline script, no deprecated role, one reading order, nothing heavy.

    Parameters
    ----------
    page : str
    out : Path
        The site, which gets the files.
    root : str
        The way from the page to the site.
    """
    page = _SEARCH_SCRIPT.sub("", _ICON_SCRIPT.sub("", page))
    page = _inline_to_files(page, out, root)
    page = _INLINE_HANDLER.sub(r'data-calls="\1"', page)  # see buttons.js
    # Sphinx puts a deprecated role on the entries of its role="list" of citations.
    page = page.replace('role="doc-biblioentry"', 'role="listitem"')
    page = page.replace(_FOLD, _FOLD.replace(">", ' aria-label="Unfold the sections">', 1))
    page = mend_folds(page)
    page = _NAME.sub(lambda name: _JOINT.sub(r"\1<wbr>", name[0]), page)
    page = _unique_ids(page)
    page = _one_viewport(page)
    page = _main_first(page)
    page = formulas.keep_punctuation(page)
    page = pictures.wait(page, out, root)
    return assets.later(page)


def mend_folds(page: str) -> str:
    """Return the page with one title for each fold of code, and no link in a solution's title.

    A title is what opens and closes the fold; a link in it would lead away instead.
    """
    page = _CODE_FOLD.sub(r'<summary><p class="\1</summary>', page)
    return _SOLUTION.sub(r"\1\2</p>", page)


def _inline_to_files(page: str, out: Path, root: str) -> str:
    """Return the page with its inline scripts as files: a Content-Security-Policy can forbid them.

    The one that sets the theme's colours runs where it stands. The others, which are settings,
    become one file, right after Sphinx's own settings: before the scripts that read them.
    """
    settings = []

    def file(text: str, first: str = "") -> str:
        address = named.write(out, INLINE, text.encode(), "js")
        return f'<script{first} src="{root}{address}"></script>'

    def move(match: re.Match[str]) -> str:
        if "dataset.theme" in match[1]:
            return file(match[1], " data-first")
        settings.append(match[1].strip())
        return ""

    page = _INLINE_SCRIPT.sub(move, page)
    options = _OPTIONS.search(page)
    if not settings or options is None:
        return page
    distinct = ";\n".join(dict.fromkeys(settings))
    return page[: options.end()] + file(distinct) + page[options.end() :]


def _unique_ids(page: str) -> str:
    """Return the page with each id once: boxes without a label share theirs, as "proof"."""
    seen = set()

    def first(match: re.Match[str]) -> str:
        if match[2] in seen:
            return match[1]
        seen.add(match[2])
        return match[0]

    return _ID.sub(first, page)


def _one_viewport(page: str) -> str:
    """Return the page with one of the three elements that say the same."""
    found = _VIEWPORT.findall(page)
    return page if len(found) < 2 else _VIEWPORT.sub("", page, count=len(found) - 1)


def _main_first(page: str) -> str:
    """Return the page with its text before its sidebar: for the keyboard and for ears."""
    start, main = page.find(_SIDEBAR), page.find(_MAIN)
    if not 0 <= start < main:
        return page
    end = page.index("</main>") + len("</main>")
    return page[:start] + page[main:end] + "\n" + page[start:main] + page[end:]
