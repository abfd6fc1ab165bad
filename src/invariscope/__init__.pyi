# For type checkers: the names of public.py.
from invariscope.classifiers.evaluation import judge as evaluate_classifier
from invariscope.classifiers.evaluation import predict as predict
from invariscope.classifiers.initial import new_classifier as new_classifier
from invariscope.classifiers.model_file import load_classifier as load_classifier
from invariscope.classifiers.model_file import save_classifier as save_classifier
from invariscope.classifiers.training import Training as ClassifierTraining
from invariscope.classifiers.training import train as train_classifier
from invariscope.data.drawn import draw_digits as draw_digits
from invariscope.data.drawn import draw_shapes as draw_shapes
from invariscope.data.table import Images as Images
from invariscope.data.table import balanced as balanced
from invariscope.data.table import open_data as open_data
from invariscope.data.table import read_data as read_data
from invariscope.data.table import write_data as write_data
from invariscope.errors import UserError as UserError
from invariscope.features.visualize import visualize as visualize
from invariscope.filter_gan.config import FilterGanConfig as FilterGanConfig
from invariscope.filter_gan.config import Traversal as Traversal
from invariscope.filter_gan.generator_file import load_with_classifier as load_filter_gan
from invariscope.filter_gan.generator_file import save_generator as save_filter_gan
from invariscope.filter_gan.orbit_pooling import pooled_classifier as pooled_classifier
from invariscope.filter_gan.train import train as train_filter_gan
from invariscope.filter_gan.traversal import summarise as summarise_traversal
from invariscope.filter_gan.traversal import traverse as traverse
from invariscope.generative.config import DcganTraining as DcganTraining
from invariscope.generative.config import GenerativeEvaluation as GenerativeEvaluation
from invariscope.generative.config import Phases as DcganPhases
from invariscope.generative.config import VariationalTraining as VariationalTraining
from invariscope.generative.dcgan_train import train as train_dcgan
from invariscope.generative.evaluate import evaluate as evaluate_generative
from invariscope.generative.network_file import load_network as load_generative
from invariscope.generative.network_file import save_network as save_generative
from invariscope.generative.train import train as train_autoencoder
from invariscope.ground_truth.twins import load_twins as load_twins
from invariscope.invariance.lie_derivative import lie_errors as lie_errors
from invariscope.invariance.motions import Motion as Motion
from invariscope.screening.config import Rendering as Rendering
from invariscope.screening.config import Thresholds as Thresholds
from invariscope.screening.config import conditions as screening_conditions
from invariscope.screening.config import groups_of as class_groups
from invariscope.screening.screen import screen as screen
from invariscope.screening.thresholds import threshold_rows as threshold_rows
from invariscope.transformer.config import TransformerEvaluation as TransformerEvaluation
from invariscope.transformer.config import TransformerTraining as TransformerTraining
from invariscope.transformer.evaluate import evaluate as evaluate_transformer
from invariscope.transformer.train import train as train_transformer
from invariscope.transformer.transformer_file import load_transformer as load_transformer
from invariscope.transformer.transformer_file import save_transformer as save_transformer
from invariscope.unpooling.config import UnpoolingTraining as UnpoolingTraining
from invariscope.unpooling.evaluate import Locator as Locator
from invariscope.unpooling.evaluate import evaluate as evaluate_unpooling
from invariscope.unpooling.mirror_file import load_mirrors as load_mirrors
from invariscope.unpooling.mirror_file import save_mirrors as save_mirrors
from invariscope.unpooling.scenes import open_source as open_drawn_source
from invariscope.unpooling.train import train as train_unpooling

__version__: str
__all__ = [
    "ClassifierTraining",
    "DcganPhases",
    "DcganTraining",
    "FilterGanConfig",
    "GenerativeEvaluation",
    "Images",
    "Locator",
    "Motion",
    "Rendering",
    "Thresholds",
    "TransformerEvaluation",
    "TransformerTraining",
    "Traversal",
    "UnpoolingTraining",
    "UserError",
    "VariationalTraining",
    "balanced",
    "class_groups",
    "draw_digits",
    "draw_shapes",
    "evaluate_classifier",
    "evaluate_generative",
    "evaluate_transformer",
    "evaluate_unpooling",
    "lie_errors",
    "load_classifier",
    "load_filter_gan",
    "load_generative",
    "load_mirrors",
    "load_transformer",
    "load_twins",
    "new_classifier",
    "open_data",
    "open_drawn_source",
    "pooled_classifier",
    "predict",
    "read_data",
    "save_classifier",
    "save_filter_gan",
    "save_generative",
    "save_mirrors",
    "save_transformer",
    "screen",
    "screening_conditions",
    "summarise_traversal",
    "threshold_rows",
    "train_autoencoder",
    "train_classifier",
    "train_dcgan",
    "train_filter_gan",
    "train_transformer",
    "train_unpooling",
    "traverse",
    "visualize",
    "write_data",
]
