"""Laboratories: pictures that compute in the page, live and frozen alike.

How to place one
----------------
A laboratory answers the question of a section. In a cell tagged ``hide-input``::

    from lnn.book.labs import valley

    valley.show(w1=0.3, w2=2.0, step=0.2)

That is all. `show` takes any parameters of the laboratory by name: the state in which this section
needs it, to which "Reset" returns. What is left out has its default. ``question=`` replaces the
caption, ``name=`` the name of the place in the page's address ("valley", "valley-2", ... without
it), and ``front=("layers",)`` takes controls out of the fold "More settings". Nothing else has to
be set up: the book's build puts script and style on the pages where a laboratory stands, and
nowhere else.

* On the site it needs no kernel. A reader's state stands in the address
  (``?valley.step=0.3&valley.w1=1.2``), so a link reproduces the picture: to send the reader to a
  state, link to it, e.g. ``[try it](linear_networks.html?valley.step=0.6#valley)``.
* In JupyterLab, Notebook, Colab and the kernel in the browser the same script runs as a widget of
  `anywidget`; the widget's traits are the state.
* Without JavaScript, and in print before it runs, a picture of the placement's state stands there.

The laboratories
----------------
`valley`
    L = (s − w₂w₁)²: ``layers`` (2 or 3), ``w1``, ``w2`` (the start), ``step``, ``steps``,
    ``target``. Path, loss, sharpness against 2/η, imbalance; the verdict in words. With
    ``shows="ends"`` also the minimizers that are flat enough, and where 400 runs end.
`staircase`
    A network learns mode after mode: ``layers``, ``width`` (of the hidden layers), ``spectrum``
    (the targets), ``scale``, ``start`` ("gaussian" or "aligned"), ``seed``, ``step``, ``steps``,
    ``at`` (the step shown). Loss with its plateaus, singular values with the closed form, the rank
    as a pipe; play, step.
`ring`
    A critical point as strings: ``layers``, ``gates`` (which layers pass each of three modes, e.g.
    "111/010/000"). Kind, index, order of flatness, and the loss along the escape.
`step`
    How large a step: ``step``, ``steps``, and a network as for `staircase`. Final loss against the
    step size with the bounds, and the run at one step size.

To let the reader predict first, see `lnn.book.predict`.

How to make one
---------------
Traits in a subclass of `lnn.book.labs.laboratory.Laboratory`, the picture for pages without
scripts in its `draw`, a class in ``_widgets.py``, and a function of the same name in ``lab.js``.
Numbers that the script computes are tested against `lnn` in ``tests/book/labs``.
"""

from lnn.book.labs import ring, staircase, step, valley

__all__ = ["ring", "staircase", "step", "valley"]
