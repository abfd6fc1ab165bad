"""Figures as files: the same in pixels and in vectors, equal bytes of equal content, fonts and sizes fit for print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from invariscope.figures import style
from tests.conftest import ROOT

CROWD = 40_000
DRAW = """
import sys
from pathlib import Path
from tests.figures.test_style import draw
draw([Path(sys.argv[1])])
"""


def draw(files: style.Files, marks: int = 50) -> None:
    """A line with a legend outside, marks, and letters of several kinds."""
    rows = np.random.default_rng(0).random((marks, 2))
    with style.figure(files) as figure:
        axes = figure.subplots()
        axes.scatter(*rows.T, label="scattered")
        axes.plot(*rows.T, "o", label="½ → Fréchet\N{MINUS SIGN}")
        axes.plot((0, 1), (1, 0), label="line")
        axes.set(xlabel="share (%)", title="A title")
        figure.legend(loc="outside lower center", ncols=3)


def test_every_file_that_is_asked_for_is_written_in_its_format(tmp_path: Path) -> None:
    draw([tmp_path / "figure.png", tmp_path / "figure.pdf"])
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("marks", [50, CROWD])
def test_the_pixels_are_the_same_with_and_without_vectors_beside_them(tmp_path: Path, marks: int) -> None:
    draw(tmp_path / "alone.png", marks)
    draw([tmp_path / "beside.png", tmp_path / "beside.pdf"], marks)
    assert (tmp_path / "alone.png").read_bytes() == (tmp_path / "beside.png").read_bytes()


def test_equal_figures_are_equal_bytes_in_every_process(tmp_path: Path) -> None:
    for seed in ("0", "1"):
        command = [sys.executable, "-c", DRAW, str(tmp_path / f"{seed}.pdf")]
        subprocess.run(command, check=True, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": seed})
    assert (tmp_path / "0.pdf").read_bytes() == (tmp_path / "1.pdf").read_bytes()


@pytest.mark.parametrize("format", ["png", "pdf"])
def test_the_solvers_last_bits_do_not_show(format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def draw_parts(name: str) -> bytes:
        with style.figure(tmp_path / f"{name}.{format}") as figure:
            upper, lower = figure.subfigures(2, 1)
            upper.subplots().plot((0, 1))
            lower.subplots().imshow(np.eye(3))
        return (tmp_path / f"{name}.{format}").read_bytes()

    plain, solve = draw_parts("plain"), ConstrainedLayoutEngine.execute

    def noisy(engine: ConstrainedLayoutEngine, figure: Figure) -> None:
        solve(engine, figure)
        for part in figure.findobj(SubFigure):
            part.bbox_relative.set_points(part.bbox_relative.get_points() - 1e-15)

    monkeypatch.setattr(ConstrainedLayoutEngine, "execute", noisy)
    assert draw_parts("noisy") == plain


def test_vectors_carry_no_date_and_their_fonts_as_truetype(tmp_path: Path) -> None:
    draw(tmp_path / "figure.pdf")
    content = (tmp_path / "figure.pdf").read_bytes()
    assert b"/CreationDate" not in content and b"/Producer (Invariscope)" in content
    assert b"/FontFile2" in content and b"/Type3" not in content


def test_the_layout_is_that_of_the_first_file(tmp_path: Path, saved: list[Figure]) -> None:
    draw(tmp_path / "alone.png")
    draw([tmp_path / "figure.png", tmp_path / "figure.pdf"])
    alone, _, both = saved
    assert alone is not both and alone.axes[0].get_position().bounds == both.axes[0].get_position().bounds


def test_many_marks_become_pixels_and_few_stay_vectors(tmp_path: Path) -> None:
    draw(tmp_path / "few.pdf")
    draw(tmp_path / "many.pdf", CROWD)
    few, many = ((tmp_path / name).read_bytes() for name in ("few.pdf", "many.pdf"))
    assert b"/Subtype /Image" not in few and b"/Subtype /Image" in many
    assert len(many) < 1_000_000


def test_the_rules_declare_vectors_beside_pixels_and_the_steps_take_both() -> None:
    rules = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow/rules").glob("*_figures.smk"))
    vectors = re.findall(r'^ +"(\S+)\.pdf",$', rules, re.MULTILINE)
    assert len(vectors) > 30
    assert {f'"{name}.png",' for name in vectors} <= set(rules.split())
    for rule in re.split(r"(?m)^rule ", rules)[1:]:
        step = rule.partition(":")[0]
        if step.startswith("plot_"):
            code = (ROOT / f"src/invariscope/steps/{step}.py").read_text(encoding="utf-8")
            for option, both in re.findall(r"(?m)^        (\w+)=(\[)?(?:\n +)?report\(", rule):
                assert re.search(rf"\b{option}: {'list.Path.' if both else 'Path'}", code), f"{step}: {option}"
