"""What the text of a chapter promises, kept: numbers that are computed, minutes that are measured.

source    the Markdown of a notebook, line by line, with what is folded and what is not
numbers   the numbers in its sentences, each with the expression that gives it
minutes   how long a reading takes

``python -m book_text NOTEBOOK ...`` executes notebooks and writes the numbers anew.
"""
