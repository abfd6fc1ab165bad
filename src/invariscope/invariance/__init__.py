"""What a network has learned to ignore: attributes of images, and how far they move."""
