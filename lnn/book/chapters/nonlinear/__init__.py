"""The chapter book/nonlinear.ipynb: what it computes and draws."""
