"""The drawn diagrams: every number in them is right, and nothing overlaps or is cut off."""

import io
import itertools
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.colors import same_color, to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cnnlib import diagrams, folders, models, plot
from cnnlib.data import load_samples
from tests.test_images import make
from tests.test_plot import cells, colours

ALL = make.pictures()
IMAGE = np.array([[3, 0, -1, 2, 5, 1], [1, 4, 2, 0, -2, 3], [0, 2, 7, 1, 1, 0], [5, -3, 0, 2, 4, 1]])
KERNEL = np.array([[1, -2, 0], [3, 0, 1]])


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    """Style set, no window, and no figure left open."""
    plt.switch_backend("agg")
    with plt.rc_context():
        plot.style()
        yield
        plt.close("all")


def grids() -> list[np.ndarray]:
    """The numbers of every grid of the current figure, empty cells as NaN."""
    numbers = str.maketrans({"\u2212": "-"})
    return [
        np.array([[float(t.translate(numbers) or "nan") for t in row] for row in g]) for g in cells(plt.gca())
    ]


def words() -> str:
    """Everything else that is written in the current figure."""
    return "\n".join(t.get_text() for t in plt.gcf().findobj(plt.Text) if t.get_text())


def frames() -> list[tuple[float, float, float, float]]:
    """The outlines in the accent colour: x, y, width, height."""
    found = [p for p in plt.gca().patches if isinstance(p, Rectangle) and not p.get_fill()]
    return [
        (*p.get_xy(), p.get_width(), p.get_height())
        for p in found
        if same_color(p.get_edgecolor(), plot.ACCENT)
    ]


def respond(image: np.ndarray, kernel: np.ndarray, **settings: int) -> np.ndarray:
    """What torch says."""
    tensors = [torch.tensor(a.copy(), dtype=torch.float64)[None, None] for a in (image, kernel)]
    return F.conv2d(*tensors, **settings)[0, 0].numpy()  # type: ignore[arg-type]


def inside(grid: int, frame: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
    """A frame in the rows and columns of one grid: row, column, height, width."""
    boxes = [path.get_extents() for path in plt.gca().collections[grid].get_paths()]
    x, y, wide, high = (np.array(frame) - [boxes[0].x0, boxes[0].y0, 0, 0]) / boxes[0].width
    return tuple(int(v) for v in np.rint([y, x, high, wide]))  # type: ignore[return-value]


def hidden_ticks(figure: Figure) -> set[plt.Text]:
    """The labels that matplotlib keeps for ticks outside the view and does not draw."""
    hidden = set()
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        low, high = sorted(axis.get_view_interval())
        ticks = [
            t for t in (*axis.get_major_ticks(), *axis.get_minor_ticks()) if not low <= t.get_loc() <= high
        ]
        hidden |= {label for tick in ticks for label in (tick.label1, tick.label2)}
    return hidden


@pytest.mark.parametrize("name", ALL)
def test_nothing_overlaps_is_cut_off_or_too_small(name: str) -> None:
    draw = getattr(diagrams, name)
    assert draw() is None
    assert len(plt.get_fignums()) == 1
    figure = plt.gcf()
    assert figure.get_figwidth() <= plot.WIDTH + 1e-9
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    texts = [t for t in figure.findobj(plt.Text) if t.get_text().strip() and t.get_visible()]
    texts = [t for t in texts if t not in hidden_ticks(figure)]
    boxes = [t.get_window_extent(renderer) for t in texts]
    assert texts
    for text, box in zip(texts, boxes, strict=True):
        said = f"{name}: {text.get_text()!r}"
        assert text.get_fontsize() >= 7.5, said
        assert box.x0 >= -0.5 and box.y0 >= -0.5, said
        assert box.x1 <= figure.bbox.x1 + 0.5 and box.y1 <= figure.bbox.y1 + 0.5, said
    for (one, a), (two, b) in itertools.combinations(zip(texts, boxes, strict=True), 2):
        apart = a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1
        assert apart, f"{name}: {one.get_text()!r} overlaps {two.get_text()!r}"


@pytest.mark.parametrize("name", ALL)
def test_the_docstring_says_in_words_what_the_picture_shows(name: str) -> None:
    lines = (getattr(diagrams, name).__doc__ or "").splitlines()
    assert lines[0].endswith(".")
    assert len(lines[0]) > 40
    assert lines[1] == ""
    assert len(" ".join(lines).split()) > 30


def test_a_diagram_is_the_same_twice() -> None:
    stored = []
    for _ in range(2):
        diagrams.padding_modes()
        file = io.BytesIO()
        plt.savefig(file, format="raw")
        stored.append(file.getvalue())
    assert stored[0] == stored[1]


def test_diagrams_need_no_torch_and_no_scikit_learn() -> None:
    code = "import sys, cnnlib.diagrams as d; d.channels(); print({'torch', 'sklearn', 'scipy'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("at", [(0, 0), (2, 3), (1, 1)])
def test_convolution_step_multiplies_and_adds(at: tuple[int, int]) -> None:
    diagrams.convolution_step(IMAGE, KERNEL, at)
    image, window, kernel, products, output = grids()
    row, column = at
    np.testing.assert_array_equal(image, IMAGE)
    np.testing.assert_array_equal(window, IMAGE[row : row + 2, column : column + 3])
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(products, window * kernel)
    np.testing.assert_array_equal(output, respond(IMAGE, KERNEL))
    assert [inside(0, frames()[0]), inside(4, frames()[2])] == [(row, column, 2, 3), (row, column, 1, 1)]
    sums = re.search(r"^([−+ \d]+) = (−?\d+)$", words(), re.M)
    assert sums
    left, right = (text.replace("−", "-").replace(" ", "") for text in sums.groups())
    assert sum(map(int, re.findall(r"[+-]?\d+", left))) == int(right) == output[at]


def test_the_kernels_of_the_pictures_are_not_their_own_flip() -> None:
    for flipped in (diagrams.SLOPE[::-1, ::-1], diagrams.SLOPE[::-1], diagrams.SLOPE[:, ::-1]):
        assert (respond(diagrams.SEVEN, flipped) != respond(diagrams.SEVEN, diagrams.SLOPE)).any()
    assert (diagrams.SLOPE.T != diagrams.SLOPE).any()


@pytest.mark.parametrize(
    ("image", "kernel"), [(None, None), (IMAGE[:3], KERNEL), (IMAGE[:, :4], KERNEL[:, :2])]
)
def test_convolution_frames_fills_the_output_one_number_at_a_time(
    image: np.ndarray | None, kernel: np.ndarray | None
) -> None:
    diagrams.convolution_frames(image, kernel)
    image = diagrams.CROSS_IMAGE if image is None else image
    kernel = diagrams.CROSS if kernel is None else kernel
    output = respond(image, kernel)
    if image is diagrams.CROSS_IMAGE:
        np.testing.assert_array_equal(output, [[-1, 2, -1], [2, -3, 4], [-2, 5, -4]])
    first, *rest = grids()
    np.testing.assert_array_equal(first, kernel)
    assert len(rest) == 2 * output.size
    for frame, place in enumerate(np.ndindex(output.shape)):
        np.testing.assert_array_equal(rest[2 * frame], image)
        expected = np.where(np.arange(output.size).reshape(output.shape) <= frame, output, np.nan)
        np.testing.assert_array_equal(rest[2 * frame + 1], expected)
        assert inside(2 * frame + 1, frames()[2 * frame]) == (*place, *kernel.shape)
        assert inside(2 * frame + 2, frames()[2 * frame + 1]) == (*place, 1, 1)


def test_channels_writes_the_numbers_of_the_photograph() -> None:
    diagrams.channels(60, 200)
    patch = load_samples().photo[60:64, 200:205]
    for channel, numbers in enumerate(grids()):
        np.testing.assert_array_equal(numbers, patch[..., channel])
    shown = [image.get_array() for image in plt.gca().images]
    np.testing.assert_array_equal(shown[1], patch)
    np.testing.assert_array_equal(shown[4], load_samples().photo[..., 2])


def test_channels_shows_a_patch_whose_channels_differ() -> None:
    diagrams.channels()
    red, green, blue = grids()
    assert red[0].min() > blue[0].max() + 100  # the orange roof
    assert red[-1].max() < min(green[-1].min(), blue[-1].min())  # its teal rim


def test_digit_as_numbers_writes_the_outlined_pixels() -> None:
    digit = np.arange(20 * 24, dtype=np.uint8).reshape(20, 24)
    diagrams.digit_as_numbers(digit, row=8, column=5)
    np.testing.assert_array_equal(grids()[0], digit[8:20, 5:17])
    extent = plt.gca().images[0].get_extent()
    x, y, wide, high = frames()[0]
    pixel = (extent[1] - extent[0]) / 24
    np.testing.assert_allclose(
        [(x - extent[0]), (y - extent[3]), wide, high], np.multiply([5, 8, 12, 12], pixel)
    )


def test_linear_vs_convolutional_counts_as_torch_does() -> None:
    diagrams.linear_vs_convolutional()
    layer = torch.nn.Conv2d(3, 16, 5)
    outputs = layer(torch.zeros(1, 3, 32, 32))
    inputs = 3 * 32 * 32
    assert outputs.shape == (1, 16, 28, 28)
    for number in (
        inputs,
        outputs.numel(),
        (inputs + 1) * outputs.numel(),
        sum(p.numel() for p in layer.parameters()),
    ):
        assert f"{number:,} " in words()
    assert f"weight {tuple(layer.weight.shape)}" in words()
    assert "16 × 28 × 28" in words()


def test_weight_matrices_is_full_then_local_then_shared() -> None:
    diagrams.weight_matrices()
    full, local, shared = grids()
    band = np.tri(6, 8, 2, bool) & ~np.tri(6, 8, -1, bool)
    assert full.shape == (6, 8)
    np.testing.assert_array_equal(local, np.where(band, full, np.nan))
    assert len(np.unique(shared[band])) == 3
    x = np.arange(8.0) ** 2
    expected = respond(x[None], shared[0, None, :3])[0]
    np.testing.assert_array_equal(np.where(band, shared, 0) @ x, expected)
    for count in (full.size, band.sum(), 3):
        assert f"{count} different weights" in words()


def test_parameter_bars_are_as_long_as_they_say() -> None:
    diagrams.parameter_bars()
    dense, local = 16 * 24 * 24 * 32 * 20 * 20, 32 * 20 * 20 * 16 * 25
    layer = torch.nn.Conv2d(16, 32, 5, bias=False)
    expected = [[dense, local, layer.weight.numel()], [dense, local, layer.weight.numel() * 20 * 20]]
    for ax, counts in zip(plt.gcf().axes, expected, strict=True):
        assert [bar.get_width() for bar in ax.patches] == counts
        assert [t.get_text() for t in ax.texts] == [f"{count:,}" for count in counts]
    assert (round(dense / local), local // layer.weight.numel()) == (23, 400)  # as the docstring says


@pytest.mark.parametrize(
    ("patch", "kernel"), [(None, None), (IMAGE[:2, :3], KERNEL), (np.eye(3) * 10, diagrams.CROSS)]
)
def test_patch_times_kernel_gives_the_sum(patch: np.ndarray | None, kernel: np.ndarray | None) -> None:
    diagrams.patch_times_kernel(patch, kernel)
    left, middle, right = grids()
    np.testing.assert_array_equal(left * middle, right)
    if patch is None:
        assert right.sum() == 5
    else:
        np.testing.assert_array_equal(left, patch)
        np.testing.assert_array_equal(middle, kernel)
    assert plt.gca().texts[-1].get_text() == f"{right.sum():g}".replace("-", "\u2212")


def test_classic_kernels_shows_the_response_of_the_kernel_that_it_writes() -> None:
    diagrams.classic_kernels()
    grey = load_samples().photo[4:108, 12:168].astype(float) @ (0.299, 0.587, 0.114)
    kernels, maps = grids(), [image.get_array() for image in plt.gca().images]
    assert len(kernels) == len(maps) == 6
    for kernel, shown in zip(kernels, maps, strict=True):
        share = kernel.sum() or 1
        np.testing.assert_allclose(shown, respond(grey, kernel / share), atol=1e-9)
    assert "÷ 16" in words()
    for image, kernel in zip(plt.gca().images, kernels, strict=True):
        low, high = image.get_clim()
        assert (low, high) == (0, 255) if kernel.sum() else low == -high


@pytest.mark.parametrize(("size", "k"), [((5, 6), 3), ((4, 7), 2), ((6, 5), 4)])
def test_coverage_counts_the_windows(size: tuple[int, int], k: int) -> None:
    diagrams.coverage(size, k)
    for numbers, padding in zip(grids(), (0, k // 2, k - 1), strict=True):
        ones = torch.ones(1, 1, *size, dtype=torch.float64, requires_grad=True)
        F.conv2d(ones, torch.ones(1, 1, k, k, dtype=torch.float64), padding=padding).sum().backward()
        np.testing.assert_array_equal(numbers, ones.grad[0, 0])
    if (size, k) == ((5, 6), 3):
        for said in (
            "corner 1, edge 3, middle 9",
            "corner 4, edge 6, middle 9",
            "corner 9, edge 9, middle 9",
        ):
            assert said in words()


@pytest.mark.parametrize(("image", "padding"), [(None, 2), (IMAGE[:, :4], 1)])
def test_padding_modes_pad_as_torch_does(image: np.ndarray | None, padding: int) -> None:
    diagrams.padding_modes(image, padding)
    image = np.arange(1, 13).reshape(3, 4) if image is None else image
    assert len(grids()) == 4
    for index, mode in enumerate(("constant", "reflect", "replicate", "circular")):
        tensor = torch.tensor(image, dtype=torch.float64)[None, None]
        expected = F.pad(tensor, (padding,) * 4, mode)[0, 0]
        np.testing.assert_array_equal(grids()[index], expected)
        tinted = (colours(plt.gca(), index) == to_rgba(plot.TINT)).all(1).reshape(expected.shape)
        np.testing.assert_array_equal(~tinted, np.pad(np.ones(image.shape, bool), padding))
    titles = [t.get_text() for t in plt.gca().texts if t.get_text().isalpha()]
    assert titles == ["zeros", "reflect", "replicate", "circular"]


@pytest.mark.parametrize(("image", "kernel"), [(None, None), (IMAGE, KERNEL)])
def test_stride_skips_and_strikes_out_what_is_never_read(
    image: np.ndarray | None, kernel: np.ndarray | None
) -> None:
    diagrams.stride(image, kernel)
    image = diagrams.SEVEN if image is None else image
    kernel = diagrams.SLOPE if kernel is None else kernel
    first, *rest = grids()
    np.testing.assert_array_equal(first, kernel)
    struck = [line.get_xydata().mean(0) for line in plt.gca().lines]
    total = 0
    for index, stride in enumerate((1, 2, 3)):
        expected = respond(image, kernel, stride=stride)
        np.testing.assert_array_equal(rest[2 * index], image)
        np.testing.assert_array_equal(rest[2 * index + 1], expected)
        np.testing.assert_array_equal(expected, respond(image, kernel)[::stride, ::stride])
        assert f"output {expected.shape[0]} × {expected.shape[1]}" in words()
        tensor = torch.zeros(1, 1, *image.shape, requires_grad=True)
        F.conv2d(tensor, torch.ones(1, 1, *kernel.shape), stride=stride).sum().backward()
        boxes = [path.get_extents() for path in plt.gca().collections[1 + 2 * index].get_paths()]
        marked = np.array([any(box.contains(*point) for point in struck) for box in boxes]).reshape(
            image.shape
        )
        np.testing.assert_array_equal(marked, tensor.grad[0, 0] == 0)
        total += marked.sum()
    assert total == len(struck) > 0
    assert "never read" in words()


@pytest.mark.parametrize(("image", "kernel"), [(None, None), (IMAGE[:, :5], KERNEL)])
def test_padding_shows_the_padded_image_and_its_output(
    image: np.ndarray | None, kernel: np.ndarray | None
) -> None:
    diagrams.padding(image, kernel)
    image = diagrams.SEVEN[1:5, 1:6] if image is None else image
    kernel = diagrams.SLOPE if kernel is None else kernel
    for padding in (0, 1, 2):
        padded, output = grids()[1 + 2 * padding : 3 + 2 * padding]
        np.testing.assert_array_equal(padded, np.pad(image, padding))
        np.testing.assert_array_equal(output, respond(image, kernel, padding=padding))
        tinted = (colours(plt.gca(), 1 + 2 * padding) == to_rgba(plot.TINT)).all(1).reshape(padded.shape)
        np.testing.assert_array_equal(~tinted, np.pad(np.ones(image.shape, bool), padding))
    assert not plt.gca().lines


def test_dilation_tints_the_nine_pixels_that_are_read() -> None:
    diagrams.dilation()
    for index, dilation in enumerate((1, 2, 3)):
        shape = grids()[index].shape
        tinted = (colours(plt.gca(), index) == to_rgba(plot.TINT)).all(1).reshape(shape)
        rows, columns = np.nonzero(tinted.any(1))[0], np.nonzero(tinted.any(0))[0]
        assert tinted.sum() == 9
        assert list(np.diff(rows)) == list(np.diff(columns)) == [dilation, dilation]
        reach = 2 * dilation + 1
        assert inside(index, frames()[index]) == (rows[0], columns[0], reach, reach)
        out = F.conv2d(torch.zeros(1, 1, *shape), torch.zeros(1, 1, 3, 3), dilation=dilation).shape
        assert f"reach {reach} × {reach}, output {out[2]} × {out[3]}" in words()


@pytest.mark.parametrize(("in_shape", "classes"), [((1, 28, 28), 10), ((3, 20, 32), 4)])
def test_convnet_architecture_is_that_of_the_model(in_shape: tuple[int, int, int], classes: int) -> None:
    diagrams.convnet_architecture(in_shape, classes)
    model = models.ConvNet(in_shape, classes)
    assert f"{sum(p.numel() for p in model.parameters()):,} parameters in all" in words()
    seen: list[tuple[int, ...]] = []
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            count = sum(p.numel() for p in module.parameters())
            assert f"\n{count:,} parameters" in words()
            module.register_forward_hook(lambda _module, _given, result: seen.append(tuple(result.shape[1:])))
    model(torch.zeros(1, *in_shape))
    for shape in [in_shape, *seen[:2]]:
        assert " × ".join(map(str, shape)) in words()
    assert f"{np.prod(seen[1]):,}" in words().splitlines()
    assert f"{classes} logits" in words()


def test_softmax_floor_is_what_torch_computes() -> None:
    diagrams.softmax_floor()
    left, right = plt.gcf().axes
    for index, first in enumerate((lambda z: z, lambda z: z.softmax(1))):
        lead, losses = left.lines[index].get_data()
        z = torch.zeros(len(lead), 10, dtype=torch.float64)
        z[:, 0], z[:, 1] = torch.tensor(lead).clamp(min=0), torch.tensor(-lead).clamp(min=0)
        z.requires_grad_()
        loss = F.cross_entropy(first(z), torch.zeros(len(lead), dtype=torch.int64), reduction="none")
        loss.sum().backward()
        np.testing.assert_allclose(losses, loss.detach(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(right.lines[index].get_ydata(), z.grad.norm(dim=1), rtol=1e-6, atol=1e-15)
    assert "floor 1.4612" in words()
    assert left.lines[1].get_ydata()[0] == pytest.approx(2.4612, abs=1e-4)
    assert right.lines[0].get_ydata()[0] == pytest.approx(2**0.5, abs=1e-6)
    assert 1e-9 < right.lines[1].get_ydata()[0] < 1e-8


WRONG: list[tuple[Callable[..., None], tuple, str]] = [
    (diagrams.convolution_step, (np.zeros(3),), r"convolution_step: image must be .*\(H, W\).*\(3,\)"),
    (
        diagrams.convolution_step,
        (None, np.zeros((2, 2, 2))),
        r"convolution_step: kernel must be .*\(2, 2, 2\)",
    ),
    (
        diagrams.convolution_step,
        (IMAGE, KERNEL, (3, 0)),
        r"at must lie inside the output of shape \(3, 4\), got \(3, 0\)",
    ),
    (diagrams.convolution_step, (IMAGE, KERNEL, (0, -1)), "at must lie inside"),
    (diagrams.convolution_step, (KERNEL, IMAGE), "conv2d"),
    (diagrams.convolution_frames, (np.zeros((5, 9)), KERNEL), r"at most 16 places.*\(4, 7\)"),
    (diagrams.channels, (157, 0), r"4x5 pixels at \(157, 0\)"),
    (diagrams.channels, (0, -1), "4x5 pixels"),
    (diagrams.digit_as_numbers, (np.zeros((11, 28)), 0, 0), "12x12 pixels"),
    (diagrams.patch_times_kernel, (np.zeros((2, 3)), np.zeros((3, 2))), r"\(2, 3\), \(3, 2\)"),
    (diagrams.patch_times_kernel, (np.zeros((8, 8)), np.zeros((8, 8))), "up to 7x7"),
    (diagrams.coverage, ((9, 4),), r"at most \(8, 8\)"),
    (diagrams.coverage, ((2, 4), 3), "coverage"),
    (diagrams.padding_modes, (None, 0), "padding must be at least 1, got 0"),
    (diagrams.padding_modes, (None, 3), "pad"),
    (diagrams.stride, (np.zeros((4, 10)),), r"stride: at most 9 columns.*\(4, 10\)"),
    (diagrams.padding, (np.zeros((4, 6)),), r"padding: at most 9 columns.*\(8, 10\)"),
    (diagrams.dilation, (np.zeros((7, 10)),), "at most 9 wide"),
    (diagrams.dilation, (np.zeros((6, 8)),), "output_size"),
    (diagrams.convnet_architecture, ((1, 8, 9),), "output_size"),
]


@pytest.mark.parametrize(("draw", "arguments", "said"), WRONG)
def test_a_wrong_call_draws_nothing_and_says_why(
    draw: Callable[..., None], arguments: tuple, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        draw(*arguments)
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    "axis", [(8, 3, 2, 0, 1), (9, 3, 3, 1, 1), (8, 2, 3, 0, 1), (9, 3, 2, 2, 2), (5, 1, 4, 0, 1)]
)
def test_places_reads_what_unfold_reads(axis: tuple[int, ...]) -> None:
    size, kernel_size, stride, padding, dilation = axis
    diagrams.places(*axis)
    (numbers,) = grids()
    pixels = np.arange(-padding, size + padding)
    assert np.array_equal(
        numbers[0], np.where((pixels >= 0) & (pixels < size), pixels, np.nan), equal_nan=True
    )
    image = torch.arange(1.0, size + 1)[None, None, :, None]
    places = F.unfold(image, (kernel_size, 1), (dilation, 1), (padding, 0), (stride, 1))[0].T.numpy()
    bars = [p for p in plt.gca().patches if isinstance(p, Rectangle) and p.get_fill()]
    cell = bars[0].get_width() + 0.06
    read = [round((bar.get_x() - 0.13) / cell) - padding for bar in bars]
    drawn = [pixel + 1 if 0 <= pixel < size else 0 for pixel in read]
    assert np.array_equal(np.reshape(drawn, (-1, kernel_size)), places)
    assert f"places {len(places)}." in words()
    never = sorted(set(range(1, size + 1)) - set(places.ravel().astype(int).tolist()))
    said = ", ".join(str(pixel - 1) for pixel in never)
    assert (f"Never read: {said}." if never else "Every pixel is read.") in words()


def test_places_says_why_nothing_fits() -> None:
    diagrams.places(2, 3, padding=1, dilation=2)
    assert "reaches over 5 pixels, the padded axis has 4" in words()
    with pytest.raises(ValueError, match="24"):
        diagrams.places(25, 3)
    with pytest.raises(TypeError, match="places: stride"):
        diagrams.places(8, 3, 1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("in_shape", "stack"),
    [((3, 32, 32), None), ((1, 28, 28), [(16, 5, 1, 0), (10, 1, 1, 0)]), ((2, 9, 12), [(5, 4, 3, 1)])],
)
def test_layer_stack_counts_as_torch_does(
    in_shape: tuple[int, int, int], stack: list[tuple[int, int, int, int]] | None
) -> None:
    if stack is None:
        diagrams.layer_stack()
        stack = [(16, 3, 1, 1), (32, 3, 2, 1), (32, 3, 1, 1), (64, 3, 2, 1)]
    else:
        diagrams.layer_stack(in_shape, stack)
    x = torch.zeros(in_shape)
    shapes, parameters, macs, memory = [tuple(x.shape)], [], [], [x.nbytes / 1000]
    for c_out, *settings in stack:
        layer = torch.nn.Conv2d(len(x), c_out, *settings)
        x = layer(x)
        shapes.append(tuple(x.shape))
        parameters.append(sum(p.numel() for p in layer.parameters()))
        macs.append(layer.weight.numel() * x[0].numel())
        memory.append(x.nbytes / 1000)
    said = [t.get_text() for t in plt.gca().texts]
    expected = [" × ".join(map(str, shape)) for shape in shapes]
    for counts, form in ((parameters, ",d"), (macs, ",d"), (memory, ",.1f")):
        expected += [f"{count:{form}}" for count in counts] + [f"{sum(counts):{form}} in all"]  # type: ignore[str-format]
    assert not set(expected) - set(said)
    longest = max(parameters)
    bars = [p for p in plt.gca().patches if isinstance(p, Rectangle) and p.get_x() == 3.1 and p.get_width()]
    assert [round(2 * longest * bar.get_width()) for bar in bars] == parameters


def test_layer_stack_says_why_nothing_fits() -> None:
    with pytest.raises(ValueError, match="spans at most 4 pixels"):
        diagrams.layer_stack((1, 8, 4), [(2, 5, 1, 0)])


@pytest.mark.parametrize(("channels", "groups"), [(8, 2), (6, 3)])
def test_grouped_channels_draws_a_line_per_weight_slice(channels: int, groups: int) -> None:
    diagrams.grouped_channels(channels, groups)
    weights = [torch.nn.Conv2d(channels, channels, 3, groups=g).weight for g in (1, groups, channels)]
    for weight in weights:
        assert f"weight {tuple(weight.shape)}\n{weight.numel()} weights" in words()
    lines = plt.gca().lines
    assert len(lines) == sum(weight[:, :, 0, 0].numel() for weight in weights)
    chosen = [line for line in lines if same_color(line.get_color(), plot.ACCENT)]
    assert len(chosen) == channels + channels // groups + 1


@pytest.mark.parametrize(("in_shape", "classes"), [((32, 20, 20), 10), ((8, 12, 6), 7)])
def test_output_heads_count_what_torch_counts(in_shape: tuple[int, int, int], classes: int) -> None:
    diagrams.output_heads(in_shape, classes)
    heads = (
        torch.nn.Linear(int(np.prod(in_shape)), classes),
        torch.nn.Linear(in_shape[0], classes),
        torch.nn.Conv2d(in_shape[0], classes, 1),
    )
    counts = [f"{sum(p.numel() for p in head.parameters()):,} parameters" for head in heads]
    assert re.findall(r"[\d,]+ parameters", words()) == counts
    for text in (f"{np.prod(in_shape):,}", " × ".join(map(str, in_shape)), f"{classes}\nscores"):
        assert text in words()


def test_linear_as_convolution_gives_the_same_score_three_times() -> None:
    diagrams.linear_as_convolution()
    flat, row, score, small, kernel, same, large, again, scores = grids()
    np.testing.assert_array_equal(flat[0], small.ravel())
    np.testing.assert_array_equal(row[0], kernel.ravel())
    assert flat @ row.T == score == same == scores[0, 0]
    np.testing.assert_array_equal(kernel, again)
    np.testing.assert_array_equal(large[:3, :4], small)
    np.testing.assert_array_equal(scores, respond(large, kernel))
    assert [inside(6, frames()[0]), inside(8, frames()[1])] == [(0, 0, 3, 4), (0, 0, 1, 1)]


def test_repeated_pooling_halves_four_times_by_maximum_and_by_mean() -> None:
    diagrams.repeated_pooling()
    gray = load_samples().photo @ [0.299, 0.587, 0.114]
    drawn = [np.asarray(image.get_array()) for image in plt.gca().images]
    for row, pool in enumerate((F.max_pool2d, F.avg_pool2d)):
        expected = torch.tensor(gray)[None]
        for image in drawn[5 * row : 5 * row + 5]:
            np.testing.assert_allclose(image, expected[0].numpy())
            expected = pool(expected, 2)


@pytest.mark.parametrize("image", [None, IMAGE])
def test_pooling_shows_the_maximum_and_the_mean_as_torch_gives_them(image: np.ndarray | None) -> None:
    diagrams.pooling(image)
    source, largest, mean = grids()
    tensor = torch.tensor(source)[None]
    np.testing.assert_allclose(largest, F.max_pool2d(tensor, 2)[0].numpy())
    np.testing.assert_allclose(mean, F.avg_pool2d(tensor, 2)[0].numpy(), atol=0.006)


@pytest.mark.parametrize("shift", [0, 1, 2, 3])
def test_pooling_and_shift_counts_what_stayed(shift: int) -> None:
    diagrams.pooling_and_shift(shift)
    parts = grids()
    first, second = parts[:4], parts[4:]
    np.testing.assert_array_equal(first[0][:, : 10 - shift], second[0][:, shift:])
    for image, response, pooled, largest in (first, second):
        expected = np.maximum(respond(image, diagrams.SLOPE), 0)
        np.testing.assert_array_equal(response, expected)
        np.testing.assert_array_equal(pooled, F.max_pool2d(torch.tensor(expected)[None], 2)[0].numpy())
        assert largest.item() == expected.max()
    for before, after in zip(first[1:], second[1:], strict=True):
        counted = (before != 0) | (after != 0)
        assert f"{(before == after)[counted].sum()} of {counted.sum()}\nthe same" in words()


def test_pooling_diagrams_refuse_what_they_cannot_draw() -> None:
    with pytest.raises(ValueError, match="from 0 to 3, got 4"):
        diagrams.pooling_and_shift(4)
    with pytest.raises(ValueError, match="at most 8 wide"):
        diagrams.pooling(np.zeros((4, 9)))


def test_residual_block_adds_x_in_two_of_three_rows() -> None:
    diagrams.residual_block()
    said = words().splitlines()
    assert said.count("3 × 3 conv") == said.count("batch norm") == said.count("ReLU") == 6
    assert said.count("+") == 2
    assert said.count("1 × 1 conv, batch norm") == 1
    rows = sorted({round(t.get_position()[1], 2) for t in plt.gca().texts if t.get_text() == "ReLU"})
    plus = sorted(round(t.get_position()[1], 2) for t in plt.gca().texts if t.get_text() == "+")
    assert plus == rows[1:]
    around = [line for line in plt.gca().lines if same_color(line.get_color(), plot.ACCENT)]
    assert len(around) == 2
    assert all(min(line.get_ydata()) < row - 0.2 for line, row in zip(around, rows[1:], strict=True))


def test_dataset_contract_promises_what_a_loader_gives() -> None:
    """The three files drawn are the batch that is drawn: same count, labels by sorted folder."""
    diagrams.dataset_contract()
    said = words()
    count = sum(line.endswith((".png", ".jpg")) for line in said.splitlines())
    assert f"len(dataset)  \u2192  {count}" in said
    dataset = torch.utils.data.TensorDataset(torch.zeros(count, 1, 28, 28), torch.zeros(count))
    images, labels = next(iter(torch.utils.data.DataLoader(dataset, 4)))
    assert f"images {tuple(images.shape)}" in said and f"labels {tuple(labels.shape)}" in said


def test_digit_preprocessing_shows_the_steps_and_their_sizes() -> None:
    picture = np.full((30, 50), 200, np.uint8)
    picture[5:25, 8:18] = 30
    picture[5:10, 8:38] = 30
    diagrams.digit_preprocessing(picture)
    steps = folders.prepare_digit(picture)
    drawn = [np.asarray(image.get_array()) for image in plt.gca().images]
    for expected, got in zip((picture, *steps), drawn, strict=True):
        np.testing.assert_array_equal(got, expected)
        assert f"{expected.shape[0]} \u00d7 {expected.shape[1]}" in words()
    (cross,) = plt.gca().lines
    left, right, bottom, top = plt.gca().images[-1].get_extent()
    mass = (np.indices((28, 28)) * steps.centred).sum((1, 2)) / steps.centred.sum()
    at = cross.get_ydata()[0], cross.get_xdata()[0]
    np.testing.assert_allclose(
        at, [top + (mass[0] + 0.5) / 28 * (bottom - top), left + (mass[1] + 0.5) / 28 * (right - left)]
    )
    with pytest.raises(ValueError, match="expects ink on paper"):
        diagrams.digit_preprocessing(np.full((30, 50), 9, np.uint8))
