"""Skeletons of binary images, many at once."""

import numpy as np

# A pixel's neighbours clockwise from above (row, column), P2 to P9 of the paper: bits 0 to 7 of its code.
NEIGHBOURS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def skeletonise(ink: np.ndarray) -> np.ndarray:
    """Thin masks (N, H, W) to lines one pixel wide, as connected as they were (8-connected ink, holes kept).

    Guo and Hall 1989 (algorithm A1). Unlike Zhang and Suen's it leaves something of every piece of ink, be it 2 x 2
    pixels. Outside the image there is no ink.
    """
    count, height, width = ink.shape
    padded = np.zeros((count, height + 2, width + 2), np.uint8)
    padded[:, 1:-1, 1:-1] = ink
    pixels = padded.reshape(-1)
    steps = [down * (width + 2) + right for down, right in NEIGHBOURS]
    places = np.flatnonzero(pixels)
    before = -1
    while len(places) != before:
        before = len(places)
        for table in DELETED:
            codes = np.zeros(len(places), np.uint8)
            for bit, step in enumerate(steps):
                codes |= pixels[places + step] << np.uint8(bit)
            gone = table[codes]
            pixels[places[gone]] = 0
            places = places[~gone]
    return padded[:, 1:-1, 1:-1].astype(bool)


def _deleted(second: bool) -> np.ndarray:
    """(256,) bool: is an ink pixel with these neighbours deleted in the first, or the second, half of a pass?"""
    p2, p3, p4, p5, p6, p7, p8, p9 = ((np.arange(256) >> bit & 1).astype(bool) for bit in range(8))
    pieces = sum((~a & (b | c)).astype(int) for a, b, c in ((p2, p3, p4), (p4, p5, p6), (p6, p7, p8), (p8, p9, p2)))
    one = sum((a | b).astype(int) for a, b in ((p9, p2), (p3, p4), (p5, p6), (p7, p8)))
    other = sum((a | b).astype(int) for a, b in ((p2, p3), (p4, p5), (p6, p7), (p8, p9)))
    fewer = np.minimum(one, other)
    held = (p2 | p3 | ~p5) & p4 if second else (p6 | p7 | ~p9) & p8
    return (pieces == 1) & (fewer >= 2) & (fewer <= 3) & ~held


DELETED = (_deleted(second=False), _deleted(second=True))
