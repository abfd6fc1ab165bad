"""The one exception for mistakes that a user can mend."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 200  # characters of another's message
PACKAGE = Path(__file__).parent


class UserError(Exception):
    """What is wrong, where, and what to do, in one line. The command line prints it without a traceback."""


@contextmanager
def placed(where: object) -> Iterator[None]:
    """Put a place before the message of every UserError of the block."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def told(error: BaseException) -> str:
    """What another's code raised, in one line, with the last line of the user's own code that led there, if any."""
    text = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    said = f"{type(error).__name__}: {text[:LONGEST]}" if text else type(error).__name__
    lines = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        lines.append((Path(error.filename), error.lineno))
    own = [f"{path.relative_to(Path.cwd())}, line {line}" for path, line in lines if is_users(path)]
    return f"{said} ({own[-1]})" if own else said


def is_users(path: Path) -> bool:
    """Whether a source file is the user's: in the working directory, and neither installed nor of this package."""
    others = (PACKAGE, Path(sys.prefix), Path(sys.base_prefix))
    return path.is_relative_to(Path.cwd()) and not any(path.is_relative_to(other) for other in others)
