"""SIGTERM: a training first saves its state, everything else leaves at once; both through every `finally`."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

PATIENCE = 8.0  # s that the step of a training has to end: less than clusters, or a dead engine's job, leave it


class Termination:
    """What SIGTERM does to this process."""

    def __init__(self) -> None:
        self.asked = False
        self._deferring = 0

    def handle(self, *_: Any) -> None:
        """The signal's handler."""
        if self._deferring == 0:
            self.leave()
        if not self.asked:  # a second one changes nothing: it would cut the saving short
            self.asked = True
            signal.signal(signal.SIGALRM, self.leave)
            signal.setitimer(signal.ITIMER_REAL, PATIENCE)

    def save(self) -> None:
        """The step has ended: what is saved now may take its time."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def leave(self, *_: Any) -> NoReturn:
        raise SystemExit(128 + signal.SIGTERM)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Only note the signal inside the block, which sees to `asked` and leaves; at its end leave if it has not."""
        self._deferring += 1
        try:
            yield
        finally:
            self._deferring -= 1
        if self.asked and self._deferring == 0:
            self.leave()


TERMINATION = Termination()
