"""What params.yaml asks for."""

from pathlib import Path
from typing import Any

from invariscope import plan


def params(weights: str, studies: list[str]) -> dict:
    blocks = {"net": {"architecture": "alexnet", "weights": weights}, "plain": {"architecture": "alexnet"}}
    return {"studies": studies, "own": {"data": {}, "classifiers": blocks}}


def test_weights_in_a_file_are_an_input_and_published_ones_are_not() -> None:
    assert plan.weights_files(params("nets/mine.pt", []), "own", "net") == ["nets/mine.pt"]
    assert plan.weights_files(params("IMAGENET1K_V1", []), "own", "net") == []
    assert plan.weights_files(params("nets/mine.pt", []), "own", "plain") == []


def test_only_studies_switched_on_need_their_weights(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    assert plan.missing_weights(params(str(path), [])) == []
    assert plan.missing_weights(params(str(path), ["own"])) == [f"own.classifiers.net.weights: {str(path)!r}"]
    path.touch()
    assert plan.missing_weights(params(str(path), ["own"])) == []


def test_classifiers_are_compared_where_there_are_two() -> None:
    screening: dict[str, Any] = {"classifiers": ["net"]}
    study = {"data": {}, "classifiers": {"net": {}, "plain": {}}, "screening": screening}
    tree = {"studies": ["own"], "own": study}
    assert not any("comparison" in file or "sensitivity" in file for file in plan.targets(tree))
    screening |= {"classifiers": ["net", "plain"], "sensitivity": {}}
    files = plan.targets(tree)
    assert "results/own/comparison/thresholds.parquet" in files
    assert {f"results/own/{net}/screening/sensitivity.png" for net in ("net", "plain")} <= set(files)


def test_a_file_of_classes_is_an_input_and_published_ones_are_not(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    for classes, files in {str(path): [str(path)], "list.txt": ["list.txt"], "alexnet.IMAGENET1K_V1": []}.items():
        tree = {"studies": ["own"], "own": {"data": {"classes": classes}}}
        assert plan.class_files(tree, "own") == files
        assert plan.missing_class_files(tree) == [f"own.data.classes: {file!r}" for file in files]
        assert plan.missing_class_files(tree | {"studies": []}) == []
    assert plan.class_files(params("IMAGENET1K_V1", []), "own") == []
    path.touch()
    assert plan.missing_class_files({"studies": ["own"], "own": {"data": {"classes": str(path)}}}) == []


def test_only_what_a_study_asks_for_is_made_of_its_filter_gans() -> None:
    block = {"layers": {"net": {"conv2": {}, "conv4": {}}, "plain": {"conv4": {}}}, "presets": []}
    study = {"data": {}, "classifiers": {"net": {}, "plain": {}}, "filter_gan": block}
    tree = {"studies": ["own"], "own": study}
    assert plan.compared_classifiers(tree, "own") == {"net": ["conv2", "conv4"]}  # in one with two layers
    files = plan.targets(tree)
    assert "results/own/net/filter_gan/layers.json" in files and "results/own/plain/filter_gan/layers.json" not in files
    assert not any("presets" in file or "augmentation" in file for file in files)
    block |= {"presets": ["algorithm_1"], "augmentation": {"layers": ["conv4"]}}
    files = plan.targets(tree)
    augmented = {file for file in files if file.endswith("augmentation.png")}
    assert augmented == {f"results/own/{net}/filter_gan/conv4/augmentation.png" for net in ("net", "plain")}
    assert "results/own/net/filter_gan/conv2/presets.png" in files


def test_the_explorer_has_the_layers_of_the_studies_switched_on() -> None:
    study = {"data": {}, "classifiers": {"net": {}}, "filter_gan": {"layers": {"net": {"conv2": {}}}, "presets": []}}
    tree = {"studies": ["own"], "own": study, "off": study}
    made = {file for file in plan.targets(tree) if "explorer" in file}
    assert made == {f"results/explorer/{name}" for name in ("index.html", "own-net-conv2.js", "own-net-conv2.png")}
    del study["filter_gan"]
    assert not any("explorer" in file for file in plan.targets(tree))
