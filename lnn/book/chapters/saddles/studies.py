"""Data and critical points of the chapter."""

from functools import lru_cache

import numpy as np

from lnn._checks import Array, Weights
from lnn.data import saddle_problem
from lnn.landscape.classification import classify
from lnn.landscape.construction import critical_point
from lnn.landscape.kinds import Kind, possible_kinds
from lnn.landscape.ring import fewest_gaps
from lnn.landscape.strings import Strings, canonical_strings
from lnn.landscape.verdicts import CriticalPoint
from lnn.objective import hessian
from lnn.problem import Problem

CLOSED, OPEN, RANDOM = "all closed", "middle layer open", "random, strict if possible"

WIDTHS = (5, 4, 4, 5)
INDEX_SETS = {
    "none": (),
    "1": (0,),
    "1 2": (0, 1),
    "1 2 3": (0, 1, 2),
    "1 2 3 4": (0, 1, 2, 3),
    "2": (1,),
    "1 3": (0, 2),
    "1 2 4": (0, 1, 3),
}


@lru_cache(maxsize=1)
def data() -> Problem:
    """Return the data of the report's section 4 that this chapter uses."""
    return saddle_problem(np.random.default_rng(4))


@lru_cache(maxsize=64)
def point(chosen: str, parametrization: str) -> tuple[Weights, CriticalPoint, Array]:
    """Return weights with these modes, the verdict on them, and the spectrum of the Hessian."""
    modes = INDEX_SETS[chosen]
    kinds = possible_kinds(modes, WIDTHS)
    kind = Kind.STRICT_SADDLE if parametrization != CLOSED and len(kinds) == 2 else kinds[-1]
    rng = np.random.default_rng(2) if parametrization == RANDOM else None
    weights = critical_point(data(), WIDTHS, modes, kind=kind, rng=rng)
    spectrum: Array = np.asarray(np.linalg.eigvalsh(hessian(weights, data())), dtype=np.float64)
    return weights, classify(weights, data()), spectrum


def chain_strings(open_layers: str) -> Strings:
    """Return the strings of a chain of scalar weights: "101" for w₁ ≠ 0, w₂ = 0, w₃ ≠ 0.

    Examples
    --------
    >>> chain_strings("010").arcs()
    [(1, 2), (3, 2)]
    """
    arrows = [{0: 0} if c == "1" else {} for c in open_layers]
    return Strings((1,) * (len(arrows) + 1), (*arrows, {0: 0}))


def twin_strings(*, middle_open: bool) -> Strings:
    """Return the strings beside the signal of rank 3 in a network of widths 5–4–4–5."""
    nodes = [d - 3 for d in WIDTHS]
    return canonical_strings(nodes, nodes[-1], middle_open=middle_open)


def covering(strings: Strings) -> tuple[list[int], tuple[int, ...]]:
    """Return the numbers of the fewest strings that cover the ring, and the gaps between them.

    Examples
    --------
    >>> covering(chain_strings("010"))
    ([0, 1], (1, 3))
    """
    count, arcs = len(strings.nodes), strings.arcs()
    gaps = fewest_gaps(strings.ranks())
    used = []
    for here, after in zip(gaps, (*gaps[1:], gaps[0]), strict=True):
        needed = {(here + n) % count for n in range((after - 1 - here) % count + 1)}
        used.append(
            next(
                k
                for k, (first, length) in enumerate(arcs)
                if k not in used and needed <= {(first + n) % count for n in range(length)}
            )
        )
    return used, gaps
