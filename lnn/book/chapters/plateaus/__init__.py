"""The chapter book/plateaus.ipynb: what it computes and draws."""
