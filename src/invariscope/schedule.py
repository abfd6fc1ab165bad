"""How a learning rate changes in the course of a training."""


def falling(iteration: int, iterations: int, decay: float) -> float:
    """1, then falling linearly over the last share `decay` of the iterations, to almost 0 at the last one."""
    left = (iterations - iteration) / iterations
    return min(1.0, left / decay) if decay else 1.0
