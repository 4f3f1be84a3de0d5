"""Pictures come after the text: they would hold up the words and the font of the formulas.

A picture that a cell has drawn waits until the reader is near, in a place of its size. The frames
of an explorer, up to nine tenths of a page's bytes, become one script for each explorer, which
``book/_site/explorer.js`` loads when all else is there. (A script, because a page that is read as
a file from a disk may load nothing else.)
"""

import json
import re
from base64 import b64decode
from pathlib import Path

from book_site import named

FOLDER = "_static/frames"

_EXPLORER = re.compile(r'<figure class="lnn-explorer".*?</figure>', re.DOTALL)
_DATA = re.compile(r'(<script type="application/json">)(.*?)(</script>)', re.DOTALL)
_INLINE = re.compile(r'src="data:image/webp;base64,([^"]*)"')
_DRAWN = re.compile(r'<img\b(?![^>]*\bloading=)([^>]*\bsrc="[./]*(_images/[^"?]*\.svg)"[^>]*)>')
_SIZE = re.compile(r'<svg\b[^>]*\bwidth="([\d.]+)pt" height="([\d.]+)pt"')
_POINT = 4 / 3
"""Pixels of a point."""


def wait(page: str, out: Path, root: str) -> str:
    """Return the page with its pictures in files, which wait; a page that has waited stays.

    Parameters
    ----------
    page : str
    out : Path
        The site, which gets the files.
    root : str
        The way from the page to the site.
    """
    page = _EXPLORER.sub(lambda m: _explorer(m[0], out, root), page)
    return _DRAWN.sub(lambda m: _drawn(m, out), page)


def _explorer(figure: str, out: Path, root: str) -> str:
    """Return an explorer with its default picture and its other frames in files."""

    def picture(match: re.Match[str]) -> str:
        address = named.write(out, FOLDER, b64decode(match[1]), "webp")
        return f'src="{root}{address}" loading="lazy"'

    def frames(match: re.Match[str]) -> str:
        data = json.loads(match[2])
        if "frames" not in data:
            return match[0]
        text = json.dumps(data.pop("frames"))
        key = named.short(text.encode())
        script = f'(window.lnnFrames ??= {{}})["{key}"] = {text};\n'
        data |= {"key": key, "file": root + named.write(out, FOLDER, script.encode(), "js")}
        payload = json.dumps(data).replace("<", r"\u003c")  # no text may close the element
        return f"{match[1]}{payload}{match[3]}"

    return _DATA.sub(frames, _INLINE.sub(picture, figure))


def _drawn(match: re.Match[str], out: Path) -> str:
    """Return the element of a drawn picture, with the place that it will take."""
    head = (out / match[2]).read_text(encoding="utf-8")[:2000]
    size = _SIZE.search(head)
    if size is None:
        return match[0]
    width, height = (round(_POINT * float(points)) for points in size.groups())
    return f'<img loading="lazy" width="{width}" height="{height}"{match[1]}>'
