"""The chapter book/linear_networks.ipynb: what it computes and draws."""
