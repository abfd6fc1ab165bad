"""How people write the ten digits: pen strokes, as smooth curves through points.

Coordinates are per cent of the writing box, x to the right, y down. In a glyph, `|` lifts the pen, `/` turns a corner;
the points between are joined by a Catmull-Rom spline, closed where a stroke ends in its first point.
"""

from functools import cache

import numpy as np

SEGMENTS = 44  # of the polyline that stands for a glyph: under 2 px each in a 20 px box

GLYPHS: dict[int, dict[str, str]] = {
    0: {
        "round": "50,0 18,14 4,50 18,86 50,100 82,86 96,50 82,14 50,0",
        "narrow": "50,0 34,12 26,50 34,88 50,100 66,88 74,50 66,12 50,0",
        "crossed": "66,10 34,8 12,36 10,68 30,96 62,94 86,62 86,28 66,4 40,2 30,14",
        "open": "58,2 28,14 10,48 18,84 46,100 76,84 92,48 82,16 62,8",
        "tailed": "40,6 16,30 10,64 30,98 66,94 88,60 78,22 48,8 34,18 60,14 84,4",
    },
    1: {
        "bar": "50,0 50,100",
        "bowed": "54,0 52,30 48,70 48,100",
        "serif": "28,26 40,16 54,0 / 54,100",
        "footed": "24,24 40,14 52,0 / 52,100 | 20,100 84,100",
    },
    2: {
        "plain": "10,24 24,6 54,0 80,16 74,46 40,78 6,100 / 96,98",
        "looped": "12,20 32,2 62,2 78,22 68,52 42,82 18,98 6,88 18,76 46,86 70,98 96,92",
        "wide loop": "16,28 26,8 52,0 74,16 70,44 50,72 26,92 8,90 10,74 28,70 50,82 72,94 96,86",
        "curled": "32,30 14,26 22,6 50,0 74,18 70,50 46,84 20,100 4,88 20,74 50,88 96,96",
        "zed": "8,8 40,2 84,6 / 60,44 6,96 / 50,96 96,90",
        "swan": "8,26 26,4 60,0 76,22 56,60 8,98 / 32,88 62,96 96,84",
        "hooked": "24,34 12,22 30,2 64,2 82,22 66,54 36,80 6,98 / 40,98 94,94",
        "narrow": "24,16 42,0 62,8 66,34 52,66 28,98 / 54,94 80,90",
        "flat loop": "14,28 26,8 54,0 74,20 64,52 34,80 8,86 14,70 36,72 60,86 98,74",
        "rising": "16,20 36,2 62,6 70,28 56,58 24,92 / 58,92 98,70",
    },
    3: {
        "round": "12,14 36,0 70,4 80,24 62,42 36,48 / 68,52 86,72 70,94 38,100 8,88",
        "flat": "14,2 84,2 / 44,40 / 76,50 86,72 68,94 36,100 8,90",
        "looped": "12,12 38,0 70,6 76,26 56,44 36,50 42,42 64,48 86,68 74,92 40,100 8,88",
        "bulged": "10,12 40,0 78,8 74,32 50,44 / 76,54 80,80 48,100 6,92",
        "curled": "24,22 16,8 42,0 68,10 66,32 40,46 / 66,50 82,72 64,96 30,98 14,84 26,78",
    },
    4: {
        "open": "16,0 8,52 / 92,50 | 74,4 72,100",
        "curved": "20,0 10,34 26,56 60,52 88,44 | 84,2 76,50 70,100",
        "closed": "68,0 4,64 / 96,62 | 68,0 68,100",
        "hooked": "26,4 18,46 / 50,52 78,42 / 82,0 / 74,50 70,100",
        "joined": "82,0 40,20 10,52 40,58 78,46 / 84,0 / 76,50 66,100",
        "short": "30,0 10,44 / 40,46 90,38 | 64,20 58,60 54,100",
    },
    5: {
        "hat": "26,0 18,44 50,36 82,54 82,82 50,100 8,92 | 26,0 90,2",
        "single": "92,2 30,2 / 20,42 52,38 82,58 78,86 44,100 6,90",
        "ess": "90,2 50,4 24,18 30,40 60,52 76,72 60,94 30,100 4,90",
        "small": "94,0 44,6 / 28,44 58,46 72,64 60,88 32,100 4,94",
        "narrow": "74,2 38,4 / 34,40 58,46 68,70 54,94 22,98",
        "bellied": "84,0 34,4 / 14,50 44,34 82,46 90,74 62,98 22,96 6,80",
    },
    6: {
        "plain": "66,0 32,24 12,64 24,94 56,100 80,80 68,58 38,58 16,74",
        "upright": "44,0 22,34 14,72 32,98 66,96 84,74 62,56 32,62 16,78",
        "curled": "82,8 56,2 26,26 12,62 26,94 60,98 82,74 60,52 30,60 16,76",
        "closed": "58,0 26,36 14,74 36,100 66,92 72,66 50,56 26,70 20,84",
        "bellied": "36,0 14,32 6,68 24,96 60,100 90,78 80,50 50,44 22,62 12,82",
        "stem": "24,0 12,42 12,84 40,100 74,90 80,64 54,52 26,64 14,84",
        "coiled": "56,0 20,30 8,68 28,98 68,96 92,70 74,46 46,54 40,76 56,86",
    },
    7: {
        "plain": "6,6 50,6 90,2 / 62,46 44,100",
        "serif": "10,24 10,4 / 50,6 92,4 / 60,48 44,100",
        "barred": "8,6 50,6 90,4 / 62,46 40,100 | 30,52 84,48",
        "low bar": "12,16 14,4 / 50,6 86,2 / 62,46 48,100 | 32,54 80,50",
        "curved": "6,14 30,2 70,4 88,12 76,38 58,66 52,100",
        "upright": "12,16 40,4 84,4 / 82,40 74,100",
        "narrow": "26,14 44,6 70,2 / 62,50 54,100",
        "tall serif": "14,44 16,8 / 50,8 88,2 / 74,50 64,100",
    },
    8: {
        "ess": "76,14 48,0 24,18 40,42 66,58 78,80 50,100 24,82 40,56 66,40 78,16 58,2",
        "loops": "50,48 24,26 48,0 76,24 50,48 20,76 48,100 80,76 50,48",
        "crossed": "84,8 56,0 28,14 38,38 60,58 66,84 40,100 18,82 38,56 70,34 88,8",
        "narrow": "62,6 44,2 32,20 46,44 62,64 58,92 40,98 32,78 46,52 64,32 64,12 52,2",
        "top-heavy": "80,16 46,0 14,22 36,46 58,62 66,84 48,100 32,84 46,62 74,44 84,20 60,4",
        "open": "90,6 58,4 26,16 28,36 58,52 76,76 52,100 24,84 40,58 70,40 78,22",
    },
    9: {
        "straight": "74,10 42,0 18,22 26,46 54,46 74,20 / 76,8 / 70,60 66,100",
        "curved": "78,16 50,0 20,18 22,44 52,48 78,20 78,50 64,86 36,100 16,92",
        "slanted": "80,6 48,2 18,26 26,46 54,40 80,8 / 62,54 44,100",
        "open": "66,8 40,4 16,30 34,52 66,40 82,6 / 76,50 64,100",
        "bellied": "82,16 46,0 10,20 12,50 44,58 80,34 / 86,10 / 84,56 80,100",
        "looped": "72,12 44,0 18,14 18,40 46,48 70,30 74,10 70,44 58,78 46,100",
    },
}


def variants(digit: int) -> int:
    """How many ways there are to write a digit."""
    return len(GLYPHS[digit])


@cache
def segments() -> np.ndarray:
    """Every glyph as a polyline: (10, most variants, SEGMENTS, 2 ends, 2) float64, the longer side of its bounding
    box 1; unused variants are NaN."""
    most = max(map(variants, GLYPHS))
    table = np.full((len(GLYPHS), most, SEGMENTS, 2, 2), np.nan)
    for digit, glyphs in GLYPHS.items():
        for index, text in enumerate(glyphs.values()):
            table[digit, index] = _polyline(text)
    return table


def _polyline(text: str) -> np.ndarray:
    """(SEGMENTS, 2, 2) segments of nearly equal length."""
    strokes = [np.concatenate([_spline(part) for part in _corners(stroke)]) for stroke in text.split("|")]
    lengths = np.array([np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum() for stroke in strokes])
    counts = np.maximum(1, np.floor(SEGMENTS * lengths / lengths.sum())).astype(int)
    counts[counts.argmax()] += SEGMENTS - counts.sum()
    pieces = np.concatenate([_resampled(*pair) for pair in zip(strokes, counts, strict=True)])
    low, high = pieces.min(axis=(0, 1)), pieces.max(axis=(0, 1))
    return (pieces - (low + high) / 2) / (high - low).max()


def _corners(stroke: str) -> list[np.ndarray]:
    """The smooth parts of a stroke as points (n, 2), each beginning where the last one ended."""
    parts: list[np.ndarray] = []
    for part in stroke.split("/"):
        points = np.array([[float(number) for number in point.split(",")] for point in part.split()])
        parts.append(np.concatenate([parts[-1][-1:], points]) if parts else points)
    return parts


def _spline(points: np.ndarray, steps: int = 24) -> np.ndarray:
    """A uniform Catmull-Rom spline through points (n, 2), as ((n - 1) * steps + 1, 2) points."""
    closed = len(points) > 2 and np.array_equal(points[0], points[-1])
    before, after = (points[-2], points[1]) if closed else (2 * points[0] - points[1], 2 * points[-1] - points[-2])
    padded = np.concatenate([[before], points, [after]])
    p0, p1, p2, p3 = (padded[k : len(padded) - 3 + k, None] for k in range(4))  # (n - 1, 1, 2)
    t = (np.arange(steps) / steps)[None, :, None]
    curve = p1 + t / 2 * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def _resampled(curve: np.ndarray, count: int) -> np.ndarray:
    """(count, 2, 2) segments of equal arc length along a dense polyline (n, 2)."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    at = np.linspace(0, length[-1], count + 1)
    points = np.stack([np.interp(at, length, curve[:, axis]) for axis in (0, 1)], axis=1)
    return np.stack([points[:-1], points[1:]], axis=1)
