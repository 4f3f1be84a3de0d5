"""The chapter book/step_size.ipynb: what it computes and draws."""
