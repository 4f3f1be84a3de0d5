"""What the site does to the text of a page: what stays on one line, titles of folds."""

import pytest
from book_site import pages, together
from docutils import nodes
from docutils.utils import new_document


def paragraph(*children):
    document = new_document("page")
    document += nodes.paragraph("", "", *children)
    return document


def test_widths_stay_on_one_line_and_nothing_else_does():
    document = paragraph(
        nodes.Text("Widths 5-4-2-5, (2–1–2) and 1-1-…-1, a non-strict saddle and W-1: in 1-2-1 too")
    )
    words = document.astext()
    together.keep_widths(document)
    kept = [span.astext() for span in document.findall(nodes.inline)]
    assert kept == ["5-4-2-5", "2–1–2", "1-1-…-1", "1-2-1"]
    assert all(span["classes"] == ["unbroken"] for span in document.findall(nodes.inline))
    assert document.astext() == words


def test_widths_in_code_and_formulas_stand_as_they_are():
    document = paragraph(nodes.literal("", "5-4-5"), nodes.math("", "5-4-5"))
    document += nodes.literal_block("", "5-4-5")
    together.keep_widths(document)
    assert not list(document.findall(nodes.inline))


@pytest.mark.parametrize(
    ("formula", "after", "kept"),
    [
        (r"\eta =", " 0.05 is safe", [r"\eta = 0.05"]),
        (r"x \approx", " −2,", [r"x \approx −2"]),
        (r"\eta =", " 2\u00a0·\u00a010⁻⁵, or", ["\\eta = 2\u00a0·\u00a010⁻⁵"]),
        (r"\eta", " 0.05", []),
        (r"\eta =", " one", []),
        (r"a + b + c + d + e =", " 5", []),
    ],
)
def test_a_number_stays_beside_the_relation_before_it(formula, after, kept):
    document = paragraph(nodes.math("", formula), nodes.Text(after))
    together.keep_numbers(document)
    assert [one.astext() for one in document.findall(nodes.inline)] == kept
    assert document.astext() == formula + after


def test_a_fold_of_code_has_one_title_that_can_be_heard():
    page = pages.mend_folds(
        '<details><summary aria-label="Toggle hidden content">\n'
        '<p class="collapsed admonition-title">Checked: the bound</p>\n'
        '<p class="expanded admonition-title">Hide code cell content</p>\n'
        "</summary><pre>1</pre></details>"
    )
    assert page == (
        '<details><summary><p class="admonition-title">Checked: the bound</p></summary>'
        "<pre>1</pre></details>"
    )


def test_the_title_of_a_solution_holds_no_link():
    page = pages.mend_folds(
        '<p class="admonition-title">Solution to<a class="reference internal" href="#ex-ties"> '
        'Exercise 2.4 (Ties)</a></p><p>See <a href="#ex-ties">it</a>.</p>'
    )
    assert page == (
        '<p class="admonition-title">Solution to Exercise 2.4 (Ties)</p>'
        '<p>See <a href="#ex-ties">it</a>.</p>'
    )
