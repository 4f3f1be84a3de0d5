"""What waits: pictures and frames come after the text, icons are few; the first words are light."""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from visiting import PAGES, SITE, Served, Visit, chapters, compressed

from lnn.book.sliders.explorer import explorer
from lnn.book.sliders.frozen import freeze
from lnn.book.sliders.parameters import Slider

Open = Callable[..., Visit]

MOST_BEFORE_FORMULAS = 230_000
"""Bytes of a page, its style and the font of its formulas, compressed."""


@explorer(Slider("step", "Step", values=(0.1, 0.2, 0.5), value=0.2), question="What is < drawn?")
def drawn(figure: Any, step: float) -> str:
    """Draw a line."""
    figure.add_subplot().plot([0, step])
    return f"A line to </script> {step}."


def data_of(html: str) -> Any:
    """Return what the script of an explorer is told."""
    found = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_frames_become_a_file_with_the_same_frames(tmp_path: Path, book_site: ModuleType) -> None:
    html = freeze(drawn)
    light = book_site.pictures.wait(f"<p>{html}</p>", tmp_path, "../")
    before, after = data_of(html), data_of(light)
    frames = before.pop("frames")
    key, file = after.pop("key"), after.pop("file")
    assert after == before, "the texts stay in the page"
    script = (tmp_path / file.removeprefix("../")).read_text()
    start = f'(window.lnnFrames ??= {{}})["{key}"] = '
    assert script.startswith(start)
    assert json.loads(script.removeprefix(start).rstrip(";\n")) == frames
    assert "base64" not in light
    source = re.search(r'class="lnn-picture".*src="\.\./([^"]+\.webp)" loading="lazy"', light)
    assert source is not None
    assert b64encode((tmp_path / source[1]).read_bytes()).decode() in html
    again = book_site.pictures.wait(light, tmp_path, "../")
    assert again == light, "a page is mended twice where only others were written anew"


def test_what_an_earlier_build_left_goes(tmp_path: Path, book_site: ModuleType) -> None:
    named = book_site.named
    font = named.write(tmp_path, "bundles", b"font", "woff")
    old_font = named.write(tmp_path, "bundles", b"old font", "woff")
    style = named.write(tmp_path, "bundles", f"src: url({Path(font).name})".encode(), "css")
    old = f"src: url({Path(old_font).name})".encode()
    old_style = named.write(tmp_path, "bundles", old, "css")
    frames = named.write(tmp_path, "frames", b"[1]", "js")
    old_frames = named.write(tmp_path, "frames", b"[2]", "js")
    other = named.write(tmp_path, "elsewhere", b"named nowhere", "txt")
    page = tmp_path / "page.html"
    page.write_text(f'<link href="{style}"><script src="../{frames}"></script>')
    named.sweep(tmp_path, ("bundles", "frames", "missing"), [page])
    assert all((tmp_path / kept).exists() for kept in (style, font, frames, other))
    assert not any((tmp_path / gone).exists() for gone in (old_style, old_font, old_frames))


def test_a_drawn_picture_keeps_its_place(tmp_path: Path, book_site: ModuleType) -> None:
    (tmp_path / "_images").mkdir()
    svg = '<svg xmlns="x" width="403.5pt" height="300pt" viewBox="0 0 403.5 300">'
    (tmp_path / "_images" / "a.svg").write_text(svg)
    page = '<img alt="b" src="../_images/a.svg"> <img alt="logo" src="../_static/logo.svg">'
    light = book_site.pictures.wait(page, tmp_path, "../")
    first = '<img loading="lazy" width="538" height="400" alt="b" src="../_images/a.svg">'
    assert light == page.replace('<img alt="b" src="../_images/a.svg">', first)
    assert book_site.pictures.wait(light, tmp_path, "../") == light


def test_the_first_formulas_need_few_bytes(site: Path, measured: dict[str, Any]) -> None:
    for page in PAGES:
        text = (site / page).read_text()
        sheet = re.search(r'rel="stylesheet" href="\.?\.?/?([^"]+)"', text)
        assert sheet is not None
        files = [site / page, site / sheet[1]]
        if "<math" in text:
            files.append(site / "_static" / "math.woff2")
        size = sum(compressed(file) for file in files)
        measured.setdefault("bytes before the first formula, compressed", {})[page] = size
        assert size <= MOST_BEFORE_FORMULAS, page


def test_icons_are_those_that_are_used(site: Path) -> None:
    fonts = {file.name: file for file in (site / "_static" / "bundles").glob("*.woff")}
    used = set()
    for sheet in (site / "_static" / "bundles").glob("*.css"):
        text = sheet.read_text()
        assert "fontawesome/webfonts" not in text, "a whole font of icons"
        named = set(re.findall(r'url\("([^"/]+\.woff)"\)', text))
        assert len(named) >= 2, "solid icons and brands"
        assert sum(fonts[name].stat().st_size for name in named) < 20_000
        signs = {sign for name in named for sign in TTFont(fonts[name]).getBestCmap()}
        assert 0xF04B in signs, "the icon of the button that runs a chapter"
        used |= named
    assert used == set(fonts), "fonts of an earlier build"


def test_pages_ask_for_frames_after_their_font(visit: Open, served: Served) -> None:
    name = next(c for c in chapters() if "_static/frames/" in (SITE / f"{c}.html").read_text())
    seen = visit(served.url(f"{name}.html"), 390)
    frames = [i for i, url in enumerate(seen.loaded) if "/frames/" in url and url.endswith(".js")]
    assert frames
    others = [i for i, url in enumerate(seen.loaded) if re.search(r"math\.woff2|\.css|/labs/", url)]
    assert max(others) < min(frames)
    seen.check()


@pytest.mark.parametrize("reach", [False, True])
def test_a_picture_that_cannot_be_loaded_is_not_promised(
    reach: bool, visit: Open, served: Served
) -> None:
    name = next(c for c in chapters() if "_static/frames/" in (SITE / f"{c}.html").read_text())
    seen = visit("about:blank")
    if not reach:
        seen.page.route("**/_static/frames/*.js", lambda route: route.abort())
    seen.page.goto(served.url(f"{name}.html"))
    seen.page.wait_for_load_state("networkidle")
    figure = seen.page.locator("figure.lnn-explorer").first
    told = figure.get_by_text("could not be loaded")
    assert told.count() == (0 if reach else 1)
    assert figure.get_attribute("aria-busy") is None
    assert figure.locator("img.lnn-picture").get_attribute("alt")
