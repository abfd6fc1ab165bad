"""The traversal explorer: a page on which a layer's latent grids can be walked, made of its tables of traversals."""
