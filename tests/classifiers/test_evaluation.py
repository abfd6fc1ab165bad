"""Logits and confusions do not depend on how images come: in which blocks, from memory or from disk."""

from pathlib import Path

import numpy as np
import pytest
import torch

from invariscope.classifiers import evaluation
from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images, open_data, write_data


@pytest.fixture
def classifier(block: dict, train_images: Images) -> Classifier:
    return new_classifier(block, train_images, 0, torch.device("cpu")).eval()


def test_logits_do_not_depend_on_what_an_image_comes_with(classifier: Classifier, test_images: Images) -> None:
    pixels = np.tile(test_images.pixels, (8, 1, 1, 1))[:301]  # a whole block and a piece
    together = evaluation.predict(classifier, pixels)
    assert torch.equal(together[300:], evaluation.predict(classifier, pixels[300:]))
    assert torch.equal(together[:7], evaluation.predict(classifier, pixels[:7]))
    with torch.no_grad():
        assert torch.allclose(together[:7], classifier(torch.from_numpy(pixels[:7]) / 255), atol=1e-5)


def test_where_a_gpu_is_full_half_a_block_is_judged_at_once(
    classifier: Classifier, test_images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.tile(test_images.pixels, (8, 1, 1, 1))[:301]
    expected, forward = evaluation.predict(classifier, pixels), classifier.forward

    def crowded(x: torch.Tensor) -> torch.Tensor:
        if len(x) > 125:
            raise torch.OutOfMemoryError
        return forward(x)

    monkeypatch.setattr(classifier, "forward", crowded)
    assert torch.allclose(evaluation.predict(classifier, pixels), expected, atol=1e-5)


def test_confusion_counts_true_by_row_and_predicted_by_column(monkeypatch, classifier: Classifier) -> None:
    labels = np.array([0, 0, 1, 3, 3])
    images = Images(np.arange(5), np.zeros((5, 1, 12, 12), np.uint8), labels, classifier.class_names, {})
    predicted = torch.tensor([0, 2, 1, 3, 0])
    monkeypatch.setattr(evaluation, "predict", lambda *_: torch.eye(4)[predicted])
    counts = evaluation.confusion(classifier, images)
    assert counts.tolist() == [[1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 1]]
    assert evaluation.accuracy(counts) == 0.6 == evaluation.judge(classifier, images)["accuracy"]
    columns, _ = evaluation.class_accuracy_table(counts, classifier.class_names, {"seed": 0})
    assert columns["accuracy"].to_pylist() == [0.5, 1.0, None, 0.5]
    assert list(columns["n_images"]) == [2, 1, 0, 2]
    columns, _ = evaluation.confusion_table(counts, classifier.class_names, {"seed": 0})
    cells = zip(columns["class_name"], columns["predicted_class"], columns["n_images"], strict=True)
    assert ("left", "top", 1) in {(true, taken, int(count)) for true, taken, count in cells}
    assert len(columns["seed"]) == 16


def test_images_on_disk_are_judged_as_those_in_memory(
    classifier: Classifier, test_images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_data(tmp_path / "data.parquet", {"test": test_images})
    stored = open_data(tmp_path / "data.parquet", "test")
    monkeypatch.setattr(evaluation, "BLOCK", 7)
    assert evaluation.judge(classifier, stored) == evaluation.judge(classifier, test_images)
    np.testing.assert_array_equal(
        evaluation.confusion(classifier, stored), evaluation.confusion(classifier, test_images)
    )
    assert evaluation.confusion(classifier, stored).sum() == len(test_images) > 7


def test_large_images_come_in_smaller_blocks() -> None:
    assert evaluation.block_size((3, 28, 28)) == evaluation.block_size((3, 64, 64)) == 250
    assert evaluation.block_size((3, 224, 224)) == 39 and evaluation.block_size((3, 3000, 3000)) == 1
