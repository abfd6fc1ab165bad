"""Progress: a line a minute without a terminal, a bar on one."""

import pytest

from invariscope import progress
from invariscope.progress import track


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_without_a_terminal_it_prints_a_line_a_minute_with_the_time_left(clock, capsys) -> None:
    seen = []
    for item in track(range(10), "training", 10):
        clock[0] += 25
        seen.append(item)
    assert seen == list(range(10))
    assert lines(capsys) == [
        "training: 3/10, 75 s, about 175 s left",
        "training: 6/10, 150 s, about 100 s left",
        "training: 9/10, 225 s, about 25 s left",
        "training: 10/10, 250 s, about 0 s left",
    ]


def test_after_a_resumption_only_the_new_steps_count(clock, capsys) -> None:
    for _ in track(range(6, 10), "training", 10, done=6):
        clock[0] += 60
    assert lines(capsys)[0] == "training: 7/10, 60 s, about 180 s left"


def test_nothing_left_to_do_prints_nothing(capsys) -> None:
    assert list(track([], "training", 10, done=10)) == []
    assert lines(capsys) == []


def test_on_a_terminal_it_draws_a_bar(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    assert list(track(range(3), "training", 3)) == [0, 1, 2]
    assert "3/3" in capsys.readouterr().err
