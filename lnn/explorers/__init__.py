"""The book's explorers, one module a chapter; each is drawn, shown and tested through its name."""
