"""What only the book needs: chapters, sliders, style, audit. The numerics never import it."""

from lnn.book._extras import require

require("matplotlib", "figures")
