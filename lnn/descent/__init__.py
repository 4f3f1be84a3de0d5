"""Gradient descent, gradient flow, and how long they rest on plateaus."""
