"""Where in an image is what a classifier recognised? Its mirror, with unpooling for pooling, draws a map of classes."""
