"""How a learning rate changes in the course of a training."""

import math


def one_cycle(step: int, steps: int, warm_up: float = 0.2) -> float:
    """A linear climb to 1 over the share `warm_up` of the steps, then a cosine down to 0."""
    climb = max(1, round(warm_up * steps))
    if step < climb:
        return (step + 1) / climb
    return 0.5 * (1 + math.cos(math.pi * (step - climb) / max(1, steps - climb)))


def falling(iteration: int, iterations: int, decay: float) -> float:
    """1, then falling linearly over the last share `decay` of the iterations, to almost 0 at the last one."""
    left = (iterations - iteration) / iterations
    return min(1.0, left / decay) if decay else 1.0
