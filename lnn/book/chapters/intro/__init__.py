"""The chapter book/intro.ipynb: what it computes and draws."""
