"""The one exception for mistakes that a user can mend."""

from collections.abc import Iterator
from contextlib import contextmanager


class UserError(Exception):
    """What is wrong, where, and what to do, in one line. The command line prints it without a traceback."""


@contextmanager
def placed(where: object) -> Iterator[None]:
    """Put a place before the message of every UserError of the block."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
