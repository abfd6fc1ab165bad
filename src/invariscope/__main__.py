"""The command line: `python -m invariscope STEP ...` runs one step, `python -m invariscope --help` lists them.

A step is a module of `invariscope.steps` with a function `run`. Its positional parameters are the wildcards of its
rule, its keyword-only ones the files that it reads and writes; `params`, `device` and `data_root` come from
params.yaml, of which a step sees only what its PARAMS declares.

Exit codes: 0 done, 1 failed, 2 wrongly called, 130 interrupted, 143 terminated.
"""

import argparse
import ast
import difflib
import errno
import importlib
import inspect
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, NoReturn, TextIO

from invariscope import steps
from invariscope.errors import UserError
from invariscope.params import lookup, require_names
from invariscope.provenance.inputs import refuse_damaged
from invariscope.provenance.orphans import end_with_engine
from invariscope.termination import TERMINATION
from invariscope.validation import load_params

PROGRAM = "python -m invariscope"
GIVEN = ("params", "device", "data_root")  # by params.yaml, not by the command line
# What writing can meet, in the words that libraries also put into exceptions of their own.
WRITING = {
    os.strerror(errno.ENOSPC): "free some space and run again",
    os.strerror(errno.EDQUOT): "free some space and run again",
    os.strerror(errno.EROFS): "make it writable and run again",
}
ADVICE = WRITING | {os.strerror(errno.EACCES): "check its permissions and run again"}


class Parser(argparse.ArgumentParser):
    """One that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}; `{self.prog} --help` says more\n")


class Tee:
    """A terminal, and the log."""

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
    """Copy what is printed to the log, if there is one."""
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", buffering=1) as log:
        output: Any = Tee(sys.stdout, log)
        errors: Any = Tee(sys.stderr, log)
        with redirect_stdout(output), redirect_stderr(errors):
            yield


def step_names() -> list[str]:
    return sorted(path.stem for path in Path(steps.__path__[0]).glob("[a-z]*.py"))


def summary(name: str) -> str:
    """The first paragraph of a step's docstring, read without importing what it imports."""
    path = Path(steps.__path__[0]) / f"{name}.py"
    paragraph, _, _ = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")
    return " ".join(paragraph.split())


def overview() -> argparse.ArgumentParser:
    """The parser of the first argument, whose help lists the steps."""
    names = step_names()
    width = max(map(len, names), default=0) + 2
    parser = Parser(
        prog=PROGRAM,
        usage="%(prog)s STEP ...",
        description="Run one step of the workflow. `snakemake` and `dvc repro` run all that are needed.",
        epilog="\n".join(["steps:", *(f"  {name:{width}}{summary(name)}" for name in names)])
        + f"\n\n`{PROGRAM} STEP --help` says what a step reads and writes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("step", metavar="STEP", help="one of the steps below")
    return parser


def find_step(text: str, parser: argparse.ArgumentParser) -> str:
    name, names = text.replace("-", "_"), step_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        parser.error(f"no step {text!r}" + (f", did you mean {near[0]}?" if near else ""))
    return name


def parser_of(name: str, run: Callable[..., Any], text: str) -> argparse.ArgumentParser:
    """The parser of a step's other arguments, read from the signature of its `run`."""
    parser = Parser(prog=f"{PROGRAM} {name}", description=text)
    for parameter in inspect.signature(run).parameters.values():
        if parameter.name in GIVEN:
            continue
        if str(parameter.annotation) in ("bool", "<class 'bool'>"):
            parser.add_argument(f"--{parameter.name}", action="store_true")
        elif parameter.kind is parameter.KEYWORD_ONLY:
            option = f"--{parameter.name.replace('_', '-')}"
            many = "+" if "list" in str(parameter.annotation) else None
            parser.add_argument(option, dest=parameter.name, type=Path, required=True, nargs=many, metavar="FILE")
        else:
            parser.add_argument(parameter.name, help=f"a {parameter.name} of params.yaml")
    parser.add_argument("--log", type=Path, metavar="FILE", help="also write messages there")
    return parser


def given(step: Any, wildcards: dict[str, Any]) -> dict[str, Any]:
    """What params.yaml gives to a step."""
    wanted = [name for name in inspect.signature(step.run).parameters if name in GIVEN]
    if not wanted:
        return {}
    tree = load_params()
    require_names(tree, wildcards.get("study"), wildcards.get("classifier"))
    declared = {name: lookup(tree, key.format(**wildcards)) for name, key in getattr(step, "PARAMS", {}).items()}
    values = {"params": declared, "device": tree["device"], "data_root": Path(tree["data_root"])}
    return {name: values[name] for name in wanted}


def reason(error: BaseException, batch_sizes: Callable[[], list[str]] = list) -> str | None:
    """One line for what a user can mend; None for a mistake of ours. `batch_sizes` gives keys to lower for memory."""
    text = " ".join(str(error).split())
    met = next((words for words in ADVICE if words in text), None)
    if isinstance(error, UserError):
        return text
    if isinstance(error, OSError):
        problem = error.strerror or text
        return f"{error.filename or 'writing'}: {problem}; {ADVICE[met] if met else 'mend it and run again'}"
    if met in WRITING:  # safetensors and torch do not raise OSError
        return f"writing: {met}; {WRITING[met]}"
    of_gpu = type(error).__name__ == "OutOfMemoryError"
    if of_gpu or isinstance(error, MemoryError) or "allocate memory" in text:
        lower = f"lower {' or '.join(keys)} in params.yaml, or " if (keys := batch_sizes()) else ""
        more = "run it on a GPU with more" if of_gpu else "give it more (mem_mb of the rule)"
        return f"out of {'GPU memory' if of_gpu else 'memory'}; {lower}{more}"
    return None


def batch_sizes_of(step: Any, options: dict[str, Any]) -> list[str]:
    """The keys of params.yaml, of those that a step declares, that say how many images it takes at once."""
    found: list[str] = []

    def search(key: str, value: Any) -> None:
        if key.rpartition(".")[2] == "batch_size":
            found.append(key)
        for name, item in value.items() if isinstance(value, dict) else ():
            search(f"{key}.{name}", item)

    with suppress(UserError):
        tree = load_params()
        for key in (key.format(**options) for key in getattr(step, "PARAMS", {}).values()):
            search(key, lookup(tree, key))
    return found


def files_of(options: dict[str, Any]) -> list[Path]:
    """The files among the arguments of a step."""
    values = [item for value in options.values() for item in (value if isinstance(value, list) else [value])]
    return [value for value in values if isinstance(value, Path)]


def run_step(name: str, step: Any, options: dict[str, Any]) -> int:
    """Run a step; report what goes wrong on standard error, which may be logged."""
    try:
        if "DVC_STAGE" in os.environ:
            refuse_damaged(files_of(options))
        step.run(**given(step, options), **options)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        print(f"invariscope {name}: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        message = reason(error, lambda: batch_sizes_of(step, options))
        if message is None:
            traceback.print_exc()
            message = f"{type(error).__name__}: this is a mistake of the program; please report it with the lines above"
        print(f"invariscope {name}: error: {message}", file=sys.stderr)
        return 1
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code; wrong calls raise SystemExit, as argparse does."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = overview()
    name = find_step(parser.parse_args(arguments[:1]).step, parser)
    try:
        step = importlib.import_module(f"invariscope.steps.{name}")
        options = vars(parser_of(name, step.run, step.__doc__ or "").parse_args(arguments[1:]))
        with logged(options.pop("log")):
            return run_step(name, step, options)
    except KeyboardInterrupt:
        message, code = "interrupted", 130
    except BrokenPipeError:
        raise
    except OSError as error:  # of the log
        message, code = f"error: {reason(error)}", 1
    print(f"invariscope {name}: {message}", file=sys.stderr)
    return code


def command() -> NoReturn:
    """`main` as a process: leaves nothing half-written when terminated, and no traceback when a pipe is closed."""
    signal.signal(signal.SIGTERM, TERMINATION.handle)
    end_with_engine()
    code: Any
    try:
        try:
            code = main()
        except SystemExit as left:
            code = left.code
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        code = 128 + signal.SIGPIPE
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else the interpreter flushes, and complains
    sys.exit(code)


if __name__ == "__main__":
    command()
