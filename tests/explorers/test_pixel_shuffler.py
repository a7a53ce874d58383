"""The pixel shuffler: its orders, its nearest neighbours, what it says, and what the reader does."""

import re
from typing import Any

import numpy as np
import pytest
import traitlets
from numpy.testing import assert_array_equal

from cnnlib.data import load_samples
from cnnlib.explorers import PixelShuffler
from cnnlib.explorers.base import uniform

DIGITS, LABELS = load_samples().digits, load_samples().labels


def answers(shuffler: PixelShuffler) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other image of every one and its squared distance, pixel by pixel from `value`."""
    flat = shuffler.digits.reshape(len(shuffler.digits), -1).astype(int)
    orders = np.broadcast_to(shuffler.value, flat.shape)
    shuffled = np.array([image[order] for image, order in zip(flat, orders, strict=True)])
    distance = ((shuffled[:, None] - shuffled) ** 2).sum(axis=-1).astype(float)
    np.fill_diagonal(distance, np.inf)
    return distance.argmin(axis=1), distance.min(axis=1)


def expected(shuffler: PixelShuffler) -> str:
    """The sentence that belongs to its settings."""
    (at, distance), (_, was) = answers(shuffler), answers(PixelShuffler(amount=0))
    i, right = shuffler.digit, LABELS[at] == LABELS
    one = "an 8" if LABELS[at[i]] == 8 else f"a {LABELS[at[i]]}"
    return (
        f"The nearest to this {LABELS[i]} is {one}, {'right' if right[i] else 'wrong'}: squared distance "
        f"{distance[i]:,.0f}, unshuffled {was[i]:,.0f}. Read right: {right.sum()} of 20."
    )


def test_uniform_numbers_are_the_browsers(visit: Any) -> None:
    page = visit(PixelShuffler())
    for seed in (0, 7, 2**31 - 1):
        drawn = page.page.evaluate(
            """async seed => {
                const uniform = (await import("/core.js")).random(seed);
                return Array.from({ length: 500 }, uniform);
            }""",
            seed,
        )
        assert_array_equal(drawn, uniform(seed, 500))
    assert uniform(1, 3, 4).shape == (3, 4)


def test_core_orders_as_python_does(visit: Any) -> None:
    page = visit(PixelShuffler())
    for seed, amount, own in [(0, 100, True), (3, 0, True), (5, 35, True), (9, 100, False), (9, 5, False)]:
        shuffler = PixelShuffler(seed=seed, amount=amount, own=own)
        orders = page.page.evaluate(
            """async ({ seed, moved }) => {
                const core = await import("/core.js");
                const uniform = core.random(seed);
                return Array.from({ length: 21 }, () => core.ring(core.randomOrder(784, uniform), moved));
            }""",
            {"seed": seed, "moved": round(amount * 7.84)},
        )
        assert_array_equal(orders[1:] if own else orders[0], shuffler.value)
    distance = page.page.evaluate(
        "async () => (await import('/core.js')).squaredDistance([1, 5, -2], [4, 5, 2])"
    )
    assert distance == 25


def test_value_is_a_permutation_that_moves_the_share() -> None:
    for amount in (0, 1, 30, 100):
        for own in (False, True):
            value = PixelShuffler(amount=amount, own=own).value
            assert value.shape == ((20, 784) if own else (784,))
            assert_array_equal(
                np.sort(np.atleast_2d(value)), np.tile(np.arange(784), (len(np.atleast_2d(value)), 1))
            )
            moved = (np.atleast_2d(value) != np.arange(784)).sum(axis=1)
            assert set(moved) == {round(7.84 * amount)}
    fewer, more = PixelShuffler(amount=20).value, PixelShuffler(amount=60).value
    assert set(np.flatnonzero(fewer != np.arange(784))) < set(np.flatnonzero(more != np.arange(784)))
    assert (PixelShuffler(seed=1).value != PixelShuffler(seed=2).value).any()


def test_one_order_changes_no_distance_and_own_orders_break_them(visit: Any) -> None:
    page = visit(PixelShuffler(digit=5))
    assert page.said() == expected(PixelShuffler(digit=5))
    assert "Read right: 20 of 20." in page.said()
    same = re.findall(r"[\d,]{5,}", page.said())
    assert len(same) == 2 and same[0].strip(",") == same[1].strip(",")
    page.slide("shuffled", 40)
    assert page.trait("amount") == 40
    assert page.said() == expected(PixelShuffler(digit=5, amount=40))
    page.page.get_by_label("each image in an order of its own").check()
    for amount in (10, 40, 100):
        page.slide("shuffled", amount)
        shuffler = PixelShuffler(digit=5, amount=amount, own=True)
        assert page.said() == expected(shuffler)
        at, _ = answers(shuffler)
        assert page.page.locator(".cnx-wrong").count() == (LABELS[at] != LABELS).sum()
    assert page.page.locator(".cnx-wrong").count() > 15
    page.press("Another order")
    assert page.trait("seed") == 1
    assert page.said() == expected(PixelShuffler(digit=5, own=True, seed=1))


def test_digits_are_chosen_by_mouse_keys_and_touch(visit: Any) -> None:
    page = visit(PixelShuffler(own=True), has_touch=True)
    radios = page.page.get_by_role("radio")
    assert radios.count() == 20
    radios.nth(3).click()
    assert page.trait("digit") == 3
    assert page.said() == expected(PixelShuffler(own=True, digit=3))
    page.page.keyboard.press("ArrowRight")
    assert page.trait("digit") == 4
    radios.nth(17).tap()
    assert page.trait("digit") == 17
    assert page.board("the digit, a 7").shape == (28, 28)
    names = [radios.nth(i).get_attribute("aria-label") for i in range(20)]
    at, _ = answers(PixelShuffler(own=True))
    right = LABELS[at] == LABELS
    assert names == [
        f"{'an' if label == 8 else 'a'} {label}, read {'right' if ok else 'wrong'}"
        for label, ok in zip(LABELS, right, strict=True)
    ]


def test_boards_show_what_value_says(visit: Any) -> None:
    shuffler = PixelShuffler(amount=60, digit=2)
    page = visit(shuffler)
    shown = page.page.evaluate(
        """() => {
            const canvas = document.querySelectorAll(".cnx-picks canvas")[2];
            const { data } = canvas.getContext("2d").getImageData(0, 0, 28, 28);
            return Array.from(data).filter((_, i) => i % 4 === 0);
        }"""
    )
    assert_array_equal(shown, DIGITS[2].ravel()[shuffler.value])


def test_python_changes_it(visit: Any) -> None:
    page = visit(PixelShuffler())
    page.page.evaluate("() => { model.set('own', true); model.set('amount', 50); model.set('digit', 8); }")
    assert page.said() == expected(PixelShuffler(own=True, amount=50, digit=8))
    few = PixelShuffler(digits=DIGITS[[0, 10, 1]], labels=LABELS[[0, 10, 1]]).traits_shown
    page.page.evaluate("few => { model.set('labels', few.labels); model.set('digits', few.digits); }", few)
    assert page.page.get_by_role("radio").count() == 3
    assert page.said().endswith("of 3.")


@pytest.mark.parametrize("dark", [False, True])
def test_accessible_in_light_and_dark(visit: Any, dark: bool) -> None:
    page = visit(PixelShuffler(own=True, amount=50), width=360, dark=dark, reduced_motion="reduce")
    assert page.violations() == []
    for width in (360, 700, 1200):
        page.resize(width)
        assert page.overflow() <= 0
        page.screenshot(f"pixel_shuffler_{'dark' if dark else 'light'}_{width}")


def test_answers_within_a_frame(visit: Any) -> None:
    page = visit(PixelShuffler(own=True))
    slide = (
        "const input = document.querySelector('input[type=range]'); input.value = 5 * (i % 20);"
        "input.dispatchEvent(new Event('input'))"
    )
    choose = "document.querySelectorAll('input[type=radio]')[i % 20].click()"
    assert page.median_ms(slide) < 16
    assert page.median_ms(choose) < 16
    again = "[...document.querySelectorAll('button')].find(b => b.textContent === 'Another order').click()"
    assert page.median_ms(again) < 16


def test_traits_are_checked() -> None:
    with pytest.raises(traitlets.TraitError, match=r"digits expects shape \(N, H, W\), got \(28, 28\)"):
        PixelShuffler(digits=DIGITS[0])
    with pytest.raises(traitlets.TraitError, match=r"2 to 40 images .* got \(1, 28, 28\)"):
        PixelShuffler(digits=DIGITS[:1], labels=LABELS[:1])
    with pytest.raises(traitlets.TraitError, match="equally many, got 3 labels beside 20"):
        PixelShuffler(labels=[1, 2, 3])
    with pytest.raises(traitlets.TraitError, match="equally many, got 5 digits beside 20"):
        PixelShuffler().digits = DIGITS[:5]
    with pytest.raises(traitlets.TraitError, match="amount"):
        PixelShuffler(amount=101)


def test_repr_and_picture() -> None:
    assert repr(PixelShuffler(amount=30, own=True)) == "PixelShuffler(amount=30, own=True)"
    shuffler = PixelShuffler(amount=40)
    assert shuffler._picture() == shuffler._picture()
