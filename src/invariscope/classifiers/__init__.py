"""Networks that answer what an image shows: architectures, training, files, and surgery on their filters."""
