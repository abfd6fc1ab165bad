"""What params.yaml asks for."""

from pathlib import Path

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
