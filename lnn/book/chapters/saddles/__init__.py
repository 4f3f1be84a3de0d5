"""The chapter book/saddles.ipynb: what it computes and draws."""
