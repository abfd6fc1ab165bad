"""Invariant Transformer Net: large transformations, learned so that a frozen classifier does not notice them."""
