"""A small table: wines of three growers, which the projects read until a reader brings another."""

from importlib.resources import files

WINE = str(files("lnn.book") / "wine.csv")
"""Path of the file: 178 wines, 13 measurements each, and the grower, A, B or C, in the last column.

S. Aeberhard and M. Forina (1992), UCI Machine Learning Repository,
https://doi.org/10.24432/C5PC7J, CC BY 4.0.
"""
