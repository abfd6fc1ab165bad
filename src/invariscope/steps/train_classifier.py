"""Train a classifier, or take given weights, and judge it on the test split."""

from pathlib import Path
from typing import Any

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers import evaluation, training
from invariscope.classifiers.architectures import architecture_of
from invariscope.classifiers.model_file import load_classifier, save_classifier
from invariscope.data.table import Images, read_data, read_table, write_table
from invariscope.files import write_json
from invariscope.params import build
from invariscope.runtime import open_device

PARAMS = {"seed": "seed", "block": "{study}.classifiers.{classifier}"}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    history: Path,
    class_accuracy: Path,
    confusion: Path,
    metrics: Path,
) -> None:
    place = open_device(device)
    images, test = read_data(data, "train"), read_data(data, "test")
    config = dict(params["block"])
    settings = build(training.Training, config.pop("training"))
    network = training.new_classifier(config, images, params["seed"], place)
    code = [Path(str(module.__file__)) for module in (training, architecture_of(config))]
    checkpoint = Checkpoint({"step": "train_classifier", **params}, [data, *code])
    label = f"{study} {classifier}"
    rows = training.train(network, settings, images, monitored(data, test), params["seed"], checkpoint, label)
    save_classifier(network, model)

    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    write_table(history, *training.history_table(rows, origin))
    trained = load_classifier(model, place)  # what every later step will see
    counts = evaluation.confusion(trained, test)
    write_table(class_accuracy, *evaluation.class_accuracy_table(counts, trained.class_names, origin))
    write_table(confusion, *evaluation.confusion_table(counts, trained.class_names, origin))
    write_json(metrics, evaluation.metrics(trained, images, counts))
    checkpoint.remove()


def monitored(data: Path, test: Images) -> dict[str, Images]:
    """The split judged after every epoch: validation if the data have one, else test. Nothing is selected on it."""
    if "validation" in read_table(data, ["split"])["split"].unique().to_pylist():
        return {"validation": read_data(data, "validation")}
    return {"test": test}
