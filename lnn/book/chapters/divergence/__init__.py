"""The chapter book/divergence.ipynb: what it computes and draws."""
