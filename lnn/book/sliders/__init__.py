"""Explorers: figures with sliders, live where a kernel runs, frozen where the book is built."""
