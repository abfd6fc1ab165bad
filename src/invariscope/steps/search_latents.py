"""Search the latent box of an autoencoder for what a classifier's classes and channels answer to, and climb there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import image_column, write_rows, write_table
from invariscope.errors import UserError
from invariscope.features import ascent as ascents
from invariscope.features import latent_box, latent_tables, objectives, relus
from invariscope.features import search as searches
from invariscope.features.ascent import LatentAscent, ascend, paper_ascent
from invariscope.features.config import Units
from invariscope.features.latent_tables import ASCENT, PAPER, Scale
from invariscope.features.objectives import Probe, parse
from invariscope.features.search import LatentSearch, search
from invariscope.files import write_json
from invariscope.generative.autoencoder_file import load_autoencoder
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive
