"""An item of the report: its words, a measurement, a verdict on the measurement, perturbations.

One is written so::

    @item(
        "eq. (18)", "3.2", chapter="saddles",
        quote="...",                                  # the report's own words, exactly
        verdict=lambda m: judge(holds=m["printed"] < EXACT, corrected=m["mended"] < EXACT),
        perturbations={"another set": {"claimed": (0, 1)}},
        evidence="The printed side is off by {printed:~} of the map, the corrected by {mended:~}.",
        correction="...",
    )
    def eq_18(claimed=(0, 1, 2)):
        ...
        return {"printed": ..., "mended": ...}

A measurement is a dict of numbers. The verdict sees nothing else. A perturbation is a change of the
measurement's arguments under which the verdict must change or the check must stop: it shows that
the check can notice. The tests run all of them.
"""

import importlib
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from lnn.book.audit.verdicts import Verdict

Numbers: TypeAlias = Mapping[str, float]
"""A measurement: numbers by name."""

EXACT = 1e-9
"""Relative size below which a difference is rounding."""

MODULES = ("section1", "section2", "section3", "section4", "section5", "section5_4", "section6")
"""The modules that list the items, in the order of the report."""

_ITEMS: dict[str, "Item"] = {}


@dataclass(frozen=True, eq=False)
class Item:
    """One statement of the report.

    Attributes
    ----------
    id : str
        Its name: "eq. (18)", "figure 3", "section 4: r_max = 4".
    section : str
        Where it stands in the report.
    quote : str
        The report's own words, exactly, blanks aside.
    chapter : str
        The chapter that explains it.
    correction : str
        How it should read; empty where it holds, or nothing better is known.
    also : tuple of str
        Further passages, quoted exactly, that the same measurement examines.
    perturbations : dict of str to dict
        Arguments of the measurement, by the name of what they spoil.
    """

    id: str
    section: str
    quote: str
    chapter: str
    measure: Callable[..., Numbers]
    judge: Callable[[Numbers], Verdict]
    perturbations: Mapping[str, Mapping[str, Any]]
    sentence: str
    correction: str = ""
    also: tuple[str, ...] = field(default=())

    @cached_property
    def measured(self) -> Numbers:
        """The measurement, done once."""
        return self.measure()

    @cached_property
    def verdict(self) -> Verdict:
        """The verdict on it."""
        return self.judge(self.measured)

    @property
    def evidence(self) -> str:
        """What was found, in words, with the numbers measured."""
        return _Evidence().format(self.sentence, **self.measured)

    @property
    def anchor(self) -> str:
        """The item's place on its page."""
        words = "".join(c if c.isascii() and c.isalnum() else " " for c in self.id.lower()).split()
        return "-".join(["item", *words])

    @property
    def name(self) -> str:
        """Its name without its section."""
        return self.id.split(": ", 1)[-1]

    def perturbed(self, name: str) -> Verdict:
        """Return the verdict under a perturbation.

        Raises
        ------
        ValueError
            If the check stops, which is as good as another verdict.
        """
        return self.judge(self.measure(**self.perturbations[name]))


def item(
    id: str,
    section: str,
    *,
    quote: str,
    chapter: str,
    verdict: Callable[[Numbers], Verdict],
    perturbations: Mapping[str, Mapping[str, Any]],
    evidence: str,
    correction: str = "",
    also: Iterable[str] = (),
) -> Callable[[Callable[..., Numbers]], Item]:
    """Make a measurement an item, and list it.

    Parameters
    ----------
    id, section, quote, chapter, correction, also
        As for `Item`.
    verdict : callable
        Of the measurement; computes truth values and hands them to a rule of `verdicts`.
    perturbations : dict of str to dict
        At least one.
    evidence : str
        A format of the measurement's numbers; {x:~} rounds to two digits, and to 0 below `EXACT`.

    Raises
    ------
    ValueError
        If the id is taken, or there is no perturbation.
    """
    if id in _ITEMS:
        raise ValueError(f"there are two items {id!r}: give each its own name")
    if not perturbations:
        raise ValueError(f"{id!r} has no perturbation: show that its check can notice")

    def listed(measure: Callable[..., Numbers]) -> Item:
        made = Item(
            id, section, quote, chapter, measure, verdict, perturbations, evidence, correction,
            tuple(also),
        )  # fmt: skip
        _ITEMS[id] = made
        return made

    return listed


def items(section: str = "") -> tuple[Item, ...]:
    """Return the items in the order of the report.

    Parameters
    ----------
    section : str
        Only those of a section: "1.1".

    Raises
    ------
    ValueError
        If the section has none.

    Examples
    --------
    >>> [found.id for found in items("2.4")]
    ['section 2.4: every local minimizer is global']
    """
    for name in MODULES:
        importlib.import_module(f"lnn.book.audit.{name}")
    order = {f"lnn.book.audit.{name}": place for place, name in enumerate(MODULES)}
    listed = sorted(_ITEMS.values(), key=lambda listed: order[listed.measure.__module__])
    found = tuple(i for i in listed if section in ("", i.section))
    if not found:
        raise ValueError(f"section is {section!r}: no item stands there; give one such as '3.2'")
    return found


class _Evidence(string.Formatter):
    """Formats numbers as they are printed; ~ is two digits, and 0 for what is rounding."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec == "~" and abs(value) < EXACT:
            return "0"
        text = super().format_field(value, ".2g" if format_spec == "~" else format_spec)
        digits, power, exponent = str(text).partition("e")
        digits = digits.replace("-", "−")
        return f"{digits} · 10{str(int(exponent)).translate(_RAISED)}" if power else digits


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
