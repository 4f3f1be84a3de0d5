"""How laboratories get onto pages: one light script, and covers over what is predicted."""

import gzip
import re

import pytest
from docutils import nodes
from docutils.utils import new_document
from visiting import ROOT

from lnn.book import predict

from .conftest import FOLDER


def test_all_scripts_together_are_light(folder):
    """At most 120 kB compressed, the explorers' and the page's own scripts included."""
    scripts = [folder / "lab.js", *(ROOT / "book" / "_site").glob("*.js")]
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 6)) for path in scripts}
    assert sizes["lab.js"] > 10_000
    assert sum(sizes.values()) <= 120_000, sizes


def test_the_module_needs_nothing_and_evaluates_nothing(folder):
    script = (folder / "lab.js").read_text()
    assert "eval(" not in script
    assert "new Function" not in script
    assert "http://" not in script.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in script


def test_a_module_that_cannot_be_a_script_is_refused(book_site_labs):
    module = (FOLDER / "lab.js").read_text()
    assert "export default" in module
    assert not re.search(r"^\s*export\b", book_site_labs.classic(module), re.MULTILINE)
    with pytest.raises(ValueError, match="export only after"):
        book_site_labs.classic(module.replace("// Exports:", "//"))
    with pytest.raises(ValueError, match="must import nothing"):
        book_site_labs.classic(f'import "./other.js";\n{module}')


def test_every_class_of_the_style_is_spelled_out_where_it_is_given():
    """The site leaves out rules of classes that stand on no page and in no script."""
    style = re.sub(r"/\*.*?\*/|\[[^]]*\]", "", (FOLDER / "lab.css").read_text(), flags=re.DOTALL)
    selectors = re.sub(r"\{[^{}]*\}", " ", style)
    classes = set(re.findall(r"\.(-?[a-z][\w-]*)", selectors))
    assert {"lnn-lab", "string", "grip"} <= classes
    sources = [FOLDER / "lab.js", FOLDER / "laboratory.py", FOLDER.parent / "predict.py"]
    sources.append(ROOT / "book" / "_ext" / "book_site" / "labs.py")
    known = {word for path in sources for word in re.findall(r"[\w-]+", path.read_text())}
    left_out = {name for name in classes - known if not name.startswith("jp-")}
    assert not left_out


def cell(*outputs):
    """Return a code cell as MyST-NB leaves it for the last transforms."""
    inner = nodes.container(nb_element="cell_code_output", classes=["cell_output"])
    inner += list(outputs)
    return nodes.container("", inner, nb_element="cell_code", classes=["cell"])


@pytest.fixture
def cover(monkeypatch, book_site_labs):
    """Return a function that lets the transform work on cells, and gives their HTML."""
    monkeypatch.setenv("LNN_FREEZE", "1")

    def run(*cells):
        document = new_document("chapter.ipynb")
        document += list(cells)
        book_site_labs.Cover(document).run()
        return [
            "".join(n.astext() for n in c.findall(nodes.raw))
            if isinstance(c, nodes.container)
            else ""
            for c in document
        ]

    return run


def question(monkeypatch, **options):
    shown = []
    monkeypatch.setattr(predict, "display_html", shown.append)
    monkeypatch.setattr(predict, "next_place", lambda kind: kind)
    predict.choice("Which?", ["this", "that"], answer=0, **options)
    return nodes.raw("", shown[0], format="html")


FOLD = '<details class="lnn-covered" data-by="predict">'


def picture(name="picture"):
    return nodes.raw("", f"<img alt='{name}'>", format="html")


def test_later_outputs_of_the_cell_are_covered(cover, monkeypatch):
    (html,) = cover(cell(picture("before"), question(monkeypatch), picture(), picture("two")))
    before, _, after = html.partition(FOLD)
    assert "before" in before
    assert "picture" in after
    assert after.rstrip().endswith("</details>")
    assert after.index("two") < after.rindex("</details>")


def test_else_the_outputs_of_the_next_cell_are_covered(cover, monkeypatch):
    first, second = cover(cell(question(monkeypatch)), cell(picture()))
    assert FOLD not in first
    assert second.startswith(FOLD)
    assert second.endswith("</details>")


def test_a_question_can_cover_nothing(cover, monkeypatch):
    assert FOLD not in "".join(cover(cell(question(monkeypatch, covers=False)), cell(picture())))


def test_a_question_without_a_picture_is_an_error(cover, monkeypatch):
    paragraph = nodes.paragraph("", "Text.")
    with pytest.raises(ValueError, match="nothing comes after a prediction"):
        cover(cell(question(monkeypatch)), paragraph, cell(picture()))
