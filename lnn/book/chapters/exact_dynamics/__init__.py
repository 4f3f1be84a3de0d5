"""The chapter book/exact_dynamics.ipynb: what it computes and draws."""
