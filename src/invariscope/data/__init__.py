"""Data sets: each source becomes one Parquet table of images, labels, splits and known factors."""
