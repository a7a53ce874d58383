"""`cnnlib.functional` against its definition in loops, against torch, and called wrongly."""

import inspect
import re
import subprocess
import sys
import time
import tracemalloc
from types import FunctionType

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from cnnlib import functional

PUBLIC = {
    name: value
    for name, value in vars(functional).items()
    if isinstance(value, FunctionType) and value.__module__ == functional.__name__ and name[0] != "_"
}
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch, for even kernels
TOLERANCE = {np.float64: 1e-12, np.float32: 1e-5}


# The oracle of `name` is torch.nn.functional's function of that name, with its arguments in its order.
# The exceptions stand in this table.
def torch_pad(input, padding, mode="zeros"):
    """torch.nn.Conv2d's padding_mode: F.pad says "constant" for "zeros" and wants width before height."""
    height, width = padding if isinstance(padding, tuple) else (padding, padding)
    return F.pad(input, (width, width, height, height), mode="constant" if mode == "zeros" else mode)


def torch_conv2d_backward(grad_output, input, weight, *args, **kwargs):
    """torch.autograd.grad of F.conv2d with a bias of zeros."""
    arguments = [t.clone().requires_grad_() for t in (input, weight, input.new_zeros(len(weight)))]
    return torch.autograd.grad(F.conv2d(*arguments, *args, **kwargs), arguments, grad_output)


def torch_max_pool2d_backward(grad_output, input, *args, **kwargs):
    """torch.autograd.grad of F.max_pool2d."""
    input = input.clone().requires_grad_()
    return torch.autograd.grad(F.max_pool2d(input, *args, **kwargs), input, grad_output)[0]


EXCEPTIONS = {
    "pad": torch_pad,  # modes as nn.Conv2d
    "conv2d_loops": F.conv2d,  # the definition
    "im2col": F.unfold,
    "col2im": F.fold,
    "conv2d_backward": torch_conv2d_backward,
    "max_pool2d_backward": torch_max_pool2d_backward,
}
# More exceptions, all of them refusals: no batch axis may be missing, no array may be empty, no ceil_mode,
# dilation, count_include_pad or divisor_override in pooling. And integers are computed in int64.


def oracle(name):
    return EXCEPTIONS.get(name) or getattr(F, name)


def in_torch(name, *args, **kwargs):
    args, kwargs = [*args], {**kwargs}
    args = [torch.from_numpy(a.copy()) if isinstance(a, np.ndarray) else a for a in args]
    result = oracle(name)(*args, **kwargs)
    return tuple(r.numpy() for r in result) if isinstance(result, tuple) else result.numpy()


def assert_same(name, *args, **kwargs):
    """Compare a function with its oracle, relative to the largest value of the result."""
    ours, theirs = PUBLIC[name](*args, **kwargs), in_torch(name, *args, **kwargs)
    call = f"{name} {[a.shape if isinstance(a, np.ndarray) else a for a in args]} {kwargs}"
    for our, their in zip(*(r if isinstance(r, tuple) else (r,) for r in (ours, theirs)), strict=True):
        assert (our.shape, our.dtype) == (their.shape, their.dtype), call
        assert our.flags.c_contiguous, call
        error, scale = np.abs(our - their).max(), np.abs(their).max()
        assert error <= TOLERANCE[our.dtype.type] * scale, f"{call}: {error} of {scale}"


def maybe_pair(rng, low, high):
    """An integer or a (height, width) pair, low to high."""
    values = tuple(rng.integers(low, high, 2, endpoint=True).tolist())
    return values if rng.random() < 0.7 else values[0]


def both(value):
    return value if isinstance(value, tuple) else (value, value)


def random_slide(rng, pooling=False):
    """Draw (size, kernel_size, stride, padding, dilation) where the kernel fits."""
    kernel, stride = maybe_pair(rng, 1, 4), maybe_pair(rng, 1, 3)
    dilation = 1 if pooling else maybe_pair(rng, 1, 3)
    padding = (
        tuple(int(rng.integers(0, k // 2 + 1)) for k in both(kernel)) if pooling else maybe_pair(rng, 0, 3)
    )
    spans = [d * (k - 1) + 1 for d, k in zip(both(dilation), both(kernel), strict=True)]
    size = [max(1, s - 2 * p) + int(rng.integers(0, 8)) for s, p in zip(spans, both(padding), strict=True)]
    return size, kernel, stride, padding, dilation


def random_layer(rng):
    """Draw the arguments of a convolution."""
    size, kernel, stride, padding, dilation = random_slide(rng)
    if rng.random() < 0.2:
        size, padding = [s + 2 * p for s, p in zip(size, both(padding), strict=True)], "valid"
    elif both(stride) == (1, 1):
        padding = "same"
    groups = int(rng.integers(1, 3, endpoint=True))
    count, inputs, outputs = rng.integers(1, 3, 3, endpoint=True).tolist()
    input = rng.standard_normal((count, groups * inputs, *size))
    weight = rng.standard_normal((groups * outputs, inputs, *both(kernel)))
    bias = rng.standard_normal(len(weight)) if rng.random() < 0.5 else None
    return (input, weight, bias), {
        "stride": stride, "padding": padding, "dilation": dilation, "groups": groups
    }  # fmt: skip


def as_type(arrays, dtype):
    return [None if a is None else a.astype(dtype) for a in arrays]


# ------------------------------------------------------------------------------------- right results


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("block", [functional._BLOCK, 60])
def test_convolution_equals_torch_in_500_configurations(dtype, block, monkeypatch):
    monkeypatch.setattr(functional, "_BLOCK", block)  # 60 values: many blocks per image
    for seed in range(500):
        rng = np.random.default_rng(seed)
        arrays, slide = random_layer(rng)
        arrays = as_type(arrays, dtype)
        assert_same("conv2d", *arrays, **slide)
        grad = rng.standard_normal(functional.conv2d(*arrays, **slide).shape).astype(dtype)
        assert_same("conv2d_backward", grad, *arrays[:2], **slide)


def test_loops_equal_torch_in_500_configurations():
    for seed in range(500):
        arrays, slide = random_layer(np.random.default_rng(seed))
        assert_same("conv2d_loops", *arrays, **slide)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_pooling_equals_torch_in_500_configurations(dtype):
    for seed in range(500):
        rng = np.random.default_rng(seed)
        size, kernel, stride, padding, _ = random_slide(rng, pooling=True)
        stride = None if seed % 5 == 0 else stride
        # Few different values, so that there are ties; all negative, so that zero padding would show.
        tied = rng.integers(-4, 0, (2, 3, *size)).astype(dtype)
        smooth = (rng.random((2, 3, *size)) - 2).astype(dtype)
        for input in (tied, smooth):
            assert_same("max_pool2d", input, kernel, stride, padding)
            assert_same("avg_pool2d", input, kernel, stride, padding)
            grad = rng.standard_normal(functional.max_pool2d(input, kernel, stride, padding).shape)
            assert_same("max_pool2d_backward", grad.astype(dtype), input, kernel, stride, padding)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_unfolding_equals_torch_in_500_configurations(dtype):
    for seed in range(500):
        rng = np.random.default_rng(seed)
        size, kernel, stride, padding, dilation = random_slide(rng)
        input = rng.standard_normal((2, 3, *size)).astype(dtype)
        assert_same("im2col", input, kernel, dilation, padding, stride)
        columns = functional.im2col(input, kernel, dilation, padding, stride)
        columns = rng.standard_normal(columns.shape).astype(dtype)
        assert_same("col2im", columns, tuple(size), kernel, dilation, padding, stride)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_pad_equals_torch(mode):
    rng = np.random.default_rng(0)
    for _ in range(100):
        height, width = rng.integers(1, 6, 2).tolist()
        limit = {"reflect": -1, "circular": 0}.get(mode, 3)
        padding = int(rng.integers(0, height + limit + 1)), int(rng.integers(0, width + limit + 1))
        assert_same("pad", rng.standard_normal((2, 3, height, width)), padding, mode)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_pad_then_convolve_is_conv2d_with_that_padding_mode(mode):
    rng = np.random.default_rng(1)
    layer = torch.nn.Conv2d(2, 7, (3, 4), (2, 3), (1, 2), padding_mode=mode, dtype=torch.float64)
    input = rng.standard_normal((3, 2, 12, 6))
    expected = layer(torch.from_numpy(input)).detach().numpy()
    weight, bias = (p.detach().numpy() for p in layer.parameters())
    ours = functional.conv2d(functional.pad(input, (1, 2), mode), weight, bias, (2, 3))
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-14)


def test_pad_takes_any_leading_axes_and_both_forms_of_padding():
    image = np.arange(6.0).reshape(2, 3)
    expected = np.pad(image, 1, mode="edge")
    for shape in [(2, 3), (1, 2, 3), (1, 1, 1, 2, 3)]:
        assert np.array_equal(functional.pad(image.reshape(shape), 1, "replicate").reshape(4, 5), expected)
    assert functional.pad(image, (0, 2)).shape == functional.pad(image, [0, 2]).shape == (2, 7)


@given(st.integers(0, 2**32 - 1))
def test_integers_are_exact_and_equal_torch_in_int64(seed):
    rng = np.random.default_rng(seed)
    (input, weight, _), slide = random_layer(rng)
    big = 2**20  # exact in int64, not in float32; sums stay exact in float64 too
    input, weight = rng.integers(-big, big, input.shape), rng.integers(-big, big, weight.shape)
    bias = rng.integers(-big, big, len(weight))
    expected = in_torch("conv2d", input, weight, bias, **slide)
    for function in (functional.conv2d, functional.conv2d_loops):
        ours = function(input, weight, bias, **slide)
        assert ours.dtype == np.int64
        assert np.array_equal(ours, expected)
    grad = rng.integers(-99, 99, expected.shape)
    exact = in_torch("conv2d_backward", *(a.astype(float) for a in (grad, input, weight)), **slide)
    for our, their in zip(functional.conv2d_backward(grad, input, weight, **slide), exact, strict=True):
        assert our.dtype == np.int64
        assert np.array_equal(our, their)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int8, np.uint16, np.int32, np.uint32, np.int64, ">i2"])
def test_every_integer_type_is_computed_in_int64(dtype):
    input = np.array([[[[1, 0, 1], [0, 1, 1], [200, 3, 100]]]]).astype(dtype)
    wide = input.astype(np.int64)
    calls = {
        "pad": (1,), "conv2d": (wide[..., :2, :2],), "conv2d_loops": (wide[..., :2, :2],),
        "im2col": (2,), "max_pool2d": (2, 1),
    }  # fmt: skip
    for name, args in calls.items():
        ours = PUBLIC[name](input, *args)
        assert ours.dtype == np.int64, name
        assert np.array_equal(ours, PUBLIC[name](wide, *args)), name
    mean = functional.avg_pool2d(input, 2, 1)
    assert mean.dtype == np.float64
    assert np.array_equal(mean, in_torch("avg_pool2d", wide.astype(float), 2, 1))
    columns = input[0, 0, :2, :2].reshape(1, 4, 1)
    folded = functional.col2im(columns, 2, 2)
    assert folded.dtype == np.int64
    assert np.array_equal(folded[0, 0], wide[0, 0, :2, :2])


def test_no_overflow_in_narrow_types():
    ones = np.full((1, 1, 4, 4), 255, np.uint8)
    assert functional.conv2d(ones, ones).tolist() == [[[[16 * 255 * 255]]]]
    assert functional.avg_pool2d(ones, 4).tolist() == [[[[255.0]]]]
    assert functional.col2im(np.full((1, 4, 4), 255, np.uint8), 3, 2).max() == 4 * 255


def test_types_that_meet_give_numpys_common_type():
    image = np.ones((1, 1, 3, 3), np.uint8)
    for weight, expected in [(np.float32, np.float64), (np.float64, np.float64), (np.int8, np.int64)]:
        assert functional.conv2d(image, np.ones((1, 1, 2, 2), weight)).dtype == expected
    single = np.ones((1, 1, 2, 2), np.float32)
    assert functional.conv2d(single, single).dtype == np.float32
    assert functional.conv2d(single, single, np.ones(1)).dtype == np.float64
    assert functional.conv2d_loops(single, single, np.ones(1)).dtype == np.float64
    one = np.ones((1, 1, 1, 1))
    for arrays in [
        (one, single, single),
        (one.astype("f4"), single, single.astype(float)),
        (one.astype(int), *[single] * 2),
    ]:
        gradients = functional.conv2d_backward(*arrays)
        assert {g.dtype for g in gradients} == {np.result_type(*arrays)}
    assert functional.conv2d(single.astype(">f4"), single).dtype == np.dtype("=f4")


@given(st.integers(0, 2**32 - 1))
def test_backward_is_the_transpose_of_forward(seed):
    """<conv2d(x), g> = <x, grad_input> = <w, grad_weight>, and the same for im2col and col2im."""
    rng = np.random.default_rng(seed)
    (input, weight, _), slide = random_layer(rng)
    output = functional.conv2d(input, weight, **slide)
    grad = rng.standard_normal(output.shape)
    grad_input, grad_weight, _ = functional.conv2d_backward(grad, input, weight, **slide)
    products = [(output * grad).sum(), (input * grad_input).sum(), (weight * grad_weight).sum()]
    scale = np.abs(output * grad).sum() + 1
    assert np.ptp(products) < 1e-12 * scale


def test_memory_layout_does_not_matter():
    rng = np.random.default_rng(2)
    input, weight = rng.standard_normal((3, 2, 12, 6)), rng.standard_normal((7, 2, 3, 4))
    slide = {"stride": (2, 3), "padding": (0, 1)}
    expected = functional.conv2d(input, weight, **slide)
    assert expected.shape == (3, 7, 5, 2)
    fortran = functional.conv2d(np.asfortranarray(input), np.asfortranarray(weight), **slide)
    flipped = functional.conv2d(input[:, ::-1][:, ::-1], weight[..., ::-1][..., ::-1], **slide)
    for ours in (fortran, flipped):
        np.testing.assert_allclose(ours, expected, rtol=1e-13, atol=1e-14)


def test_nan_reaches_the_windows_that_read_it_and_no_other():
    rng = np.random.default_rng(3)
    input, weight = rng.standard_normal((1, 2, 7, 8)), rng.standard_normal((3, 2, 3, 2))
    input[0, 1, 3, 4] = np.nan
    for name, args in {
        "conv2d": (weight,),
        "conv2d_loops": (weight,),
        "avg_pool2d": (2, 1),
        "max_pool2d": (2, 1),
    }.items():
        ours = PUBLIC[name](input, *args)
        assert np.isnan(ours).any(), name
        assert np.array_equal(np.isnan(ours), np.isnan(in_torch(name, input, *args))), name
    input[0, 0, :2, :3] = np.nan  # several in one window
    grad = np.arange(2.0 * 3 * 4).reshape(1, 2, 3, 4)
    assert np.array_equal(
        functional.max_pool2d_backward(grad, input, 2), in_torch("max_pool2d_backward", grad, input, 2)
    )


def test_windows_full_of_minus_infinity_are_pooled_as_torch_does():
    input = np.full((1, 1, 3, 4), -np.inf)
    assert_equal = np.testing.assert_array_equal
    assert_equal(functional.max_pool2d(input, 2, 1, 1), in_torch("max_pool2d", input, 2, 1, 1))
    grad = np.arange(1.0, 21).reshape(1, 1, 4, 5)
    expected = in_torch("max_pool2d_backward", grad, input, 2, 1, 1)
    assert_equal(functional.max_pool2d_backward(grad, input, 2, 1, 1), expected)
    least = np.full((1, 1, 3, 4), np.iinfo(np.int64).min)
    assert_equal(functional.max_pool2d_backward(grad.astype(int), least, 2, 1, 1), expected)


def test_even_kernels_with_same_padding_put_the_odd_pixel_after():
    input = np.zeros((1, 1, 3, 3))
    input[0, 0, 0, 0] = 1
    weight = np.arange(1.0, 5).reshape(1, 1, 2, 2)
    ours = functional.conv2d(input, weight, padding="same")
    assert ours.shape == input.shape
    assert ours[0, 0, 0, 0] == 1  # padded before, the corner would meet another weight
    assert np.array_equal(ours, in_torch("conv2d", input, weight, padding="same"))


# ----------------------------------------------------------------------------- names, memory, speed


def torch_arguments(name):
    """Argument names and defaults of a torch function, from its signature or its documentation."""
    try:
        parameters = list(inspect.signature(oracle(name)).parameters.values())
        return [(p.name, p.default) for p in parameters]
    except ValueError:  # a builtin: read the first line of its documentation
        listed = re.search(rf"{name}\((.*?)\) ?(->|\n)", oracle(name).__doc__)[1]
        pairs = [argument.split("=") for argument in listed.split(", ")]
        return [(name, eval(default[0]) if default else inspect.Parameter.empty) for name, *default in pairs]


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d", "avg_pool2d", "im2col", "col2im", "conv2d_loops"])
def test_names_order_and_defaults_are_torchs(name):
    ours = [(p.name, p.default) for p in inspect.signature(PUBLIC[name]).parameters.values()]
    if name == "max_pool2d":  # torch dispatches between two functions: only the documentation names arguments
        listed = re.search(r"max_pool2d\((.*?)\)", F.max_pool2d.__doc__)[1]
        assert listed.startswith("input, kernel_size, stride=None, padding=0,")
        assert [n for n, _ in ours] == ["input", "kernel_size", "stride", "padding"]
        assert ours[2:] == [("stride", None), ("padding", 0)]
    else:
        theirs = torch_arguments("conv2d" if name == "conv2d_loops" else name)
        assert ours == theirs[: len(ours)]
        assert len(ours) == (4 if name == "avg_pool2d" else len(theirs))


def test_functional_and_shapes_import_numpy_only():
    code = "import sys, cnnlib.functional, cnnlib.shapes; print(*{m.split('.')[0] for m in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "numpy" in loaded.split()
    assert not {"torch", "matplotlib", "scipy", "sklearn", "PIL"} & set(loaded.split())


def peak(function, *args):
    """Return the result and the most memory, in bytes, that the call held at once (its result included)."""
    tracemalloc.start()
    result = function(*args)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return result, most


LARGE = ((128, 16, 24, 24), (32, 16, 5, 5))


def test_memory_at_the_large_case_is_at_most_twice_input_and_output():
    input, weight = (np.ones(shape, np.float32) for shape in LARGE)
    output, most = peak(functional.conv2d, input, weight)
    assert most <= 2 * (input.nbytes + output.nbytes)
    gradients, most = peak(functional.conv2d_backward, output, input, weight)
    assert most <= 2 * (output.nbytes + input.nbytes + weight.nbytes + sum(g.nbytes for g in gradients))
    for pool in (functional.max_pool2d, functional.avg_pool2d):
        pooled, most = peak(pool, input, 2)
        assert most <= 2 * (input.nbytes + pooled.nbytes)


def test_small_inputs_stay_far_below_64_megabytes():
    small, kernels = np.ones((1, 1, 28, 28), np.float32), np.ones((16, 1, 5, 5), np.float32)
    assert peak(functional.conv2d, small, kernels)[1] < 2**20
    photo, kernels = np.ones((1, 3, 427, 640)), np.ones((8, 3, 5, 5))
    output, most = peak(functional.conv2d, photo, kernels)
    assert most <= 2 * (photo.nbytes + output.nbytes) < 64 * 2**20
    assert peak(functional.conv2d_backward, output, photo, kernels)[1] < 64 * 2**20


def test_fast_version_is_much_faster_than_the_definition():
    """Hundreds of times, really; `benchmarks/functional.py` measures it."""
    input, weight = np.ones((1, 2, 16, 16)), np.ones((8, 2, 5, 5))

    def seconds(function):
        start = time.perf_counter()
        function(input, weight)
        return time.perf_counter() - start

    assert min(seconds(functional.conv2d) for _ in range(5)) * 20 < seconds(functional.conv2d_loops)


# --------------------------------------------------------------------------------------- wrong calls

IMAGE = np.arange(72.0).reshape(2, 2, 3, 6)
LAYER = {
    "input": IMAGE,
    "weight": np.ones((4, 1, 2, 3)),
    "stride": 1,
    "padding": 0,
    "dilation": 1,
    "groups": 2,
}
POOL = {"input": IMAGE, "kernel_size": (2, 3), "stride": 1, "padding": 1}
SLIDE = {"kernel_size": (2, 3), "dilation": 1, "padding": 0, "stride": 1}
VALID = {
    "pad": {"input": IMAGE, "padding": 1, "mode": "zeros"},
    "conv2d": {**LAYER, "bias": np.ones(4)},
    "conv2d_loops": {**LAYER, "bias": np.ones(4)},
    "conv2d_backward": {"grad_output": np.ones((2, 4, 2, 4)), **LAYER},
    "im2col": {"input": IMAGE, **SLIDE},
    "col2im": {"input": np.ones((2, 12, 8)), "output_size": (3, 6), **SLIDE},
    "max_pool2d": POOL,
    "avg_pool2d": POOL,
    "max_pool2d_backward": {"grad_output": np.ones((2, 2, 4, 6)), **POOL},
}

NO_INTEGER = [True, False, np.True_, 1.0, 2.5, float("nan"), "2", b"2", {1}, object(), np.array([1, 2]), 1j]
NO_PAIR = [(), (1,), (1, 2, 3), [1], (1, None), (1.0, 2), (1, True), ("1", "2"), ((1, 2), (1, 2))]
OUT_OF_RANGE = [-1, -7, (1, -1), (-2, 1), 2**31, 10**30, (1, 10**30), np.int64(-1)]
ZERO = [0, (0, 1), (1, 0), np.int64(0)]
BAD = {
    "kernel_size": [None, *NO_INTEGER, *NO_PAIR, *OUT_OF_RANGE, *ZERO, 99, (2, 99), (99, 2)],
    "stride": [*NO_INTEGER, *NO_PAIR, *OUT_OF_RANGE, *ZERO],
    "dilation": [None, *NO_INTEGER, *NO_PAIR, *OUT_OF_RANGE, *ZERO],
    "padding": [None, *NO_INTEGER, *NO_PAIR, *OUT_OF_RANGE, "full", "zeros", ""],
    "groups": [None, *NO_INTEGER, *NO_PAIR, *OUT_OF_RANGE, 0, 3, (1, 1), (2, 2), 4],
    "output_size": [None, *NO_INTEGER, *NO_PAIR, *OUT_OF_RANGE, *ZERO, 1, 99, (3, 7)],
    "mode": [None, 0, "constant", "edge", "wrap", "Zeros", "", ["zeros"], ("zeros",), b"zeros"],
}
NO_ARRAY = [None, 1, 1.0, "image", [[[[1.0]]]], [[1, 2], [3]], torch.ones(1, 1, 2, 2), object()]
BAD_TYPES = [
    object,
    "U3",
    "S3",
    np.complex64,
    np.complex128,
    np.float16,
    np.longdouble,
    np.uint64,
    "m8[s]",
    "M8[s]",
]


def bad_arrays(function, argument):
    """Everything wrong that can come instead of an array argument, with a name for the report."""
    good = VALID[function][argument]
    yield from (value for value in NO_ARRAY if not (argument == "bias" and value is None))
    for dtype in BAD_TYPES:
        if np.dtype(dtype) != np.float64:  # longdouble is float64 on Windows
            yield np.zeros(good.shape, dtype)
    yield np.zeros(good.shape, [("a", float), ("b", float)])
    yield from (np.float64(1), np.array(1.0))
    for ndim in range(7):
        if ndim != good.ndim and not (function == "pad" and ndim >= 2):
            yield np.ones((1,) * ndim)
    for axis in range(good.ndim):
        yield np.zeros([0 if a == axis else n for a, n in enumerate(good.shape)])
    yield np.zeros((0,) * good.ndim)
    if function not in ("pad", "im2col", "max_pool2d", "avg_pool2d"):  # those take every size
        yield np.ones([n + 1 for n in good.shape])


def call_wrongly(function, arguments):
    """Call, expect a good message and unchanged arguments; return the message."""
    before = {name: value.copy() for name, value in arguments.items() if isinstance(value, np.ndarray)}
    with pytest.raises((ValueError, TypeError)) as caught:
        PUBLIC[function](**arguments)
    assert type(caught.value) in (ValueError, TypeError), function
    for name, value in before.items():
        assert value.tobytes() == arguments[name].tobytes(), f"{function} changed {name}"
    return str(caught.value)


def test_the_table_of_valid_calls_is_complete_and_valid():
    assert set(VALID) == set(PUBLIC)
    for name, arguments in VALID.items():
        assert set(arguments) == set(inspect.signature(PUBLIC[name]).parameters)
        PUBLIC[name](**arguments)


@pytest.mark.parametrize("function", VALID)
def test_bad_input_is_refused_with_a_message_that_names_the_argument(function):
    for argument, good in VALID[function].items():
        bad = bad_arrays(function, argument) if isinstance(good, np.ndarray) else BAD[argument]
        for value in bad:
            message = call_wrongly(function, {**VALID[function], argument: value})
            # A wrong shape may be blamed on the array it does not fit.
            blamed = {
                argument,
                *(("weight", "grad_output", "input", "bias", "groups") if _shaped(value) else ()),
            }
            blamed |= {"weight"} if argument == "groups" else set()
            blamed |= {"kernel_size", "input"} if argument == "output_size" else set()
            found = re.match(
                rf"{function}: (\w+) expects .+(, got .+|, input has \d+ \(.+\))$", message, re.S
            )
            assert found, f"{argument}={value!r}: {message}"
            assert found[1] in blamed, f"{argument}={value!r}: {message}"
            assert len(message) < 250


def _shaped(value):
    return isinstance(value, np.ndarray) and value.ndim > 1 and value.size > 0 and value.dtype == float


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: functional.conv2d(np.ones((1, 1, 8, 8)), np.ones((4, 3, 3, 3))),
            "conv2d: weight expects 3 input channels, input has 1 (input (1, 1, 8, 8), weight (4, 3, 3, 3))",
        ),
        (
            lambda: functional.conv2d(np.ones((1, 3, 8, 8)), np.ones((4, 2, 3, 3)), groups=2),
            "conv2d: weight expects 4 input channels, input has 3 (input (1, 3, 8, 8), weight (4, 2, 3, 3), groups 2)",
        ),
        (
            lambda: functional.conv2d(
                np.ones((1, 1, 4, 8)), np.ones((1, 1, 3, 3)), dilation=(3, 1), padding=1
            ),
            "conv2d: weight expects a kernel that spans at most 6 pixels (4 and 2 of padding), got one that "
            "spans 7 (kernel_size 3, dilation 3)",
        ),
        (
            lambda: functional.conv2d(np.ones((8, 8)), np.ones((3, 3))),
            "conv2d: input expects shape (N, C_in, H, W), got (8, 8)",
        ),
        (
            lambda: functional.conv2d([[1]], np.ones((3, 3))),
            "conv2d: input expects a NumPy array, got list",
        ),
        (
            lambda: functional.conv2d(np.ones((1, 1, 8, 8)), np.ones((4, 1, 3, 3)), np.ones(3)),
            "conv2d: bias expects shape (4,), got (3,)",
        ),
        (
            lambda: functional.conv2d(np.ones((1, 1, 8, 8)), np.ones((4, 1, 3, 3)), None, 2, "same"),
            "conv2d: padding expects a number unless stride is 1, got 'same', stride (2, 2)",
        ),
        (
            lambda: functional.conv2d_backward(
                np.ones((1, 4, 8, 8)), np.ones((1, 1, 8, 8)), np.ones((4, 1, 3, 3))
            ),
            "conv2d_backward: grad_output expects shape (1, 4, 6, 6), got (1, 4, 8, 8)",
        ),
        (
            lambda: functional.pad(np.ones((3, 3)), (3, 2), "reflect"),
            "pad: padding expects at most (2, 2) for mode 'reflect', got (3, 2)",
        ),
        (
            lambda: functional.pad(np.ones((3, 4)), (3, 5), "circular"),
            "pad: padding expects at most (3, 4) for mode 'circular', got (3, 5)",
        ),
        (
            lambda: functional.max_pool2d(np.ones((1, 1, 4, 4)), 3, padding=2),
            "max_pool2d: padding expects at most half of kernel_size (3, 3), got 2",
        ),
        (
            lambda: functional.avg_pool2d(np.ones((1, 1, 4, 4)), 5),
            "avg_pool2d: kernel_size expects a kernel that spans at most 4 pixels (4 and 0 of padding), got one "
            "that spans 5 (kernel_size 5, dilation 1)",
        ),
        (
            lambda: functional.im2col(np.ones((1, 1, 4, 4)), 2, stride=0),
            "im2col: stride expects an integer of at least 1, got 0",
        ),
        (
            lambda: functional.col2im(np.ones((1, 5, 4)), 3, 2),
            "col2im: input expects shape (1, 4, 4), got (1, 5, 4)",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}$"):
        call()


SMALL = st.sampled_from([*[1, 2, 3] * 6, 0, -1])  # mostly right, so that not everything is refused
PAIRS = st.one_of(SMALL, st.tuples(SMALL, SMALL))
PADDING = st.one_of(st.integers(-1, 2), st.tuples(st.integers(0, 2), st.integers(0, 2)))
IMAGES = st.builds(np.ones, st.tuples(st.just(2), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)))


@st.composite
def convolutions(draw):
    input, groups = draw(IMAGES), draw(SMALL)
    channels = draw(st.sampled_from([max(1, input.shape[1] // max(1, groups)), 1, 2]))
    weight = np.ones((draw(st.integers(1, 6)), channels, draw(st.integers(1, 3)), draw(st.integers(1, 3))))
    named = st.sampled_from(["same", "valid", "full"])
    return input, weight, None, draw(PAIRS), draw(st.one_of(PADDING, PADDING, named)), draw(PAIRS), groups


POOLINGS = st.tuples(IMAGES, PAIRS, st.one_of(st.none(), PAIRS), PADDING)
CALLS = {
    "conv2d": convolutions(),
    "max_pool2d": POOLINGS,
    "avg_pool2d": POOLINGS,
    "im2col": st.tuples(IMAGES, PAIRS, PAIRS, PADDING, PAIRS),
}


@pytest.mark.parametrize("name", CALLS)
@given(st.data())
def test_refused_exactly_where_torch_refuses(name, data):
    args = data.draw(CALLS[name])
    try:
        expected = in_torch(name, *args)
    except (RuntimeError, ValueError):
        with pytest.raises((ValueError, TypeError), match=rf"^{name}: \w+ expects .+, (got|input has) "):
            PUBLIC[name](*args)
    else:
        np.testing.assert_allclose(PUBLIC[name](*args), expected, rtol=1e-12)


@pytest.mark.parametrize("function", VALID)
def test_arguments_are_never_changed_nor_returned(function):
    arguments = {n: v.copy() if isinstance(v, np.ndarray) else v for n, v in VALID[function].items()}
    arrays = [value for value in arguments.values() if isinstance(value, np.ndarray)]
    for array in arrays:
        array.flags.writeable = False
    result = PUBLIC[function](**arguments)
    for name, value in VALID[function].items():
        assert np.array_equal(arguments[name], value)
    for array in result if isinstance(result, tuple) else (result,):
        assert not any(np.shares_memory(array, argument) for argument in arrays)
        assert array.flags.writeable


def test_nothing_to_do_still_returns_a_copy():
    image = np.arange(12.0).reshape(1, 1, 3, 4)
    one = np.ones((1, 1, 1, 1))
    calls = [
        functional.pad(image, 0), functional.conv2d(image, one), functional.im2col(image, 1),
        functional.max_pool2d(image, 1), functional.avg_pool2d(image, 1), functional.col2im(image[0], (3, 4), (3, 1)),
        functional.conv2d_backward(image, image, one)[0], functional.max_pool2d_backward(image, image, 1),
    ]  # fmt: skip
    for result in calls:
        assert not np.shares_memory(result, image)
        result += 1
    assert image.tolist() == np.arange(12.0).reshape(1, 1, 3, 4).tolist()
