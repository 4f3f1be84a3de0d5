"""What became of the report's claims, printed by the cell that tests each of them.

The ledger of claims collects these lines from the chapters' checked outputs, so that a verdict in
the ledger is always one that a cell has computed.
"""

HOLDS = "holds"
CORRECTED = "holds with a correction"
IRREPRODUCIBLE = "cannot be reproduced"
FALSE = "false"


def claim(item: str, *, as_printed: bool | None, corrected: bool | None = None, note: str) -> None:
    """Print the verdict on one item of the report.

    Parameters
    ----------
    item : str
        Which one: "eq. (18)", "Theorem 2.1", "figure 3", "section 5.4: ...".
    as_printed : bool or None
        Whether the statement passed its test as the report prints it; None if the report does
        not give enough to test it.
    corrected : bool or None
        Whether the corrected statement passed; None if there is none.
    note : str
        What was found, in a few words.

    Raises
    ------
    ValueError
        If a correction was tested although the statement holds as printed, or the correction
        failed too: then the cell, not the report, is to be mended.

    Examples
    --------
    >>> claim("eq. (18)", as_printed=False, corrected=True, note="Σ_YX⁻¹ should be Σ_XX⁻¹")
    Report eq. (18): holds with a correction. Σ_YX⁻¹ should be Σ_XX⁻¹
    """
    if as_printed and corrected is not None:
        raise ValueError(f"{item} holds as printed, so corrected must be None, not {corrected}")
    if corrected is not None and not corrected:
        raise ValueError(f"the correction of {item} failed its own test: mend the correction")
    if corrected:
        verdict = CORRECTED
    elif as_printed is None:
        verdict = IRREPRODUCIBLE
    else:
        verdict = HOLDS if as_printed else FALSE
    print(f"Report {item}: {verdict}. {note}")
