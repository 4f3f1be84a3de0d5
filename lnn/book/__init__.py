"""What only the book needs: chapters, sliders, style, audit. The numerics never import it."""
