"""The chapter book/first_order.ipynb: what it computes and draws."""
