"""Drawing: every figure of the book is one call of a function found here.

``draw_*(ax, ...)`` draws what it is given onto Matplotlib axes, computes nothing, and returns the
artists. Import the module of a topic: ``from lnn.figures import runs``.
"""
