"""Judge an Invariant Transformer Net on test images, beside random ones of equal displacement."""

from pathlib import Path
from typing import Any

from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import open_data, write_rows
from invariscope.errors import UserError
from invariscope.files import write_json
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive
from invariscope.transformer import evaluate
from invariscope.transformer.config import TransformerEvaluation
from invariscope.transformer.transformer_file import load_transformer

PARAMS = {"seed": "seed", "evaluation": "{study}.transformer.evaluation"}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    transformer: Path,
    evaluation: Path,
    transformations: Path,
    examples: Path,
    metrics: Path,
) -> None:
    place = open_device(device)
    config = build(TransformerEvaluation, params["evaluation"])
    trained, network, test = (
        load_transformer(transformer, place),
        load_classifier(model, place),
        open_data(data, "test"),
    )
    require_classes(network, test.class_names, model, data)
    if trained.channels != test.shape[0]:
        channels = f"{trained.channels} channels, and {data} has {test.shape[0]}"
        raise UserError(f"{transformer}: is for images of {channels}; run train_transformer again")
    seed = derive(params["seed"], "transformer", study, classifier)
    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    rows = evaluate.evaluate(trained, network, test, config, seed, f"{study} {classifier} transformed images")
    rendering = {"fill": trained.fill, "interpolation": trained.interpolation}
    write_rows(evaluation, [origin | row | rendering for row in rows], evaluate.UNITS)
    learned = evaluate.transformations(trained, config, seed)
    write_rows(transformations, [origin | row for row in learned], evaluate.TRANSFORMATION_UNITS)
    pictures = evaluate.examples(trained, network, test, config)
    write_rows(examples, [origin | row for row in pictures], evaluate.EXAMPLE_UNITS)
    write_json(metrics, evaluate.summarise(rows, learned))
