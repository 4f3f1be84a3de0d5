"""What others show of a page: its description and a picture, for search engines and messages."""

import re
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

PICTURE = "_static/staircase.png"
PICTURE_ALT = (
    "Loss against steps of gradient descent: four plateaus, each on the least loss of a matrix "
    "of rank 0, 1, 2, 3, and an end on that of rank 4."
)
ADMONITION = "What you will learn."
LONGEST = 200


def setup(app: Sphinx) -> None:
    """Describe each page; where no paragraph does, in the words of the configuration."""
    app.add_config_value("book_description", "", "html", str)
    app.connect("html-page-context", _describe)


def _describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    words = description(doctree) if doctree is not None else ""
    words = words or app.config.book_description
    base = (app.config.html_baseurl or "").rstrip("/")
    title = re.sub("<[^>]*>", "", context.get("title") or app.config.html_title)
    shared = {
        "og:type": "article",
        "og:site_name": app.config.html_title,
        "og:title": title,
        "og:description": words,
        "og:url": f"{base}/{page}.html",
        "og:image": f"{base}/{PICTURE}",
        "og:image:alt": PICTURE_ALT,
    }
    tags = [f'<meta name="description" content="{escape(words)}" />']
    tags += [f'<meta property="{k}" content="{escape(v)}" />' for k, v in shared.items()]
    tags += ['<meta name="twitter:card" content="summary_large_image" />']
    context["metatags"] = "\n".join([context.get("metatags", ""), *tags])


def description(page: nodes.document) -> str:
    """Return what the page says one will learn; else its first paragraph; at most 200 characters.

    Formulas are read out as they are written where that is plain, and left out elsewhere.
    """
    texts = [_plain(paragraph) for paragraph in page.findall(nodes.paragraph)]
    promises = [t.removeprefix(ADMONITION).strip() for t in texts if t.startswith(ADMONITION)]
    long = [text for text in texts if len(text) > 60]
    return _shorten((promises or long or [""])[0])


def _plain(paragraph: nodes.paragraph) -> str:
    parts = []
    for node in paragraph.findall(nodes.Text):
        if isinstance(node.parent, nodes.math):
            parts.append("…" if "\\" in node.astext() else node.astext())
        else:
            parts.append(node.astext())
    return " ".join("".join(parts).split())


def _shorten(text: str) -> str:
    """Return whole sentences if one fits, else whole words."""
    if len(text) <= LONGEST:
        return text
    sentence = re.match(rf"(.{{40,{LONGEST}}}[.?!])\s", text)
    return sentence[1] if sentence else text[: text.rindex(" ", 0, LONGEST - 1)] + " …"
