"""The command line: `python -m invariscope STEP ...` runs one step, `python -m invariscope --help` lists them.

A step is a module of `invariscope.steps` with a function `run`. Its positional parameters are the wildcards of its
rule, its keyword-only ones the files that it reads and writes; `params`, `device` and `data_root` come from
params.yaml, of which a step sees only what its PARAMS declares.
"""

import argparse
import errno
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from invariscope import steps
from invariscope.errors import UserError
from invariscope.params import load_params, lookup

GIVEN = ("params", "device", "data_root")  # by params.yaml, not by the command line
ADVICE = {errno.ENOSPC: "free some space and run again", errno.EACCES: "check its permissions and run again"}


class Tee:
    """Standard error, and the log."""

    def __init__(self, *streams: TextIO) -> None:
        self.streams = streams

    def write(self, text: str) -> int:
        for stream in self.streams:
            stream.write(text)
        return len(text)

    def flush(self) -> None:
        for stream in self.streams:
            stream.flush()

    def isatty(self) -> bool:
        return False


@contextmanager
def logged(path: Path | None) -> Iterator[None]:
    """Copy standard error to the log, if there is one."""
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    terminal = sys.stderr
    with path.open("w", encoding="utf-8", buffering=1) as log:
        sys.stderr = Tee(terminal, log)  # type: ignore[assignment]
        try:
            yield
        finally:
            sys.stderr = terminal


def step_names() -> list[str]:
    return sorted(path.stem for path in Path(steps.__path__[0]).glob("[a-z]*.py"))


def parser_of(name: str, run: Callable[..., Any], text: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m invariscope {name}", description=text)
    for parameter in inspect.signature(run).parameters.values():
        if parameter.name in GIVEN:
            continue
        if parameter.kind is parameter.KEYWORD_ONLY:
            many = "list" in str(parameter.annotation)
            option = f"--{parameter.name.replace('_', '-')}"
            parser.add_argument(option, dest=parameter.name, type=Path, required=True, nargs="+" if many else None)
        else:
            parser.add_argument(parameter.name)
    parser.add_argument("--log", type=Path, help="also write messages there")
    return parser


def given(step: Any, wildcards: dict[str, Any]) -> dict[str, Any]:
    """What params.yaml gives to a step."""
    wanted = [name for name in inspect.signature(step.run).parameters if name in GIVEN]
    if not wanted:
        return {}
    tree = load_params()
    declared = {name: lookup(tree, key.format(**wildcards)) for name, key in getattr(step, "PARAMS", {}).items()}
    values = {"params": declared, "device": tree["device"], "data_root": Path(tree["data_root"])}
    return {name: values[name] for name in wanted}


def run_step(name: str, arguments: list[str]) -> None:
    step = importlib.import_module(f"invariscope.steps.{name}")
    options = vars(parser_of(name, step.run, step.__doc__ or "").parse_args(arguments))
    with logged(options.pop("log")):
        step.run(**given(step, options), **options)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m invariscope", description="Run one step of the workflow.")
    parser.add_argument("step", type=lambda text: text.replace("-", "_"), choices=step_names(), metavar="STEP")
    parser.epilog = "Steps: " + ", ".join(step_names())
    arguments = sys.argv[1:] if arguments is None else arguments
    name = parser.parse_args(arguments[:1]).step
    try:
        run_step(name, arguments[1:])
    except UserError as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename or 'input/output'}: {error.strerror}; {ADVICE.get(error.errno or 0, 'mend it and run again')}"
    except KeyboardInterrupt:
        message = "interrupted"
    else:
        return 0
    print(f"invariscope {name}: error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
