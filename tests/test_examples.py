"""Every example runs by itself, from any folder, writes nothing but where it is told to, and shows what it is about."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py"))
CHANCE = 0.1  # of ten digits


def run(name: str, folder: Path) -> str:
    """What an example prints, run in an empty folder that it must leave empty."""
    here, out = folder / "here", folder / "out"
    here.mkdir()
    out.mkdir()
    command = [sys.executable, str(FOLDER / f"{name}.py"), str(out)]
    done = subprocess.run(command, cwd=here, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not list(here.iterdir())
    return done.stdout


def numbers(pattern: str, text: str) -> list[float]:
    """Of all matches, in order; there must be some. `#` in a pattern is a number."""
    found = [float(match) for match in re.findall(pattern.replace("#", r"([-+]?\d+(?:\.\d+)?)"), text)]
    assert found, f"{pattern!r} is not in:\n{text}"
    return found


def classifier(text: str) -> None:
    assert min(numbers(r"test accuracy #", text)) > 5 * CHANCE
    assert "answers alike: True" in text


def filter_gan(text: str) -> None:
    generated, real = numbers("accuracy # with one generated", text)[-1], numbers("# with the real one", text)[-1]
    assert 3 * CHANCE < generated < real
    assert numbers("spread #", text)[-1] > 0.1  # the banks differ
    assert numbers("residual of the activations: #", text)[0] > numbers("then #", text)[0] > 0
    assert numbers("keep their class: #", text)[0] > 5 * CHANCE
    assert numbers("pooled over banks: accuracy #", text)[0] > 3 * CHANCE


def screening(text: str) -> None:
    curve = numbers(r"rotation by .* degrees: accuracy #", text)
    assert max(curve) == curve[len(curve) // 2] > 2 * max(curve[0], curve[-1])  # the clean images, in the middle
    assert 0 < numbers(r"threshold of rotation, positive: #", text)[0] < 90
    assert -90 < numbers(r"threshold of rotation, negative: #", text)[0] < 0


def transformer(text: str) -> None:
    small, large = (numbers(f"alpha, learned, strength {s}: displacement #", text)[0] for s in ("0.5", "1.0"))
    assert 0 < small < large
    clean, learned = (numbers(f"alpha, {kind}, .*accuracy #", text)[-1] for kind in ("identity", "learned"))
    assert learned > clean - 0.15 > 3 * CHANCE


def features(text: str) -> None:
    assert len(numbers("class:\\d: #", text)) == 10
    assert numbers("conv4:5: #", text)[0] > 0
    assert numbers("taken for their class: #", text)[0] > 5 * CHANCE


def generative(text: str) -> None:
    assert numbers("variational: error #", text)[0] < 0.8 * numbers("of the mean image #", text)[0]
    real = numbers("distance of real, codes real: #", text)[0]
    assert 0 < real < min(numbers("distance of (?:variational|dcgan), codes drawn: #", text))


def unpooling(text: str) -> None:
    with_switches, without = numbers("IoU with switches #", text)[0], numbers("without #", text)[0]
    assert with_switches > without > 0 and with_switches > 0.25


def ground_truth(text: str) -> None:
    varied, fixed = (numbers(f"{twin}: rotation is noticed from #", text)[0] for twin in ("varied", "fixed"))
    assert varied > 1.3 * fixed > 0
    varied, fixed = (numbers(f"{twin}: accuracy on turned digits #", text)[0] for twin in ("varied", "fixed"))
    assert varied > 1.3 * fixed > 0
    assert min(numbers("under rotation #", text)) > 0


CHECKS: dict[str, Callable[[str], None]] = {
    check.__name__: check
    for check in (classifier, filter_gan, screening, transformer, features, generative, unpooling, ground_truth)
}


def test_every_example_has_its_check() -> None:
    assert sorted(CHECKS) == EXAMPLES, "say in CHECKS what a new example's output must show"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_shows_what_it_is_about(name: str, tmp_path: Path) -> None:
    text = run(name, tmp_path)
    shares = re.findall(r"(?:accuracy|accuracy on \w+ digits|IoU with switches) (\S*\d)", text)
    assert all(0 <= float(share) <= 1 for share in shares)
    CHECKS[name](text)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_needs_public_names_alone(name: str) -> None:
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert "from invariscope import" in text and "# %%" in text
    assert not re.search(r"invariscope\.\w+", text)
    assert 20 <= len(text.splitlines()) <= 60
