"""Generative networks: latents, and decoders that make images of them."""
