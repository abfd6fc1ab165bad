"""Invariscope: what a trained convolutional network has learned to ignore, how far one can push, and how we know."""

__version__ = "0.1.0"
