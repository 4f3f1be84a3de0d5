"""Execute notebooks and write their numbers and outputs anew, in place."""

import argparse
from pathlib import Path

import nbformat

from book_text.numbers import execute, fill, wrong
from book_text.source import collapse


def main() -> None:
    """Read the command line, and say what has changed."""
    parser = argparse.ArgumentParser(prog="python -m book_text", description=__doc__)
    parser.add_argument("notebooks", nargs="+", type=Path)
    for path in parser.parse_args().notebooks:
        notebook = nbformat.read(path, as_version=4)
        executed, values = execute(notebook, str(path.parent))
        for change in wrong(executed, values):
            print(f"{path}: {change}")
        fill(executed, values)
        collapse(executed)
        nbformat.write(executed, path)
        print(f"{path}: executed, {len(values)} numbers")


if __name__ == "__main__":
    main()
