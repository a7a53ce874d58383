"""The pictures' style: what is drawn is what was given, and a wrong call says so."""

import io
from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Rectangle

from cnnlib import plot

IMAGE = np.arange(12).reshape(3, 4)
BAD = "$\\bad{$"  # not valid mathematics: matplotlib fails on it unless it is told to draw it as it stands


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    """Style set, no window, and no figure left open."""
    plt.switch_backend("agg")
    with plt.rc_context():
        plot.style()
        yield
        plt.close("all")


def panels() -> list[Axes]:
    """The axes of the current figure that hold an image."""
    return [ax for ax in plt.gcf().axes if ax.images]


def cells(ax: Axes) -> list[list[list[str]]]:
    """Every grid of numbers on the axes, in the order drawn, as rows of the texts that stand in its cells."""
    found = []
    for squares in (c for c in ax.collections if isinstance(c, PatchCollection)):
        boxes = [path.get_extents() for path in squares.get_paths()]
        texts = [
            next((t.get_text() for t in ax.texts if box.contains(*t.get_position()) and t.get_text()), "")
            for box in boxes
        ]
        columns = sum(abs(box.y0 - boxes[0].y0) < 1e-9 for box in boxes)
        found.append([texts[i : i + columns] for i in range(0, len(texts), columns)])
    return found


def colours(ax: Axes, index: int = 0) -> np.ndarray:
    """The ground of every cell of one grid."""
    squares = [c for c in ax.collections if isinstance(c, PatchCollection)][index]
    return np.asarray(squares.get_facecolor())


def pixels() -> np.ndarray:
    """The current figure as a notebook stores it."""
    stored = io.BytesIO()
    plt.savefig(stored, format="png", bbox_inches="tight")
    return (plt.imread(io.BytesIO(stored.getvalue())) * 255).round().astype(int)


def every_picture() -> None:
    """One of each, one after the other."""
    rows = [{"epoch": 1, "loss": 1.0, "accuracy": 0.5, "validation_loss": 1.1, "validation_accuracy": 0.4}]
    plot.images(np.zeros((2, 5, 5)), titles=[BAD, "b"])
    plot.numbers(IMAGE, titles=[BAD])
    plot.kernels(np.eye(3), titles=[BAD])
    plot.feature_maps(np.ones((2, 4, 4)), titles=[BAD, 1])
    plot.history({BAD: rows, "other": rows})
    plot.confusion_matrix([[1, 2], [3, 4]], [BAD, "long class name"])


def test_each_helper_draws_one_opaque_white_figure_and_returns_none() -> None:
    every_picture()
    assert len(plt.get_fignums()) == 6
    for number in plt.get_fignums():
        plt.figure(number)
        image = pixels()
        assert (image[..., 3] == 255).all()
        assert (image[0, 0] == 255).all()
        assert image.min() < 128
        assert plt.gcf().get_figwidth() <= plot.WIDTH + 1e-9
    assert plot.images(np.zeros((1, 2, 2))) is None  # type: ignore[func-returns-value]


def test_the_same_call_gives_the_same_pixels() -> None:
    pictures = []
    for _ in range(2):
        plt.close("all")
        plot.numbers(IMAGE - 5.5, IMAGE, titles=["a", "b"], window=(0, 1, 2, 2))
        pictures.append(pixels())
    np.testing.assert_array_equal(*pictures)


def test_style_uses_the_font_that_comes_with_matplotlib() -> None:
    assert plt.rcParams["font.family"] == ["DejaVu Sans"]
    assert plt.rcParams["figure.dpi"] == 100
    before = plt.rcParams.copy()
    plot.style()
    assert dict(before) == dict(plt.rcParams)


@pytest.mark.parametrize("shape", [(3, 4, 5), (3, 1, 4, 5)])
@pytest.mark.parametrize("tensor", [False, True])
def test_images_shows_every_image_on_one_grey_scale(shape: tuple[int, ...], tensor: bool) -> None:
    batch = np.random.default_rng(0).random(shape) / 2
    plot.images(torch.tensor(batch, requires_grad=True) if tensor else batch)
    assert len(panels()) == 3
    for ax, image in zip(panels(), batch.reshape(3, 4, 5), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
        assert ax.images[0].get_clim() == (0, 1)
        assert ax.images[0].get_cmap().name == "gray"


def test_images_of_bytes_and_of_fractions_look_the_same() -> None:
    batch = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5), dtype=np.uint8)
    plot.images(batch)
    first = pixels()
    plot.images(batch / 255)
    np.testing.assert_array_equal(first, pixels())
    np.testing.assert_allclose(panels()[1].images[0].get_array(), batch[1].transpose(1, 2, 0) / 255)


def test_images_keeps_dark_bytes_dark() -> None:
    plot.images(np.full((1, 3, 3), 51, np.uint8))
    assert panels()[0].images[0].get_clim() == (0, 255)


def test_images_breaks_rows_and_writes_titles_as_they_stand() -> None:
    plot.images(np.zeros((5, 4, 4)), titles=[0, 1, 2, 3, BAD], columns=3)
    assert [ax.get_title() for ax in panels()] == ["0", "1", "2", "3", BAD]
    rows = {round(ax.get_subplotspec().rowspan.start) for ax in panels()}
    assert rows == {0, 1}
    assert len(plt.gcf().axes) == 6
    assert not plt.gcf().axes[5].axison
    pixels()


@pytest.mark.parametrize(
    ("batch", "settings", "error", "said"),
    [
        (np.zeros((4, 4)), {}, ValueError, r"images: expected \(N, H, W\).*got \(4, 4\)"),
        (np.zeros((2, 2, 4, 4)), {}, ValueError, r"got \(2, 2, 4, 4\)"),
        (np.zeros((0, 4, 4)), {}, ValueError, r"images: nothing to draw.*\(0, 4, 4\)"),
        (np.full((1, 2, 2), 1.5), {}, ValueError, "between 0 and 1.*1.5"),
        (np.full((1, 2, 2), -0.5), {}, ValueError, "between 0 and 1.*-0.5"),
        (np.full((1, 2, 2), np.nan), {}, ValueError, "between 0 and 1.*nan"),
        (np.zeros((1, 2, 2), int), {}, TypeError, "images: expected uint8.*got int64"),
        (np.full((1, 2, 2), "a"), {}, TypeError, "images: expected an array of numbers"),
        (np.zeros((2, 2, 2)), {"titles": ["a"]}, ValueError, "titles must have 2 entries"),
        (np.zeros((2, 2, 2)), {"titles": "ab"}, ValueError, "titles must have 2 entries"),
        (np.zeros((2, 2, 2)), {"columns": 0}, ValueError, "columns must be at least 1, got 0"),
        (np.zeros((257, 2, 2)), {}, ValueError, "257 panels are too many"),
    ],
)
def test_images_says_what_is_wrong(
    batch: np.ndarray, settings: dict, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        plot.images(batch, **settings)
    assert not plt.get_fignums()


@given(hnp.arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=st.integers(-999, 999)))
def test_numbers_writes_every_value_where_it_belongs(array: np.ndarray) -> None:
    plt.close("all")
    plot.numbers(array)
    assert cells(plt.gca()) == [[[str(v).replace("-", "\u2212") for v in row] for row in array]]


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2.0, "2"),
        (0.5, "0.5"),
        (1 / 3, "0.33"),
        (-1.25, "\u22121.25"),
        (-0.001, "0"),
        (100.0, "100"),
        (True, "1"),
    ],
)
def test_numbers_are_short(value: float, written: str) -> None:
    plot.numbers([[value, 0]])
    assert cells(plt.gca())[0][0][0] == written


def test_numbers_leaves_a_nan_empty_and_white() -> None:
    plot.numbers([[1.0, np.nan], [2.0, -3.0]])
    assert cells(plt.gca()) == [[["1", ""], ["2", "\u22123"]]]
    np.testing.assert_array_equal(colours(plt.gca())[1], [1, 1, 1, 1])


def test_numbers_colours_images_grey_and_signed_values_symmetrically() -> None:
    plot.numbers([[0, 1, 2]], [[-2, 0, 1]])
    grey, signed = colours(plt.gca(), 0), colours(plt.gca(), 1)
    assert (np.ptp(grey[:, :3], axis=1) == 0).all()
    np.testing.assert_allclose(grey[:, 0], [0, 0.5, 1], atol=0.005)  # true greys, as in an image
    assert signed[0, 0] > signed[0, 2] + 0.2  # negative: red
    assert signed[2, 2] > signed[2, 0] + 0.2  # positive: blue
    assert np.ptp(signed[1, :3]) < 0.02  # zero: white
    plot.numbers([[0, 1, 2]], signed=True)
    assert colours(plt.gca())[2, 2] > colours(plt.gca())[2, 0] + 0.2


def test_numbers_can_be_read_on_every_ground() -> None:
    plot.numbers(np.arange(25).reshape(5, 5), np.arange(25).reshape(5, 5) - 12)

    def light(colour: np.ndarray) -> float:  # WCAG 2, relative luminance
        linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    grounds = np.concatenate([colours(plt.gca(), 0), colours(plt.gca(), 1)])
    for ground, text in zip(grounds, plt.gca().texts, strict=True):
        pair = sorted([light(ground[:3]), light(np.array(plt.matplotlib.colors.to_rgb(text.get_color())))])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) > 3.5, text.get_text()


def test_window_and_marks_belong_to_the_first_array_or_are_listed() -> None:
    mask = IMAGE > 9
    plot.numbers(IMAGE, IMAGE, window=(1, 2, 2, 1), marks=mask)
    (frame,) = (p for p in plt.gca().patches if isinstance(p, Rectangle))
    box = [path.get_extents() for path in plt.gca().collections[0].get_paths()]
    np.testing.assert_allclose(frame.get_xy(), (box[6].x0, box[6].y0))
    assert frame.get_height() == pytest.approx(2 * frame.get_width())
    assert len(plt.gca().lines) == 2
    for line, place in zip(plt.gca().lines, (10, 11), strict=True):
        assert box[place].contains(*line.get_xydata().mean(0))
    plot.numbers(IMAGE, IMAGE, window=[None, (0, 0, 3, 4)], marks=[None, ~mask])
    (frame,) = plt.gca().patches
    np.testing.assert_allclose(frame.get_xy(), plt.gca().collections[1].get_paths()[0].get_extents().p0)
    assert len(plt.gca().lines) == 10


@pytest.mark.parametrize(
    ("arrays", "settings", "error", "said"),
    [
        ([], {}, ValueError, "numbers: expected at least one array"),
        ([np.zeros(3)], {}, ValueError, r"numbers: expected arrays of shape \(H, W\), got \(3,\)"),
        ([np.zeros((2, 31))], {}, ValueError, "at most 30 columns.*got 31"),
        ([np.zeros((2, 0))], {}, ValueError, r"nothing to draw.*\(2, 0\)"),
        ([[["a"]]], {}, TypeError, "expected an array of numbers"),
        ([np.zeros((2, 3))], {"titles": ["a", "b"]}, ValueError, "titles must have 1 entries"),
        ([np.zeros((2, 3))], {"window": (0, 0, 3, 2)}, ValueError, r"window.*\(0, 0, 3, 2\).*\(2, 3\)"),
        ([np.zeros((2, 3))], {"window": (0, -1, 1, 1)}, ValueError, "window"),
        ([np.zeros((2, 3))], {"window": (0, 0, 0, 1)}, ValueError, "window"),
        ([np.zeros((2, 3))], {"window": (0, 1)}, ValueError, r"window.*\(row, column, height, width\)"),
        (
            [np.zeros((2, 3))],
            {"window": [None, None]},
            ValueError,
            "window as a list needs one entry per array",
        ),
        ([np.zeros((2, 3))], {"marks": np.zeros((3, 2), bool)}, ValueError, r"marks.*\(2, 3\).*\(3, 2\)"),
        ([np.zeros((2, 3))], {"marks": np.zeros((2, 3))}, ValueError, "marks must be bool.*float64"),
    ],
)
def test_numbers_says_what_is_wrong(arrays: list, settings: dict, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        plot.numbers(*arrays, **settings)
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("draw", "shape", "count", "columns"),
    [
        (plot.kernels, (3, 2), 1, 1),
        (plot.kernels, (5, 3, 3), 5, 5),
        (plot.kernels, (16, 1, 5, 4), 16, 8),
        (plot.kernels, (2, 3, 5, 5), 6, 3),
        (plot.feature_maps, (6, 5), 1, 1),
        (plot.feature_maps, (10, 6, 5), 10, 8),
        (plot.feature_maps, (1, 3, 6, 5), 3, 3),
    ],
)
def test_signed_maps_share_one_symmetric_scale(
    draw: object, shape: tuple[int, ...], count: int, columns: int
) -> None:
    values = np.random.default_rng(0).normal(size=shape) + 1
    draw(torch.tensor(values))  # type: ignore[operator]
    assert len(panels()) == count
    limit = np.abs(values).max()
    for ax, value in zip(panels(), values.reshape(-1, *shape[-2:]), strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), value)
        assert ax.images[0].get_clim() == (-limit, limit)
        assert ax.images[0].get_cmap().name == "RdBu"
    assert panels()[0].get_subplotspec().get_gridspec().ncols == columns
    bar = next(ax for ax in plt.gcf().axes if not ax.images and ax.axison)
    plt.gcf().draw_without_rendering()
    assert [t.get_text() for t in bar.get_yticklabels()] == [f"\u2212{limit:.2g}", "0", f"{limit:.2g}"]


def test_a_map_of_zeros_can_be_drawn() -> None:
    plot.feature_maps(np.zeros((2, 3, 3)))
    assert panels()[0].images[0].get_clim() == (-1, 1)
    pixels()


@pytest.mark.parametrize("draw", [plot.kernels, plot.feature_maps])
@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros(3), r"expected .*got \(3,\)"),
        (np.zeros((2, 2, 2, 2, 2)), r"expected .*got \(2, 2, 2, 2, 2\)"),
        (np.zeros((0, 3, 3)), r"nothing to draw.*\(0, 3, 3\)"),
        (np.full((1, 2, 2), np.nan), "finite"),
        (np.zeros((300, 3, 3)), "300 panels are too many"),
    ],
)
def test_signed_maps_say_what_is_wrong(draw: object, values: np.ndarray, said: str) -> None:
    with pytest.raises(ValueError, match=f"{draw.__name__}: .*{said}|{draw.__name__}: {said}"):  # type: ignore[attr-defined]
        draw(values)  # type: ignore[operator]
    assert not plt.get_fignums()


def test_feature_maps_of_several_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"feature_maps: expected.*got \(2, 3, 4, 4\)"):
        plot.feature_maps(np.zeros((2, 3, 4, 4)))


def epochs(shift: float = 0.0) -> list[dict]:
    return [
        {
            "epoch": n,
            "loss": 1 / n + shift,
            "accuracy": 1 - 0.5 / n,
            "validation_loss": 1.2 / n + shift,
            "validation_accuracy": 1 - 0.6 / n,
            "seconds": 9.0,
        }
        for n in (1, 2, 3)
    ]


def test_history_draws_training_dashed_and_validation_solid() -> None:
    rows = epochs()
    plot.history(rows)
    loss, accuracy = plt.gcf().axes
    for ax, key in ((loss, "loss"), (accuracy, "accuracy")):
        training, validation = ax.lines
        np.testing.assert_allclose(training.get_xydata(), [(r["epoch"], r[key]) for r in rows])
        np.testing.assert_allclose(validation.get_ydata(), [r[f"validation_{key}"] for r in rows])
        assert (training.get_linestyle(), validation.get_linestyle()) == ("--", "-")
    assert [t.get_text() for t in loss.get_legend().get_texts()] == ["training", "validation"]


def test_history_compares_runs_in_different_colours() -> None:
    plot.history({f"run {BAD}": epochs(), "b": epochs(0.1)})
    lines = plt.gcf().axes[0].lines
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()
    assert plt.gcf().axes[0].get_legend().get_texts()[0].get_text() == f"run {BAD} training"
    pixels()


def test_history_does_without_validation_accuracy_and_with_one_epoch() -> None:
    plot.history([{"epoch": 1, "loss": 2.0, "validation_loss": None}])
    (ax,) = plt.gcf().axes
    assert len(ax.lines) == 1
    plt.gcf().draw_without_rendering()
    low, high = ax.get_xlim()
    assert [t for t in ax.get_xticks() if low <= t <= high] == [1]


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ([], "one dict per epoch"),
        ({}, "at least one run"),
        ({"a": []}, "in run 'a'"),
        ([{"epoch": 1}], "'loss'"),
    ],
)
def test_history_says_what_is_wrong(history: object, said: str) -> None:
    with pytest.raises(ValueError, match=f"history: .*{said}"):
        plot.history(history)  # type: ignore[arg-type]


def test_confusion_matrix_writes_true_classes_in_rows() -> None:
    plot.confusion_matrix([[5, 0, 2], [1, 7, 0], [0, 3, 9]], ["cat", BAD, "owl"])
    (ax,) = plt.gcf().axes
    written = {t.get_position(): t.get_text() for t in ax.texts}
    assert written[(2, 0)] == "2"  # x is the prediction, y the true class
    assert written[(0, 1)] == "1"
    assert written[(1, 2)] == "3"
    assert len(written) == 9
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert [t.get_text() for t in ax.get_yticklabels()] == ["cat", BAD, "owl"]
    assert ax.yaxis_inverted()
    shaded = np.ma.filled(ax.images[1].get_array(), np.nan)
    np.testing.assert_array_equal(shaded, [[np.nan, np.nan, 2], [1, np.nan, np.nan], [np.nan, 3, np.nan]])
    pixels()


def test_confusion_matrix_numbers_the_classes_and_bears_no_mistakes() -> None:
    plot.confusion_matrix(torch.eye(3, dtype=torch.int64) * 4)
    assert [t.get_text() for t in plt.gca().get_xticklabels()] == ["0", "1", "2"]
    pixels()


@pytest.mark.parametrize(
    ("matrix", "names", "said"),
    [
        ([[1, 2]], None, r"matrix must be \(K, K\), got \(1, 2\)"),
        ([1], None, r"matrix must be \(K, K\), got \(1,\)"),
        ([[0.5, 1], [1, 1]], None, "counts"),
        ([[-1, 1], [1, 1]], None, "counts"),
        ([[np.nan, 1], [1, 1]], None, "counts"),
        ([[1, 1], [1, 1]], ["a"], "class_names must have 2 entries"),
        ([[1, 1], [1, 1]], "ab", "class_names must have 2 entries"),
    ],
)
def test_confusion_matrix_says_what_is_wrong(matrix: list, names: object, said: str) -> None:
    with pytest.raises(ValueError, match=f"confusion_matrix: .*{said}"):
        plot.confusion_matrix(matrix, names)  # type: ignore[arg-type]
    assert not plt.get_fignums()


def test_nothing_given_is_changed() -> None:
    image = np.random.default_rng(0).random((2, 3, 4))
    before = image.copy()
    plot.images(image)
    plot.numbers(image[0] - 0.5)
    plot.kernels(image)
    plot.feature_maps(image)
    np.testing.assert_array_equal(image, before)
