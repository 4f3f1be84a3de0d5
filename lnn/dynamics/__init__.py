"""Modes, and the closed forms of their growth."""
