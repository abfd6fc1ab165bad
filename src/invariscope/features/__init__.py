"""Feature visualisation: images that make chosen units of a network answer most, and how we know."""
