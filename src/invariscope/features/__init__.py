"""Feature visualisation: images that make chosen units of a network answer most, and how we know."""

from invariscope.features.robustness import Robustness, lucid, paper
from invariscope.features.visualize import Visualization, visualize

__all__ = ["Robustness", "Visualization", "lucid", "paper", "visualize"]
