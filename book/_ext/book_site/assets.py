"""What a page loads: one style sheet without what no page uses, and scripts that wait.

Jupyter Book and its extensions put a dozen style sheets and twenty scripts before the text. On a
slow phone each is a journey, and the first words come after the last of them. Here the sheets of a
page become one file, without the rules whose classes occur on no page and in no script, the icons'
fonts keep the few icons that are left, and every script runs after the text is shown, in the same
order.
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from posixpath import normpath, relpath

import tinycss2
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from tinycss2.ast import AtRule, Node, QualifiedRule

from book_site import named

BUNDLES = "_static/bundles"

_SHEET = re.compile(r"<link\b[^>]*\brel=\"stylesheet\"[^>]*/?>\s*")
_HREF = re.compile(r'href="([^"?]*)')
_PRELOAD = re.compile(r'<link rel="preload"[^>]*/?>\s*')
_SCRIPT = re.compile(r"<script\b((?:(?!defer|async|application/json)[^>])*\bsrc=[^>]*)>")
_FIRST = "data-first"
_URL = re.compile(r"""url\(\s*["']?(?!data:)([^"')]+)["']?\s*\)""")
_WORD = re.compile(r"[\w-]+")
_ATTRIBUTE = re.compile(r'\b(?:class|id)="([^"]*)"')
_NAME = re.compile(r"[.#](-?[A-Za-z_][\w-]*)")
_CONDITION = re.compile(r":(?:not|is|where|has)\((?:[^()]|\([^()]*\))*\)|\[[^]]*\]")
_SOURCE = re.compile(r'<script\b[^>]*\bsrc="([^"?]+)')
_FACE = re.compile(r'@font-face\{[^}]*url\("([^"]*/fontawesome/[^"]*\.ttf)"\)[^}]*\}')
_SRC = re.compile(r"src:[^;}]*")
_ICON = re.compile(r"\\([ef][0-9a-f]{3})(?![0-9a-f])|([\uE000-\uF8FF])", re.IGNORECASE)


def later(page: str) -> str:
    """Return the page with scripts that run after the text is shown, and nothing preloaded.

    Not even the font of the formulas: it would share the line with the style sheet, and all that
    is gained for the formulas is lost for the text, which has them in another font until then.
    """
    page = _PRELOAD.sub("", page)
    return _SCRIPT.sub(lambda m: m[0] if _FIRST in m[1] else f'<script defer="defer"{m[1]}>', page)


def bundle(out: Path, pages: Iterable[Path]) -> None:
    """Replace the style sheets of each page by one, in place.

    Parameters
    ----------
    out : Path
        The site.
    pages : iterable of Path
        Its pages.
    """
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    texts = {page: text for page, text in texts.items() if "</head>" in text}
    sheets: dict[Path, tuple[str, ...]] = {}
    for page, text in texts.items():
        folder = page.relative_to(out).parent.as_posix()
        head = text[: text.index("</head>")]
        sheets[page] = tuple(normpath(f"{folder}/{_href(link)}") for link in _SHEET.findall(head))
    if not any(sheets.values()):
        return
    scripts = {
        normpath(f"{page.relative_to(out).parent.as_posix()}/{source}")
        for page, text in texts.items()
        for source in _SOURCE.findall(text)
    }
    known = words(
        texts.values(), [(out / name).read_text(encoding="utf-8") for name in sorted(scripts)]
    )
    parsed = {
        name: list(rules(out, name, known)) for name in {n for s in sheets.values() for n in s}
    }
    written = {}
    for group in set(sheets.values()):
        text = "\n".join(rule for name in dict.fromkeys(group) for rule in parsed[name])
        written[group] = named.write(out, BUNDLES, few_icons(out, text).encode(), "css")
    for page, group in sheets.items():
        if group:
            folder = page.relative_to(out).parent.as_posix()
            link = f'<link rel="stylesheet" href="{relpath(written[group], folder)}" />\n'
            head, rest = texts[page].split("</head>", 1)
            first = _SHEET.search(head)
            assert first is not None
            head = head[: first.start()] + link + _SHEET.sub("", head[first.end() :])
            page.write_text(f"{head}</head>{rest}", encoding="utf-8")


def words(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Return the names of classes and elements that occur on a page, or may, by a script."""
    found: set[str] = set()
    for page in pages:
        for value in _ATTRIBUTE.findall(page):
            found.update(value.split())
    for script in scripts:
        found.update(_WORD.findall(script))
    return found


def rules(out: Path, name: str, known: set[str]) -> Iterator[str]:
    """Yield the rules of a sheet that may apply, with addresses seen from the bundles' folder."""
    text = (out / name).read_text(encoding="utf-8")
    for rule in tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True):
        if isinstance(rule, AtRule) and rule.lower_at_keyword == "import":
            target = next(t.value for t in rule.prelude if t.type in ("string", "url"))
            yield from rules(out, normpath(f"{Path(name).parent.as_posix()}/{target}"), known)
        else:
            kept = _kept(rule, known)
            yield (
                _URL.sub(lambda m: f'url("{_seen_from_bundles(name, m[1])}")', kept) if kept else ""
            )


def few_icons(out: Path, sheet: str) -> str:
    """Return the sheet of a bundle with icon fonts that hold the icons it names, and no others.

    Parameters
    ----------
    out : Path
        The site, which gets the fonts.
    sheet : str
    """
    icons = {int(code, 16) if code else ord(sign) for code, sign in _ICON.findall(sheet)}

    def lighten(face: re.Match[str]) -> str:
        font = _subset(out / normpath(f"{BUNDLES}/{face[1]}"), frozenset(icons))
        name = Path(named.write(out, BUNDLES, font, "woff")).name
        return _SRC.sub(f'src:url("{name}") format("woff")', face[0])

    return _FACE.sub(lighten, sheet)


@lru_cache(maxsize=16)
def _subset(source: Path, characters: frozenset[int]) -> bytes:
    """Return the font with these characters, those that it has."""
    font = TTFont(source)
    subsetter = Subsetter(Options(layout_features=[], notdef_outline=True, glyph_names=False))
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    font.flavor = "woff"
    file = io.BytesIO()
    font.save(file)
    return file.getvalue()


def _kept(rule: Node, known: set[str]) -> str:
    """Return the text of a rule without the selectors that match nothing."""
    if isinstance(rule, AtRule):
        if rule.lower_at_keyword == "charset":
            return ""
        if rule.lower_at_keyword not in ("media", "supports", "layer") or rule.content is None:
            return str(rule.serialize())
        inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        body = "".join(_kept(one, known) for one in inner)
        prelude = tinycss2.serialize(rule.prelude).strip()
        return f"@{rule.at_keyword} {prelude}{{{body}}}" if body else ""
    if not isinstance(rule, QualifiedRule):
        raise ValueError(f"a style sheet holds {rule.serialize()!r}, which is no rule")
    kept = [s for s in _selectors(rule.prelude) if _may_match(s, known)]
    return f"{','.join(kept)}{{{tinycss2.serialize(rule.content).strip()}}}" if kept else ""


def _selectors(prelude: Sequence[Node]) -> Iterator[str]:
    part: list[Node] = []
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            yield tinycss2.serialize(part).strip()
            part = []
        else:
            part.append(token)
    yield tinycss2.serialize(part).strip()


def _may_match(selector: str, known: set[str]) -> bool:
    plain = _CONDITION.sub("", selector)
    return "\\" in plain or all(name in known for name in _NAME.findall(plain))


def _href(link: str) -> str:
    found = _HREF.search(link)
    assert found is not None, link
    return found[1]


def _seen_from_bundles(sheet: str, address: str) -> str:
    return relpath(normpath(f"{Path(sheet).parent.as_posix()}/{address}"), BUNDLES)
