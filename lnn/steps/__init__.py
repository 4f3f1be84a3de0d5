"""Step sizes: balance, bounds that prove convergence or forbid it, and the search for failure."""
