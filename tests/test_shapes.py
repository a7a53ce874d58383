"""`cnnlib.shapes` against counting, against torch, and called wrongly."""

import inspect
import re
from types import FunctionType

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from cnnlib import shapes
from cnnlib.shapes import (
    conv2d_macs,
    conv2d_params,
    coverage,
    output_size,
    receptive_field,
    same_padding,
    unread,
)

PUBLIC = {
    name: value
    for name, value in vars(shapes).items()
    if isinstance(value, FunctionType) and value.__module__ == shapes.__name__ and name[0] != "_"
}
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch, for even kernels
AXIS = st.tuples(
    st.integers(1, 12), st.integers(1, 5), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3)
)


def positions(size, kernel_size, stride, padding, dilation):
    """List, for every window that fits, the image pixels it reads: negative or >= size is padding."""
    windows = []
    for start in range(-padding, size + padding, stride):
        taps = [start + dilation * i for i in range(kernel_size)]
        if taps[-1] < size + padding:
            windows.append(taps)
    return windows


@given(AXIS)
def test_one_axis_equals_counting_and_torch(axis):
    windows = positions(*axis)
    if not windows:
        for function in (output_size, unread):
            with pytest.raises(
                ValueError, match=rf"^{function.__name__}: kernel_size expects a kernel that spans"
            ):
                function(*axis)
        return
    size, kernel_size, stride, padding, dilation = axis
    assert output_size(*axis) == len(windows)
    convolved = F.conv1d(
        torch.ones(1, 1, size), torch.ones(1, 1, kernel_size), None, stride, padding, dilation
    )
    assert output_size(*axis) == convolved.shape[2]
    seen = {pixel for window in windows for pixel in window}
    assert unread(*axis) == sorted(set(range(size)) - seen)
    padded_unread = unread(size + 2 * padding, kernel_size, stride, 0, dilation)
    assert [p - padding for p in padded_unread] == sorted(set(range(-padding, size + padding)) - seen)


@given(AXIS, AXIS)
def test_coverage_is_the_gradient_of_a_sum_of_windows(rows, columns):
    size, kernel, stride, padding, dilation = zip(rows, columns, strict=True)
    image = torch.ones(1, 1, *size, requires_grad=True)
    try:
        F.conv2d(image, torch.ones(1, 1, *kernel), None, stride, padding, dilation).sum().backward()
    except RuntimeError:
        with pytest.raises(ValueError, match=r"^coverage: kernel_size expects"):
            coverage(size, kernel, stride, padding, dilation)
    else:
        ours = coverage(size, kernel, stride, padding, dilation)
        assert ours.dtype == np.int64
        assert np.array_equal(ours, image.grad[0, 0].numpy())


@pytest.mark.parametrize(("padding", "corner", "edge", "centre"), [(0, 1, 3, 9), (1, 4, 6, 9), (2, 9, 9, 9)])
def test_what_padding_does_to_corners(padding, corner, edge, centre):
    count = coverage((6, 7), 3, padding=padding)
    assert count.shape == (6, 7)
    assert {count[0, 0], count[0, -1], count[-1, 0], count[-1, -1]} == {corner}
    assert {count[0, 3], count[3, 0], count[-1, 3], count[3, -1]} == {edge}
    assert count[3, 3] == centre


def test_unread_pixels_of_the_cases_the_course_shows():
    assert unread(6, 3, stride=2) == [5]
    assert unread(6, 3, stride=2, padding=1) == []  # the row left over is padding
    assert unread(8, 3, stride=2, padding=1) == []
    assert unread(12, 3, stride=2) == [11]
    assert unread(6, 4, stride=3, padding=1) == []
    assert unread(10, 2, stride=4) == [2, 3, 6, 7]  # jumped over, and the end
    assert unread(9, 3, stride=2, dilation=2) == [1, 3, 5, 7]
    assert (coverage((12, 6), (3, 4), (2, 3), (0, 1))[-1] == 0).all()


def test_output_sizes_written_out():
    assert output_size(5, 3) == 3
    assert output_size(28, 5, 1, 2) == 28
    assert output_size(6, 3, 2, 1) == output_size(5, 3, 2, 1) == 3
    assert output_size(7, 3, dilation=3) == 1
    assert output_size(1, 3, padding=1) == 1
    assert (output_size(12, 3, 2), output_size(6, 4, 3, 1)) == (5, 2)
    with pytest.raises(
        ValueError, match=r"spans at most 4 pixels \(4 and 0 of padding\), got one that spans 5 "
    ):
        output_size(4, 5)


@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 3), st.integers(1, 3))
def test_same_padding_is_torchs(height, width, down, across):
    (top, bottom), (left, right) = same_padding((height, width), (down, across))
    image = torch.arange(1.0, 73, dtype=torch.float64).reshape(1, 1, 9, 8)
    weight = torch.arange(1.0, height * width + 1, dtype=torch.float64).reshape(1, 1, height, width)
    expected = F.conv2d(image, weight, padding="same", dilation=(down, across))
    padded = F.pad(image, (left, right, top, bottom))
    assert torch.equal(F.conv2d(padded, weight, dilation=(down, across)), expected)
    assert expected.shape == image.shape


def test_same_padding_written_out():
    assert same_padding(1) == ((0, 0), (0, 0))
    assert same_padding((3, 2)) == ((1, 1), (0, 1))
    assert same_padding((4, 5)) == ((1, 2), (2, 2))


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), max_size=4))
def test_receptive_field_is_what_a_gradient_reaches(layers):
    field = receptive_field(layers)
    signal = torch.ones(1, 1, field, requires_grad=True)
    output = signal
    for kernel_size, stride in layers:  # all weights positive, no ReLU: no gradient cancels or dies
        output = F.conv1d(output, torch.ones(1, 1, kernel_size), stride=stride)
    assert output.shape[2] == 1  # just enough input for one output
    output.sum().backward()
    reached = torch.nonzero(signal.grad[0, 0]).flatten()
    assert (reached.min(), reached.max()) == (0, field - 1)


def test_receptive_fields_written_out():
    assert receptive_field([]) == 1
    assert receptive_field([(3, 1), (3, 1)]) == receptive_field([(5, 1)]) == 5
    assert receptive_field([(3, 2), (3, 1)]) == 7
    assert receptive_field([(3, 1), (3, 2)]) == 5  # a stride counts for the layers after it
    assert receptive_field([(5, 1), (2, 2), (5, 1), (2, 2)]) == 16


@given(
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 4),
    st.booleans(),
)
def test_parameters_and_macs_equal_torchs(groups, inputs, outputs, height, width, bias):
    c_in, c_out, kernel = groups * inputs, groups * outputs, (height, width)
    layer = torch.nn.Conv2d(c_in, c_out, kernel, stride=(2, 1), groups=groups, bias=bias)
    assert conv2d_params(c_in, c_out, kernel, groups, bias) == sum(p.numel() for p in layer.parameters())
    with FlopCounterMode(display=False) as counter:
        output = layer(torch.zeros(1, c_in, 9, 8))
    assert 2 * conv2d_macs(c_in, c_out, kernel, tuple(output.shape[2:]), groups) == counter.get_total_flops()


def test_counts_of_the_courses_first_net():
    linear = 32 * 20 * 20 * 10
    params = conv2d_params(1, 16, 5) + conv2d_params(16, 32, 5) + linear + 10
    macs = conv2d_macs(1, 16, 5, output_size(28, 5)) + conv2d_macs(16, 32, 5, output_size(24, 5)) + linear
    assert (params, macs) == (141_258, 5_478_400)


# --------------------------------------------------------------------------------------- wrong calls

WALK = {"size": 7, "kernel_size": 3, "stride": 2, "padding": 1, "dilation": 1}
VALID = {
    "output_size": WALK,
    "unread": WALK,
    "coverage": {name: (value, value) for name, value in WALK.items()},
    "same_padding": {"kernel_size": (3, 4), "dilation": 1},
    "receptive_field": {"layers": [(3, 1), (2, 2)]},
    "conv2d_params": {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "groups": 2, "bias": True},
    "conv2d_macs": {"in_channels": 4, "out_channels": 6, "kernel_size": 3, "out_size": 5, "groups": 2},
}
NO_INTEGER = [None, True, False, np.True_, 1.0, 2.5, float("nan"), float("inf"), "2", b"2", {1}, 1j, object()]
NO_INTEGER += [np.float64(2), np.array([1, 2]), np.zeros(0), np.zeros((2, 2)), torch.ones(3)]
OUT_OF_RANGE = [-1, -7, 2**31, 10**30, np.int64(-1)]
NO_PAIR = [(), [], (1,), (1, 2, 3), (1, None), (1.0, 2), (1, True), (-1, 1), (1, 10**30), ((1, 2), (1, 2))]
ONE_AXIS = {"output_size", "unread"}
EXTRA = {
    "layers": [
        None, 3, "33", {3: 1}, np.ones((2, 2), int), [3, 1], [(3,)], [(3, 1, 1)], [(3, 1), 5], [(3, 1), None], ["31"],
        [(0, 1)], [(3, 0)], [(3, 1), (2, -2)], [(3.0, 1)], [(3, True)], [("3", 1)], [((3, 3), 1)], [(3, 10**30)],
    ],
    "bias": [None, 0, 1, "yes", 1.0, np.ones(2)],
    "groups": [3, 4, 5],
    "kernel_size": [10, 99],
}  # fmt: skip


def bad_values(function, argument):
    """Everything wrong that can come instead of an argument."""
    if argument in ("layers", "bias"):
        return EXTRA[argument]
    bad = [*NO_INTEGER, *OUT_OF_RANGE, *NO_PAIR, *([] if argument == "padding" else [0])]
    if function in ONE_AXIS or argument.endswith("channels") or argument == "groups":
        bad += [(1, 1), [2, 2]]
    if argument == "groups" or (argument == "kernel_size" and "size" in VALID[function]):
        bad += EXTRA[argument]
    return bad


def test_the_table_of_valid_calls_is_complete_and_valid():
    assert set(VALID) == set(PUBLIC)
    for name, arguments in VALID.items():
        assert list(arguments) == list(inspect.signature(PUBLIC[name]).parameters)
        PUBLIC[name](**arguments)


@pytest.mark.parametrize("function", VALID)
def test_bad_input_is_refused_with_a_message_that_names_the_argument(function):
    for argument in VALID[function]:
        for value in bad_values(function, argument):
            with pytest.raises((ValueError, TypeError)) as caught:
                PUBLIC[function](**{**VALID[function], argument: value})
            assert type(caught.value) in (ValueError, TypeError)
            pattern = rf"{function}: {argument}(, \w+)? expects .+, got .+"
            assert re.fullmatch(pattern, str(caught.value), re.S), f"{argument}={value!r}: {caught.value}"
            assert len(str(caught.value)) < 250


def test_whole_numbers_of_any_kind_are_taken():
    assert output_size(np.int64(7), np.uint8(3), np.array(2)) == 3
    assert type(output_size(np.int64(7), 3)) is int
    assert coverage([2, 3], (1, 2)).tolist() == [[1, 2, 1], [1, 2, 1]]
    assert receptive_field(((3, 1), [3, np.int64(2)])) == 5


def test_pairs_are_height_then_width():
    assert coverage((2, 5), (1, 3), (1, 2), (0, 1)).shape == (2, 5)
    assert conv2d_macs(2, 3, (1, 4), (5, 7)) == 2 * 3 * 4 * 35
    assert conv2d_params(2, 3, (1, 4)) == conv2d_params(2, 3, 2) == 27
