"""The landing page: its network with activations, its map, its citation."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import yaml
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text

from lnn import Problem, gaussian, gradient
from lnn.book.chapters.intro import figures, studies

ROOT = Path(__file__).parents[2]
CONTENTS = re.findall(r"book/(\w+)", str(yaml.safe_load((ROOT / "_toc.yml").read_text())))


@pytest.fixture
def small():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((3, 8)), rng.standard_normal((2, 8)))
    return problem, gaussian((3, 4, 5, 2), rng)


def test_the_gradient_through_tanh_is_that_of_differences(small):
    problem, weights = small
    _, slopes = studies.tanh_loss(weights, problem)
    h = 1e-6
    for layer, index in ((0, (1, 2)), (1, (4, 0)), (2, (1, 3))):
        values = []
        for sign in (1, -1):
            moved = [w.copy() for w in weights]
            moved[layer][index] += sign * h
            values.append(studies.tanh_loss(tuple(moved), problem)[0])
        difference = (values[0] - values[1]) / (2 * h)
        assert difference == pytest.approx(slopes[layer][index], rel=1e-7)


def test_small_weights_make_tanh_linear(small):
    problem, weights = small
    tiny = tuple(1e-4 * w for w in weights)
    _, slopes = studies.tanh_loss(tiny, problem)
    for through_tanh, linear in zip(slopes, gradient(tiny, problem), strict=True):
        np.testing.assert_allclose(through_tanh, linear, atol=1e-6 * np.abs(linear).max())


def test_the_network_with_tanh_rests_where_the_page_says():
    losses, problem = studies.tanh_run(), studies.digit_problem()
    for rank in (0, 1, 4):
        near = np.abs(losses / float(problem.floor(rank)) - 1) < 0.01
        assert near.sum() > 100, rank
    assert (np.diff(losses) < 1e-9).all(), "the loss falls"


def test_the_map_shows_the_chapters_in_the_order_of_the_book():
    chapters = [name for name in CONTENTS if (ROOT / f"book/{name}.ipynb").exists()]
    assert (
        list(studies.NEEDS)
        == [n for n in chapters if n not in ("intro", "ledger")][: len(studies.NEEDS)]
    )
    artists = figures.draw_map(Figure().add_subplot(), studies.NEEDS)
    boxes = [a for a in artists if isinstance(a, Text)]
    assert [int(box.get_text().split("\n")[0]) for box in boxes] == list(range(1, len(boxes) + 1))
    arrows = [a for a in artists if isinstance(a, FancyArrowPatch)]
    assert len(arrows) == sum(len(before) for _, before in studies.NEEDS.values())


def test_the_page_cites_the_version_that_it_is():
    cells = nbformat.read(ROOT / "book" / "intro.ipynb", as_version=4).cells
    text = "\n".join(cell.source for cell in cells)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert re.search(r"version = \{(.*)\}", text)[1] == citation["version"]
    assert re.search(r"year    = \{(.*)\}", text)[1] == str(citation["date-released"])[:4]
    assert " ".join(re.search(r"title   = \{([^}]*)\}", text)[1].split()) == citation["title"]
