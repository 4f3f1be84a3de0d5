"""Numbers in sentences, folds and minutes, on notebooks small enough to be counted by hand."""

import pytest
from book_text.minutes import Minutes, count_words, measure
from book_text.numbers import answers, ask, execute, fill, numbers, without_comments, wrong
from book_text.source import collapse, lines, visible_code
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

CAPTION = {"mystnb": {"figure": {"caption": "It ends at 9<!-- {x} -->.", "name": "fig-x"}}}


def small():
    return new_notebook(
        cells=[
            new_code_cell("x = 0.123456"),
            new_markdown_cell(
                "Now (0<!-- {x:.2f} -->) and **5**<!-- {x} -->, **6<!-- {-x:.1f} -->**,\n"
                "| 7<!-- {x / 1e7:.1e} --> | 8<!-- {1e4:.0e} --> |"
            ),
            new_code_cell("x = 2", metadata=CAPTION),
            new_markdown_cell(
                "then 13 of 4<!-- {x}-{[1, 2]\n[1]} -->, in 1<!-- {minutes.main} -->."
            ),
        ]
    )


def test_each_number_is_evaluated_where_it_stands():
    notebook = small()
    notebook.cells[1].source = notebook.cells[1].source.replace("**5**<!-- {x} -->", "that")
    executed, values = execute(notebook, ".")
    assert values == ["0.12", "−0.1", "1.2\u00a0·\u00a010⁻⁸", "10⁴", "2", "2-2", "0"]
    assert len(executed.cells) == len(notebook.cells)
    assert len(wrong(notebook, values)) == len(values)
    fill(notebook, values)
    assert wrong(notebook, values) == []
    assert without_comments(notebook.cells[1].source) == (
        "Now (0.12) and that, **−0.1**,\n| 1.2\u00a0·\u00a010⁻⁸ | 10⁴ |"
    )
    assert notebook.cells[2].metadata["mystnb"]["figure"]["caption"] == "It ends at 2<!-- {x} -->."
    fill(notebook, values)  # once more changes nothing
    assert wrong(notebook, values) == []


def test_what_is_wrong_is_named():
    notebook = small()
    notebook.cells[1].source = "It is 0.13<!-- {x:.2f} -->."
    values = ["0.12", "2", "2-2", "0"]
    assert wrong(notebook, values)[0] == "cell 1 says '0.13', but {x:.2f} gives '0.12'"


def test_questions_stand_behind_their_cell_and_are_taken_out():
    notebook = small()
    notebook.cells[1].source = "0<!-- {x:.2f} -->"
    asking = ask(notebook)
    assert [c.cell_type for c in asking.cells] == [
        "code",
        "markdown",
        *["code"] * 3,
        "markdown",
        "code",
    ]
    for cell in asking.cells:
        if "book_text" in cell.metadata:
            cell.outputs = [new_output("stream", text='["1", "2"]')]
    plain, values = answers(asking)
    assert [c.source for c in plain.cells] == [c.source for c in notebook.cells]
    assert values == ["1", "1", "1", "0"]


@pytest.mark.parametrize(
    "text", ["**5**<!-- {x} -->", "5 <!-- {x} -->", "5<!-- x -->", "<!-- todo -->"]
)
def test_a_comment_that_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="cell 0 has the comment"):
        numbers(new_notebook(cells=[new_markdown_cell(text)]))


FOLDED = """\
Seen words.

:::{admonition} Before
:class: note
Seen too.
:::

::::{dropdown} Proof
Not seen
:::{prf:lemma} Inner
Nor this.
:::
::::

:::{admonition} Aside
:class: tip, dropdown
Folded.
:::

```python
code = "is no text"
```
Seen again.
"""


def test_folds_are_found():
    notebook = new_notebook(cells=[new_markdown_cell(FOLDED)])
    found = {line.text: line for line in lines(notebook)}
    for text in ("Seen words.", "Seen too.", "Seen again."):
        assert not found[text].folded, text
    for text in ("Not seen", "Nor this.", "Proof", "Inner"):
        assert found[text].folded, text
    assert found["Nor this."].inside == ("dropdown", "prf:lemma")
    assert found[":class: note"].option
    assert found['code = "is no text"'].inside == ("code",)


def test_a_solution_may_go_over_several_cells():
    notebook = new_notebook(
        cells=[
            new_code_cell("seen = 1"),
            new_code_cell("folded = 1", metadata={"tags": ["hide-input"]}),
            new_markdown_cell(":::{solution-start} ex\n:class: dropdown\n:::\nhidden"),
            new_code_cell("solution = 1"),
            new_markdown_cell("hidden\n:::{solution-end}\n:::\n\nseen"),
        ]
    )
    assert [cell.source for cell in visible_code(notebook)] == ["seen = 1"]
    assert [li.text for li in lines(notebook) if not li.folded and li.text == "seen"] == ["seen"]
    assert all(li.folded for li in lines(notebook) if li.text == "hidden")


def test_what_the_page_hides_is_collapsed_in_jupyterlab():
    cells = [new_code_cell(metadata={"tags": t}) for t in (["remove-input"], ["hide-cell"], [])]
    notebook = new_notebook(cells=cells)
    collapse(notebook)
    hidden = [c.metadata.get("jupyter", {}).get("source_hidden", False) for c in notebook.cells]
    assert hidden == [True, True, False]


def test_words_are_counted():
    assert count_words("Two words, $a + b$ and {term}`a link <target>`: [here](there.md).") == 7
    assert count_words("$$\na = b\n$$ (eq-label)") == 1
    assert count_words("It is 0.62<!-- {x:.2f} --> now") == 4


def test_minutes_are_measured():
    exercise = "### {}\n\n:::{{exercise}} Title\n:label: e{}\nfew words here\n:::\n"
    notebook = new_notebook(
        cells=[
            new_markdown_cell("word " * 500),
            new_code_cell("figure, ax = style.new_figure()", metadata={"tags": ["hide-input"]}),
            new_code_cell("valley.show()", metadata={"tags": ["hide-input"]}),
            new_code_cell("predict.choice('?')", metadata={"tags": ["remove-input"]}),
            new_code_cell("\n".join(["x = 1"] * 25)),
            new_markdown_cell(
                ":::{dropdown} Quick check. Why?\nSo.\n:::\n:::{dropdown} Proof\nSo.\n:::"
            ),
            new_markdown_cell(
                "".join(exercise.format(t, t) for t in ("Warm up", "Think", "Build"))
            ),
        ]
    )
    # 500 words and 25 lines of code: 3 minutes; two pictures: 4; a prediction and a check: 2.
    assert measure(notebook) == Minutes(words=503 + 1, main=9, all=50)
