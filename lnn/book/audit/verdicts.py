"""The kinds of verdicts, and the few rules by which a measurement becomes one.

A rule takes truth values that were computed from a measurement. Where a measurement contradicts
our own correction, or shows that the wrong thing was measured, a rule raises `BrokenCheckError`:
then the check is to be mended, and nothing is said about the report.
"""

from enum import Enum


class Verdict(Enum):
    """What became of one item of the report."""

    FALSE = "false"
    UNPROVED = "not proved"
    IRREPRODUCIBLE = "not reproducible"
    CORRECTED = "holds with a correction"
    WISH = "a wish"
    HOLDS = "holds"

    @property
    def sign(self) -> str:
        """One character for it."""
        return _SIGNS[self.value]


_SIGNS = dict(zip((verdict.value for verdict in Verdict), "✗∅?±→✓", strict=True))


class BrokenCheckError(ValueError):
    """The check itself fails: what it measured cannot bear a verdict."""


def judge(*, holds: bool, corrected: bool | None = None) -> Verdict:
    """Return HOLDS, CORRECTED or FALSE for a statement that was tested as it is printed.

    Parameters
    ----------
    holds : bool
        Whether the printed statement passed.
    corrected : bool, optional
        Whether the corrected statement passed; left out where there is none.

    Raises
    ------
    BrokenCheckError
        If the statement fails as printed and its correction fails too.

    Examples
    --------
    >>> judge(holds=1 > 2, corrected=2 > 1).value
    'holds with a correction'
    """
    if holds:
        return Verdict.HOLDS
    if corrected is None:
        return Verdict.FALSE
    if not corrected:
        raise BrokenCheckError(
            "the correction failed its own test: mend the correction or the check"
        )
    return Verdict.CORRECTED


def judge_number(*, determined: bool, agrees: bool, possible: bool) -> Verdict:
    """Return the verdict on a printed number that came out of a draw or a run.

    Parameters
    ----------
    determined : bool
        Whether what the report states fixes the number.
    agrees : bool
        Whether the number comes out under the report's own words.
    possible : bool
        Whether it can come out for some choice of what is not stated.

    Returns
    -------
    Verdict
        FALSE where the number is impossible or, being determined, another; IRREPRODUCIBLE where it
        is possible, but hangs on what is not stated.

    Examples
    --------
    >>> judge_number(determined=2 < 1, agrees=2 < 1, possible=1 < 2).value
    'not reproducible'
    """
    if not possible:
        return Verdict.FALSE
    if determined:
        return Verdict.HOLDS if agrees else Verdict.FALSE
    return Verdict.IRREPRODUCIBLE


def judge_proof(*, refuted: bool, proved: bool) -> Verdict:
    """Return FALSE for a refuted statement, HOLDS for a proved one, UNPROVED in between.

    Examples
    --------
    >>> judge_proof(refuted=2 < 1, proved=2 < 1).value
    'not proved'
    """
    if refuted:
        return Verdict.FALSE
    return Verdict.HOLDS if proved else Verdict.UNPROVED


def wish(*, answered: bool) -> Verdict:
    """Return WISH; what became of it is the item's evidence, which must pass its test.

    Raises
    ------
    BrokenCheckError
        If the answer failed its test.

    Examples
    --------
    >>> wish(answered=1 < 2).value
    'a wish'
    """
    if not answered:
        raise BrokenCheckError("the answer to the wish failed its own test")
    return Verdict.WISH
