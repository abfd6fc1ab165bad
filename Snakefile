"""Invariscope: what a trained convolutional network has learned to ignore, how far one can push, and how we know.

`snakemake --cores all` builds the studies that params.yaml switches on; `dvc repro` does the same through DVC.
"""

import os
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")
sys.path.insert(0, os.path.join(workflow.basedir, "src"))

from invariscope.provenance import engine

PARAMS = engine.open_params()


report: "workflow/report/workflow.rst"


wildcard_constraints:
    study="[a-z][a-z0-9_]*",
    classifier="[a-z][a-z0-9_]*",
    layer="[a-z][a-z0-9_]*",
    group="[A-Za-z0-9_]+",
    twin="[a-z][a-z0-9_]*",


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/classifiers.smk"
include: "workflow/rules/filter_gan.smk"
include: "workflow/rules/screening.smk"
include: "workflow/rules/transformer.smk"
include: "workflow/rules/generative.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/ground_truth.smk"
include: "workflow/rules/data_figures.smk"
include: "workflow/rules/classifiers_figures.smk"
include: "workflow/rules/filter_gan_figures.smk"
include: "workflow/rules/screening_figures.smk"
include: "workflow/rules/transformer_figures.smk"
include: "workflow/rules/features_figures.smk"
include: "workflow/rules/generative_figures.smk"
include: "workflow/rules/ground_truth_figures.smk"
include: "workflow/rules/explorer.smk"
include: "workflow/rules/papers.smk"


# Files that rules of your own, in workflow/rules/own/, have built besides: they say OWN += [...].
OWN = []
for path in sorted(Path(workflow.basedir, "workflow/rules/own").glob("*.smk")):

    include: path


rule all:
    """Every file that the studies switched on ask for."""
    default_target: True
    input:
        plan.targets(PARAMS),
        OWN,


# Before a run DVC's knowledge becomes Snakemake's, after it Snakemake's DVC's.
engine.link(workflow, PARAMS)
