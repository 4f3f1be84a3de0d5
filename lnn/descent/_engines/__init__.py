"""The engines of descent (`stacked`, `compiled`), and `choice`, where one of them is chosen."""
