"""Ground truth: data sets whose factors are known say whether what was found in a network is an invariance."""
