"""Training of a filter-GAN on a small classifier."""

import copy
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.filter_gan.config import PRESETS, FilterGanConfig, layer_config
from invariscope.filter_gan.generator_file import load_generator, save_generator
from invariscope.filter_gan.train import COLUMNS, UNITS, Run, draw_batch, train
from invariscope.schedule import falling
from tests.filter_gan.small import SmallClassifier

CONFIG = FilterGanConfig(
    latent_dimension=4,
    iterations=12,
    batch_size=16,
    generator_width=16,
    discriminator_width=8,
    log_every=5,
    log_banks=2,
    log_images=100,
)
CPU = torch.device("cpu")


def test_seeds_matter_and_equal_seeds_agree(classifier: SmallClassifier, images: Images, held_out: Images) -> None:
    runs = [train(classifier, "conv2", replace(CONFIG, iterations=2), images, held_out, seed)[0] for seed in (1, 1, 2)]
    weights = [run.layers[4].weight for run in runs]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_history_has_a_row_every_so_often_and_the_last(
    classifier: SmallClassifier, images: Images, held_out: Images
) -> None:
    _, rows = train(classifier, "conv1", CONFIG, images, held_out, seed=0)
    assert [row["iteration"] for row in rows] == [5, 10, 12]
    assert all(list(row) == list(COLUMNS) == list(UNITS) for row in rows)


@pytest.mark.parametrize("sees", ["convolution", "representation"])
@pytest.mark.parametrize("loss", ["minimax", "non_saturating"])
def test_the_classifier_stays_as_it_is(
    classifier: SmallClassifier, images: Images, held_out: Images, sees: str, loss: str
) -> None:
    before = copy.deepcopy(classifier.state_dict())
    train(classifier, "conv2", replace(CONFIG, iterations=3, sees=sees, loss=loss), images, held_out, seed=0)
    assert not classifier.training
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in classifier.modules())


def test_the_discriminator_sees_what_it_is_told(classifier: SmallClassifier, images: Images, held_out: Images) -> None:
    x = images.tensors()[0][:8]
    normalised = (x - 0.3) / 0.4
    for sees, end in (("convolution", 5), ("representation", 7)):
        run = Run(classifier, "conv2", replace(CONFIG, sees=sees), images, held_out, 0)
        found = run.seen(run.layer.convolution(run.below(torch.arange(8))[0]))
        torch.testing.assert_close(found, classifier.network[:end](normalised))


def test_an_iteration_moves_what_algorithm_1_says(
    classifier: SmallClassifier, images: Images, held_out: Images
) -> None:
    run = Run(classifier, "conv2", CONFIG, images, held_out, 0)
    before = {name: copy.deepcopy(getattr(run, name).state_dict()) for name in ("generator", "discriminator")}
    run.advance(0)
    for name in ("generator", "discriminator"):
        for key, value in getattr(run, name).named_parameters():
            assert not torch.equal(value, before[name][key]), key
    assert all(parameter.requires_grad for parameter in run.discriminator.parameters())


def test_without_the_code_the_code_head_learns_nothing(
    classifier: SmallClassifier, images: Images, held_out: Images
) -> None:
    run = Run(classifier, "conv2", replace(CONFIG, code_weight=0.0), images, held_out, 0)
    before = run.discriminator.code_head.weight.clone()
    run.advance(0)
    assert torch.equal(run.discriminator.code_head.weight, before)


def test_with_a_spread_to_hold_there_are_half_as_many_images_as_codes() -> None:
    chosen, z = draw_batch(replace(CONFIG, batch_size=7, spread_weight=1.0), 1000, seed=0, iteration=3)
    assert len(set(chosen.tolist())) == 4
    assert len({tuple(code) for code in z.tolist()}) == 7
    alone, _ = draw_batch(replace(CONFIG, batch_size=7, spread_weight=0.0), 1000, seed=0, iteration=3)
    assert len(set(alone.tolist())) == 7
    with pytest.raises(UserError, match="batch_size: 1 leaves no pair"):
        draw_batch(replace(CONFIG, batch_size=1, spread_weight=1.0), 1000, seed=0, iteration=3)


def test_the_learning_rate_falls_over_the_last_share() -> None:
    config = replace(CONFIG, iterations=100, decay=0.4)
    rates = [falling(iteration, config.iterations, config.decay) for iteration in range(100)]
    assert rates[:61] == [1.0] * 61 and rates[80] == pytest.approx(0.5) and 0 < rates[99] < 0.03
    assert falling(99, config.iterations, 0.0) == 1


def test_the_real_bank_is_held_and_lacks_all_spread(
    classifier: SmallClassifier, images: Images, held_out: Images
) -> None:
    run = Run(classifier, "conv2", replace(CONFIG, spread_target=0.7), images, held_out, 0)
    below = run.below(torch.arange(8))
    real, codes = run.layer.convolution(below[0]), torch.arange(15) % 8  # one image has a single code
    answers, shortfall = run.held(real, real[codes], below, codes)
    assert answers.item() == pytest.approx(0, abs=1e-5) and shortfall.item() == pytest.approx(0.49, rel=1e-3)
    noise = 3 * run.variance.sqrt() * torch.randn(15, *real.shape[1:], generator=torch.Generator().manual_seed(0))
    answers, shortfall = run.held(real, real[codes] + noise, below, codes)
    assert answers.item() > 0.1 and shortfall.item() == 0


def test_a_layer_without_variation_is_refused(images: Images, held_out: Images, classifier: SmallClassifier) -> None:
    dead = copy.deepcopy(classifier)
    dead.network.conv2.weight.data.zero_()
    with pytest.raises(UserError, match="'conv2': gives every image the same activations"):
        Run(dead, "conv2", CONFIG, images, held_out, 0)


def test_training_makes_banks_that_the_classifier_can_use(
    classifier: SmallClassifier, images: Images, held_out: Images
) -> None:
    config = replace(CONFIG, iterations=250, learning_rate=1e-3, code_weight=0.05, generator_width=32, log_every=125)
    untrained = Run(classifier, "conv2", config, images, held_out, 0)
    start = untrained.monitor.judge(untrained.generator)
    _, rows = train(classifier, "conv2", config, images, held_out, seed=0)
    assert rows[-1]["real_accuracy"] > 0.9
    assert rows[-1]["single_bank_accuracy"] > start["single_bank_accuracy"] + 0.2
    assert rows[-1]["weight_spread"] > 0.05
    assert rows[-1]["code_error"] < 0.8


def test_our_terms_keep_answers_and_spread(classifier: SmallClassifier, images: Images, held_out: Images) -> None:
    config = replace(CONFIG, iterations=180, learning_rate=1e-3, log_every=60, spread_target=0.9, decay=0.0)
    rows = {}
    for preset in ("held_spread", "adversarial_only"):
        values = asdict(config) | PRESETS[preset]
        _, rows[preset] = train(classifier, "conv2", FilterGanConfig(**values), images, held_out, seed=0)
    ours, plain = rows["held_spread"], rows["adversarial_only"]
    assert ours[0]["single_bank_accuracy"] > plain[0]["single_bank_accuracy"] + 0.05
    assert ours[-1]["activation_spread"] > plain[-1]["activation_spread"] + 0.05


def test_a_generator_survives_its_file(tmp_path: Path) -> None:
    from invariscope.filter_gan.networks import Generator

    torch.manual_seed(0)
    generator = Generator(4, 16, (3, 2, 5, 5), scale=0.3)
    path = tmp_path / "generator.safetensors"
    save_generator(generator, "features.3", CONFIG, path)
    first = path.read_bytes()
    save_generator(generator, "features.3", CONFIG, path)
    assert path.read_bytes() == first
    loaded, module = load_generator(path, CPU)
    z = torch.randn(2, 4)
    assert module == "features.3" and torch.equal(loaded(z), generator(z))
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_files_that_hold_no_generator_are_named(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "generator.safetensors"
    with pytest.raises(UserError, match=r"generator\.safetensors: no such file"):
        load_generator(path, CPU)
    path.write_bytes(b"not tensors at all")
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_generator(path, CPU)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(UserError, match="holds no filter-GAN generator"):
        load_generator(path, CPU)


def test_a_layers_block_overrides_the_study() -> None:
    training = {"iterations": 500, "code_weight": 1}
    assert layer_config(training, {}, "conv2") == ("conv2", FilterGanConfig(iterations=500, code_weight=1.0))
    path, config = layer_config(training, {"module": "features.8", "iterations": 9}, "deep")
    assert path == "features.8" and config.iterations == 9 and config.code_weight == 1
    with pytest.raises(UserError, match="no parameter"):
        layer_config(training, {"iteration": 3}, "conv2")


def test_a_preset_replaces_what_the_block_says() -> None:
    training = {"preset": "held_spread", "loss": "non_saturating", "code_weight": 0.03, "answer_weight": 3.0}
    assert layer_config(training, {}, "conv2")[1] == FilterGanConfig()
    _, paper = layer_config(training, {"preset": "algorithm_1", "iterations": 9}, "conv2")
    assert paper.preset == "algorithm_1" and paper.loss == "minimax" and paper.iterations == 9
    assert paper.answer_weight == paper.spread_weight == paper.decay == 0 and paper.code_weight == 0.03
    assert not paper.spectral_norm
    assert layer_config(training, {}, "conv2", "without_answers")[1].answer_weight == 0
