"""Intersection over union, the threshold, and the rows that are made of them."""

import numpy as np
import pytest

from invariscope.unpooling.evaluate import (
    intersection_over_union,
    iou_of_classes,
    joined,
    judge,
    label_map,
    otsu,
    rows_of,
    summarise,
    thresholded,
)


def square(row: int, column: int, side: int = 4) -> np.ndarray:
    mask = np.zeros((12, 12), bool)
    mask[row : row + side, column : column + side] = True
    return mask


def test_perfect_empty_disjoint_and_half() -> None:
    truth = square(2, 2)
    found = np.stack([truth, np.zeros_like(truth), square(8, 8), square(2, 4), truth | square(2, 6)])
    expected = [1, 0, 0, 8 / 24, 16 / 32]
    np.testing.assert_allclose(intersection_over_union(found, np.stack([truth] * 5)), expected)
    assert intersection_over_union(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 1


def test_a_region_counts_for_its_own_class_only() -> None:
    truth = np.where(square(2, 2), 3, 0)[None]
    right, wrong = truth, np.where(truth == 3, 1, 0)
    assert iou_of_classes(right, truth) == 1 and iou_of_classes(wrong, truth) == 0
    labels, masks = np.array([[2]]), square(2, 2)[None, None]
    pixels = np.where(square(2, 2), 200, 0).astype(np.uint8)[None, None]
    judged = judge({True: wrong, False: right}, pixels, labels, masks)
    assert judged["iou True"] == 0 and judged["any True"] == 1
    assert judged["iou False"] == 1 and judged["any False"] == 1 and judged["threshold"] == 1


def test_a_label_map_holds_every_object() -> None:
    masks = np.stack([square(0, 0), square(6, 6)])[None]
    made = label_map(np.array([[4, 0]]), masks)[0]
    assert (made[square(0, 0)] == 5).all() and (made[square(6, 6)] == 1).all() and made.astype(bool).sum() == 32


def test_two_objects_are_judged_each_by_its_own_class() -> None:
    masks = np.stack([square(0, 0), square(6, 6)])[None]
    labels = np.array([[4, 0]])
    swapped, truth = label_map(labels[:, ::-1], masks), label_map(labels, masks)
    pixels = np.where(masks.any(axis=1), 90, 0).astype(np.uint8)[:, None]
    judged = judge({True: truth, False: swapped}, pixels, labels, masks)
    np.testing.assert_array_equal(judged["iou True"], [[1, 1]])
    np.testing.assert_array_equal(judged["iou False"], [[0, 0]])
    assert judged["any False"] == judged["threshold"] == 1


@pytest.mark.parametrize(("dark", "bright"), [(0, 200), (10, 60), (0, 1)])
def test_otsu_parts_two_levels(dark: int, bright: int) -> None:
    image = np.where(square(2, 2), bright, dark).astype(np.uint8)
    assert dark <= otsu(image) < bright
    np.testing.assert_array_equal(thresholded(image[None, None])[0], square(2, 2))


def test_otsu_is_the_best_of_all_levels() -> None:
    random = np.random.default_rng(0)
    image = np.concatenate([random.normal(60, 15, 900), random.normal(170, 20, 300)]).clip(0, 255).astype(np.uint8)

    def within(level: float) -> float:
        parts = image[image > level], image[image <= level]
        return sum(len(part) * part.astype(float).var() for part in parts if len(part))

    assert within(otsu(image)) == pytest.approx(min(within(level) for level in range(255)))


def judged_by_hand() -> dict[str, np.ndarray]:
    part = {
        "labels": np.array([[0], [1]]),
        "threshold": np.array([1.0, 0.9]),
        "iou True": np.array([[0.8], [0.6]]),
        "any True": np.array([0.9, 0.7]),
        "iou False": np.array([[0.5], [0.4]]),
        "any False": np.array([0.6, 0.5]),
    }
    return joined([part, part])


def test_rows_are_means_over_images_of_each_class_and_of_all() -> None:
    rows = rows_of(judged_by_hand(), "one", ("a", "b", "c"))
    assert [(row["class_name"], row["switches"]) for row in rows] == [
        (name, use) for use in (True, False) for name in ("all", "a", "b")
    ]
    every, first = rows[0], rows[1]
    assert every["n_images"] == 4 and every["iou"] == pytest.approx(0.7) and every["iou_any"] == pytest.approx(0.8)
    assert every["ci_low"] < 0.7 < every["ci_high"] and every["iou_threshold"] == pytest.approx(0.95)
    assert first["n_images"] == 2 and first["iou"] == first["ci_low"] == first["ci_high"] == 0.8


def test_one_image_has_no_interval() -> None:
    alone = {name: values[:1] for name, values in judged_by_hand().items()}
    assert rows_of(alone, "one", ("a",))[0]["ci_low"] is None


def test_the_difference_is_paired() -> None:
    summary = summarise(judged_by_hand())
    assert summary["difference"]["mean"] == pytest.approx(0.25)
    assert (
        0.15 < summary["difference"]["ci_low"] < 0.25
    )  # of differences 0.3 and 0.2, far narrower than either's spread
    assert summary["iou_with_switches"]["ci_low"] < 0.6
