"""Verdicts of claims."""

import pytest

from lnn.book.audit.claim import CORRECTED, FALSE, HOLDS, IRREPRODUCIBLE, claim


@pytest.mark.parametrize(
    ("as_printed", "corrected", "verdict"),
    [
        (True, None, HOLDS),
        (False, True, CORRECTED),
        (None, True, CORRECTED),
        (None, None, IRREPRODUCIBLE),
        (False, None, FALSE),
    ],
)
def test_verdict(as_printed, corrected, verdict, capsys):
    claim("eq. (18)", as_printed=as_printed, corrected=corrected, note="so.")
    assert capsys.readouterr().out == f"Report eq. (18): {verdict}. so.\n"


@pytest.mark.parametrize("as_printed", [True, False, None])
def test_a_failed_correction_is_an_error(as_printed):
    with pytest.raises(ValueError, match=r"eq\. \(18\)"):
        claim("eq. (18)", as_printed=as_printed, corrected=False, note="")


def test_what_holds_needs_no_correction():
    with pytest.raises(ValueError, match="corrected must be None"):
        claim("eq. (18)", as_printed=True, corrected=True, note="")
