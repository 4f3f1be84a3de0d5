"""The engines of descent, and the one place where one of them is chosen."""
