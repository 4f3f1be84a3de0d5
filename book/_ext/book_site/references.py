"""References from one page to another, for a chapter that is read alone as a notebook.

Sphinx resolves them on the site. JupyterLab's MyST extension knows only the notebook that is open,
and would show the bare label; equations and theorems of that notebook it numbers itself.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from pybtex.database import Entry, parse_file

ROLE = re.compile(r"\{(ref|doc|term|cite:t|cite:p|numref|prf:ref)\}`(?:([^`<]+) <)?([^`>]+)>?`")
TITLE = re.compile(r"^\((?P<label>[\w:-]+)\)=\n(?P<level>#+) (?P<title>.+)$", re.MULTILINE)
BOX = re.compile(  # a theorem or an exercise
    r"^:+\{(?:prf:\w+|exercise(?:-start)?)\} (?P<title>.+)\n:label: (?P<label>[\w:-]+)$",
    re.MULTILINE,
)


def spell_out(text: str, links: dict[str, str], citations: dict[str, str]) -> str:
    """Return Markdown in which links to other pages and citations stand as they are read.

    Parameters
    ----------
    text : str
        MyST Markdown.
    links : dict of str to str
        What stands for a page, by its label and by its name; from `page_links`.
    citations : dict of str to str
        "Authors (year)", by key; from `author_year`.
    """

    def replace(match: re.Match[str]) -> str:
        role, words, target = match.groups()
        if role == "term":
            return words or target  # the glossary is another page
        if role == "numref":
            # A figure has its number from its caption, on the site.
            begins = text[: match.start()].rstrip()[-1:] in ("", ".", ":", "?")
            return "The figure" if begins else "the figure"
        if role.startswith("cite:"):
            found = [citations[key.strip()] for key in target.split(",")]
            if role == "cite:t":
                return ", ".join(found)
            return "(" + "; ".join(re.sub(r" \((\d+)\)$", r", \1", one) for one in found) + ")"
        if target not in links:
            return match[0]  # in this notebook, or the build has warned of it
        return re.sub(r"^\[[^]]*\]", f"[{words}]", links[target]) if words else links[target]

    return ROLE.sub(replace, text)


def page_links(pages: Iterable[tuple[Path, str]]) -> dict[str, str]:
    """Return what stands for each page, theorem and exercise: a link to the notebook, or the title.

    Parameters
    ----------
    pages : iterable of (Path, str)
        File and Markdown of each page.
    """
    links = {}
    for path, text in pages:
        for found in (*TITLE.finditer(text), *BOX.finditer(text)):
            title = found["title"].strip()
            shown = f"[{title}]({path.name})" if path.suffix == ".ipynb" else f"*{title}*"
            links[found["label"]] = shown
            if found.re is TITLE and found["level"] == "#":
                links[path.stem] = shown
    return links


def author_year(bibliography: Path) -> dict[str, str]:
    """Return "Authors (year)" by key."""
    entries = parse_file(bibliography).entries
    return {key: f"{authors(entry)} ({entry.fields['year']})" for key, entry in entries.items()}


def authors(entry: Entry) -> str:
    """Return the last names, at most three."""
    names = [
        " ".join(map(str, person.rich_prelast_names + person.rich_last_names))
        for person in entry.persons["author"]
    ]
    if len(names) > 3:
        return f"{names[0]} et al."
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
