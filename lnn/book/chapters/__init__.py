"""One folder a chapter, under the notebook's own name: its studies, figures and explorers."""
