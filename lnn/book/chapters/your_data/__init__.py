"""The chapter book/your_data.ipynb: what it computes and draws."""
