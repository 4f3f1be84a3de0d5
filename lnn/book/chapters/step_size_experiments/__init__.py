"""The chapter book/step_size_experiments.ipynb: what it computes and draws."""
