"""The slides: all can be drawn, at 16:9 on white, and the reference lists them."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lnn.book import slides

BOOK = Path(__file__).parents[2] / "book"


def test_the_reference_lists_every_slide_with_its_file():
    rows = re.findall(
        r'^\| <a href="\.\./slides/(\S+)\.png">(\w+)</a> \| (.+) \| \{doc\}`(\w+)` \|$',
        (BOOK / "reference.md").read_text(),
        re.MULTILINE,
    )
    assert rows == [
        (f"{number:02d}-{name}", name, slide.sentence, slide.chapter)
        for number, (name, slide) in enumerate(slides.SLIDES.items(), start=1)
    ]
    for slide in slides.SLIDES.values():
        assert (BOOK / f"{slide.chapter}.ipynb").exists()
        assert slide.sentence.endswith(".")


def test_the_landing_page_names_slides_that_there_are():
    text = (BOOK / "intro.ipynb").read_text()
    named = set(re.findall(r"slide `(\w+)`", text))
    assert len(named) > 5
    assert named <= slides.SLIDES.keys()


@pytest.mark.parametrize("name", slides.SLIDES)
def test_a_slide_is_16_to_9_and_not_empty(name, tmp_path):
    figure = slides.draw(name)
    width, height = figure.get_size_inches()
    assert width / height == pytest.approx(16 / 9)
    figure.savefig(tmp_path / "slide.png", dpi=60)
    with Image.open(tmp_path / "slide.png") as picture:
        pixels = np.asarray(picture.convert("L"))
    assert pixels.shape == (270, 480)
    edges = (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1])
    assert all((edge > 250).all() for edge in edges), "white, and nothing is cut off"
    drawn = (pixels < 200).mean()
    assert 0.005 < drawn < 0.7, drawn


def test_an_unknown_slide_is_named():
    with pytest.raises(ValueError, match="'valley': give one of tanh, staircase"):
        slides.draw("valley")


def test_all_are_written_sharp_and_large(tmp_path, monkeypatch):
    few = {name: slides.SLIDES[name] for name in ("pipes", "proof")}
    monkeypatch.setattr(slides, "SLIDES", few)
    files = slides.save(tmp_path / "new" / "folder")
    names = [file.name for file in files]
    assert names == ["01-pipes.svg", "01-pipes.png", "02-proof.svg", "02-proof.png"]
    with Image.open(files[1]) as picture:
        assert picture.size == (1920, 1080)
    assert 'width="576pt" height="324pt"' in files[0].read_text()


def test_importing_the_slides_draws_nothing():
    code = "import lnn.book.slides, matplotlib.pyplot as p; print(p.get_fignums())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
