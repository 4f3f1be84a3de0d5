"""The audit of the report: its words, measurements, and verdicts that each can be wrong.

items     what an item is, and the list of all of them, `items()`
verdicts  the kinds of verdicts and the rules that make one of a measurement
section*  the items, in the order of the report; section5_4 is its experiment on step sizes
printed   the report's formulas for the step size, exactly as printed
cases     data and networks that several items are tested on
asides    the report's sentences that state no fact
cards     how an item reads on a page
table     all items as CSV and JSON
"""
