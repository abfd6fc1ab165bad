"""The ledger between Snakemake and DVC. Nothing else in the package knows of either."""
