"""The command line: what it calls, and one line for everything that a user can cause."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from invariscope import steps
from invariscope.__main__ import main, step_names

FAKE = '''
"""A step that does what it is told.

And says more.
"""
import errno, sys, time
from pathlib import Path

from invariscope.errors import UserError
from invariscope.files import replacing

PARAMS = {"seed": "seed", "screening": "{study}.screening.batch_size"}


class OutOfMemoryError(RuntimeError):
    """As torch has one."""


def run(params, device, data_root, study, *, told: Path, many_files: list[Path]) -> None:
    print("said", params, device, data_root, study, *many_files)
    match told.name:
        case "user": raise UserError("table.parquet: has no rows;\\nmake some")
        case "bug": raise ZeroDivisionError("ours")
        case "space": raise OSError(errno.ENOSPC, "No space left on device", "out.parquet")
        case "arrow": raise OSError("[Errno 28] Error writing bytes to file. Detail: No space left on device")
        case "safetensors": raise ValueError("I/O error: No space left on device (os error 28)")
        case "memory": raise MemoryError
        case "torch_memory": raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to")
        case "gpu_memory": raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        case "read_only": raise OSError(errno.EROFS, "Read-only file system", "results/a.parquet")
        case "quota": raise ValueError("I/O error: Disk quota exceeded (os error 122)")
        case "interrupt": raise KeyboardInterrupt
        case "sleep":
            with replacing(Path("half")) as path:
                path.write_text("half")
                print("asleep", file=sys.stderr, flush=True)
                time.sleep(60)
'''

LOWER = "digits.screening.batch_size in params.yaml"


@pytest.fixture
def fake(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose only step is `fake_step`."""
    folder = project / "steps"
    folder.mkdir()
    (folder / "fake_step.py").write_text(textwrap.dedent(FAKE))
    monkeypatch.setattr(steps, "__path__", [str(folder)])
    monkeypatch.delitem(sys.modules, "invariscope.steps.fake_step", raising=False)
    return project


def call(told: str, *options: str) -> int:
    return main(["fake_step", "digits", "--told", told, "--many-files", "a", "b", *options])


def test_a_step_gets_its_parameters_and_files(fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("nothing", "--log", "logs/deep/a.log") == 0
    said = "said {'seed': 0, 'screening': 250} auto data/raw digits a b\n"
    assert capsys.readouterr().out == said
    assert Path("logs/deep/a.log").read_text() == said
    assert main(["fake-step", "digits", "--told", "nothing", "--many-files", "a"]) == 0


@pytest.mark.parametrize(
    ("told", "code", "line"),
    [
        ("user", 1, "error: table.parquet: has no rows; make some"),
        ("space", 1, "error: out.parquet: No space left on device; free some space and run again"),
        ("arrow", 1, "free some space and run again"),
        ("safetensors", 1, "error: writing: No space left on device; free some space and run again"),
        ("quota", 1, "error: writing: Disk quota exceeded; free some space and run again"),
        ("read_only", 1, "error: results/a.parquet: Read-only file system; make it writable and run again"),
        ("memory", 1, f"error: out of memory; lower {LOWER}, or give it more (mem_mb of the rule)"),
        ("torch_memory", 1, f"error: out of memory; lower {LOWER}, or give it more (mem_mb of the rule)"),
        ("gpu_memory", 1, f"error: out of GPU memory; lower {LOWER}, or run it on a GPU with more"),
        ("interrupt", 130, "interrupted"),
    ],
)
def test_failures_are_one_line_also_in_the_log(
    fake: Path, capsys: pytest.CaptureFixture[str], told: str, code: int, line: str
) -> None:
    assert call(told, "--log", "a.log") == code
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert errors.startswith("invariscope fake_step: ")
    assert line in errors
    assert Path("a.log").read_text().endswith(errors)


def test_our_own_mistakes_keep_their_traceback(fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("bug", "--log", "a.log") == 1
    errors = capsys.readouterr().err
    assert 'ZeroDivisionError("ours")' in errors
    assert "a mistake of the program; please report it" in errors.splitlines()[-1]
    assert errors in Path("a.log").read_text()


def test_a_log_that_cannot_be_written(fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    assert call("nothing", "--log", "file/a.log") == 1
    assert capsys.readouterr().err == "invariscope fake_step: error: file: File exists; mend it and run again\n"
    Path("folder").mkdir()
    assert call("nothing", "--log", "folder") == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_on_a_full_disk(fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("nothing", "--log", "/dev/full") == 1
    assert "No space left on device; free some space" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "required: STEP"),
        (["fake_stp"], "no step 'fake_stp', did you mean fake_step?"),
        (["fake_step", "digits"], "required: --told, --many-files"),
        (["fake_step"], "required: study, --told, --many-files"),
        (
            ["fake_step", "digits", "--told", "a", "--many-files", "b", "--more", "c"],
            "unrecognized arguments: --more c",
        ),
    ],
)
def test_wrong_calls_are_one_line(
    fake: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    errors = capsys.readouterr().err
    assert left.value.code == 2
    assert errors.count("\n") == 1
    assert line in errors


def test_a_study_that_is_not_defined(fake: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fake_step", "digit", "--told", "a", "--many-files", "b"]) == 1
    assert "params.yaml: no study 'digit'; it defines digits, " in capsys.readouterr().err


def test_help_lists_every_step_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    text = capsys.readouterr().out
    assert left.value.code == 0
    assert step_names()
    for name in step_names():
        assert any(line.split()[:1] == [name] and line.rstrip()[-1] in ".?" for line in text.splitlines()), name


def test_help_loads_nothing_heavy(root: Path) -> None:
    code = "import sys; from invariscope.__main__ import main\ntry: main(['--help'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert not {"torch", "matplotlib", "pyarrow", "numpy", "jsonschema"} & set(done.stdout.split())


def test_a_closed_pipe_is_no_error(root: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "invariscope", "--help"]
    done = subprocess.run(command, cwd=root, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode in (0, 128 + signal.SIGPIPE)  # unbuffered, argparse itself swallows it


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_leave_nothing_half_written(fake: Path, number: signal.Signals, code: int) -> None:
    program = (
        "from invariscope import steps; steps.__path__ = ['steps']\nfrom invariscope.__main__ import command; command()"
    )
    command = [sys.executable, "-c", program, "fake_step", "digits", "--told", "sleep", "--many-files", "a"]
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # pytest may run in the background
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "asleep\n"
        assert list(fake.glob(".half*"))
        process.send_signal(number)
        started = time.monotonic()
        errors = process.stderr.read()
    assert time.monotonic() - started < 30
    assert process.returncode == code
    assert "Traceback" not in errors
    assert not list(fake.glob(".half*"))
    assert not Path("half").exists()
