"""The checks of notebook 09: a linear layer as a convolution, masks and their IoU, two ways to enlarge maps."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cnnlib.check.engine import Raised, Student, exercise
from cnnlib.check.pairs import NUMBERS, PAIRS, Pair, ints_only, pair, pairs_only

Array = NDArray[Any]
Shape = tuple[int, int, int]


# fc_to_conv


@exercise(
    "How does flatten order the values of a (C, H, W) stack? Which weight of the linear layer meets channel c, row i, "
    "column j?",
    "Each row of `linear.weight` holds C * H * W weights in the order of flatten: reshape the whole to (out, C, H, W), "
    "copy it into an `nn.Conv2d` with kernel (H, W), and copy the bias if there is one.",
)
def fc_to_conv(student: Student) -> None:
    linears = [_counting(3, (2, 2, 3)), _random(4, (3, 4, 2), bias=True), _random(3, (2, 5, 3), bias=False)]
    for linear, in_shape in zip(linears, [(2, 2, 3), (3, 4, 2), (2, 5, 3)], strict=True):
        out, inputs = linear.weight.shape
        without = "" if linear.bias is not None else ", bias=False"
        tried = f"fc_to_conv(linear, in_shape) with linear = Linear({inputs}, {out}{without}), in_shape = {in_shape}"
        before = {name: value.clone() for name, value in linear.state_dict().items()}
        conv = student.call(linear, in_shape)
        student.require(
            isinstance(conv, nn.Conv2d), tried, "a torch.nn.Conv2d", type(conv).__name__,
            "Return the layer itself, an nn.Conv2d, and not its weight or what it makes of an image.",
        )  # fmt: skip
        student.require(
            all(torch.equal(value, linear.state_dict()[name]) for name, value in before.items()),
            tried, "linear as it was", "another weight or bias in linear",
            "Your function changes the linear layer. The caller still needs it: copy its values.",
        )  # fmt: skip
        _same_weights(student, tried, linear, in_shape, conv)
        _same_bias(student, tried, linear, conv)
        _same_scores(student, tried, linear, in_shape, conv)


def _counting(out: int, in_shape: Shape) -> nn.Linear:
    """A layer whose weights are 1, 2, 3, ..., so that every one can be found again."""
    linear = nn.Linear(int(np.prod(in_shape)), out)
    with torch.no_grad():
        linear.weight.copy_(torch.arange(1.0, linear.weight.numel() + 1).reshape(linear.weight.shape))
        linear.bias.copy_(torch.arange(out) * 100.0 - 50)
    return linear


def _random(out: int, in_shape: Shape, *, bias: bool) -> nn.Linear:
    rng = np.random.default_rng(9)
    linear = nn.Linear(int(np.prod(in_shape)), out, bias=bias)
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.copy_(torch.from_numpy(rng.normal(size=parameter.shape)))
    return linear


def _kernels(weight: Array, in_shape: Shape) -> Array:
    return weight.reshape(-1, *in_shape)


def _same_weights(student: Student, tried: str, linear: nn.Linear, in_shape: Shape, conv: nn.Conv2d) -> None:
    weight, (channels, height, width) = linear.weight.detach().numpy(), in_shape
    out = len(weight)
    shape = tuple(conv.weight.shape)
    student.require(
        shape == (out, *in_shape), f"the weight of {tried}", f"shape {(out, *in_shape)}", f"shape {shape}",
        "Height and width of the kernel are swapped. in_shape is (C, H, W), the kernel is (H, W)."
        if shape == (out, channels, width, height)
        else "One kernel for each output of the linear layer, each of them as large as the whole stack of maps: "
        "(out, C, H, W).",
    )  # fmt: skip
    student.require(
        np.allclose(np.sort(weight, axis=None), np.sort(student.numbers(conv.weight, tried), axis=None), atol=1e-5),
        f"the weight of {tried}", _kernels(weight, in_shape), conv.weight.detach().numpy(),
        "These are not the linear layer's weights. A new convolution starts with random ones: copy linear.weight.",
    )  # fmt: skip
    last = (
        "The weights were laid out as if the channels came last. Flatten goes channel by channel: (C, H, W)."
    )
    student.agree(
        f"the weight of {tried}",
        _kernels(weight, in_shape),
        conv.weight,
        [
            (last, lambda: weight.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)),
            (last, lambda: weight.reshape(-1, width, height, channels).transpose(0, 3, 2, 1)),
            ("The weights were laid out column by column. Flatten goes along the rows.",
             lambda: weight.reshape(-1, channels, width, height).transpose(0, 1, 3, 2)),
            ("The outputs are mixed up: row k of linear.weight is kernel k. Reshape linear.weight, not its transpose.",
             lambda: weight.T.reshape(-1, *in_shape)),
            ("The kernels are flipped. PyTorch's conv2d does not flip, so the weights go in as they are.",
             lambda: _kernels(weight, in_shape)[:, :, ::-1, ::-1]),
            ("The weights were sorted differently: flatten in the order of PyTorch, the last axis fastest.",
             lambda: weight.reshape(-1, *in_shape, order="F")),
        ],
    )  # fmt: skip


def _same_bias(student: Student, tried: str, linear: nn.Linear, conv: nn.Conv2d) -> None:
    wanted, found = (
        np.zeros(len(linear.weight)) if layer.bias is None else layer.bias.detach().numpy()
        for layer in (linear, conv)
    )
    student.require(
        np.allclose(wanted, found, atol=1e-5), f"the bias of {tried}", wanted, found,
        "This linear layer has no bias (linear.bias is None), your convolution has one. Give it bias=False."
        if linear.bias is None
        else "The bias was not taken over. A new layer starts with random values: copy those of linear.bias.",
    )  # fmt: skip


def _same_scores(student: Student, tried: str, linear: nn.Linear, in_shape: Shape, conv: nn.Conv2d) -> None:
    """On maps that are larger than in_shape: the linear layer applied to every window."""
    channels, height, width = in_shape
    rng = np.random.default_rng(3)
    maps = torch.from_numpy(rng.integers(0, 4, (1, channels, height + 1, width + 2))).to(conv.weight.dtype)
    windows = maps.float().unfold(2, height, 1).unfold(3, width, 1)  # (1, C, 2, 3, H, W)
    place = f"the output of {tried} for maps of shape {tuple(maps.shape)}"
    defaults = "Leave stride, padding, dilation and groups as they are."
    with torch.no_grad():
        expected = linear(windows.permute(0, 2, 3, 1, 4, 5).flatten(3)).movedim(3, 1).double().numpy()
        try:
            got = conv(maps)
        except Exception as error:
            student.fail(place, expected, str(Raised(error)), "The layer cannot be applied. " + defaults)
    student.require(
        tuple(got.shape) == expected.shape, place, f"shape {expected.shape}", f"shape {tuple(got.shape)}",
        "The kernel fits at 2 x 3 places here. " + defaults,
    )  # fmt: skip
    student.agree(place, expected, got)


# predict_mask


def _scores(seed: int, shape: tuple[int, ...], dtype: type = np.float32) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape).astype(dtype))


def _softmax(scores: Array, axis: int) -> Array:
    powers = np.exp(scores - scores.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def _mask(scores: Tensor) -> Array:
    return np.asarray(np.argmax(np.asarray(scores), axis=1))


MASK_AXIS = "You compared along the {}. The classes are axis 1 of (N, K, H, W): compare along that one."


@exercise(
    "Every pixel has K scores. Which axis holds them, and what do you want to know about the largest?",
    "`argmax` says where the largest value is. Take it along axis 1.",
)
def predict_mask(student: Student) -> None:
    small = torch.tensor(
        [[[[2, 0, 1], [5, 3, 0]], [[1, 4, 0], [6, 1, 2]], [[0, 1, 3], [2, 7, 1]], [[1, 2, 0], [9, 0, 0]]]]
    )
    cases = [
        (small,),
        (-1 - small.abs().float() / 4,),
        (_scores(1, (3, 5, 4, 6)),),
        (_scores(2, (2, 11, 7, 3), np.float64),),
    ]
    student.compare(
        _mask,
        cases=[(scores.clone(),) for (scores,) in cases],
        kind="integer",
        mistakes=[
            (MASK_AXIS.format("images of the batch, axis 0"), lambda s: np.argmax(np.asarray(s), 0)),
            (MASK_AXIS.format("rows, axis 2"), lambda s: np.argmax(np.asarray(s), 2)),
            (MASK_AXIS.format("columns, axis 3"), lambda s: np.argmax(np.asarray(s), 3)),
            ("You return the largest score itself. Wanted is which class it belongs to.",
             lambda s: np.max(np.asarray(s), 1)),
            ("torch.max along an axis returns two results, the values and their indices. Wanted are the indices.",
             lambda s: np.stack([np.max(np.asarray(s), 1), _mask(s)])),
            ("One number is left: the argmax went over everything. Give it the axis of the classes.",
             lambda s: np.argmax(np.asarray(s))),
            ("You return the smallest score's class.", lambda s: np.argmin(np.asarray(s), 1)),
            ("You return the class with the largest absolute score. A score far below 0 is a bad one.",
             lambda s: np.argmax(np.abs(np.asarray(s)), 1)),
            ("Your classes are counted from 1. The first channel is class 0.", lambda s: _mask(s) + 1),
            ("The axis of the classes is still there, with length 1. The mask is (N, H, W).",
             lambda s: _mask(s)[:, None]),
            ("You return K masks of 0 and 1. Wanted is one mask that holds class numbers.",
             lambda s: np.moveaxis(np.eye(s.shape[1])[_mask(s)], 3, 1)),
            ("There is a softmax over the batch before your argmax: it compares images with each other. "
             "The argmax of the scores needs no softmax.", lambda s: np.argmax(_softmax(np.asarray(s, float), 0), 1)),
            ("There is a softmax over rows or columns before your argmax. The argmax of the scores needs no softmax.",
             lambda s: np.argmax(_softmax(np.asarray(s, float), 2), 1)),
            ("There is a softmax over rows or columns before your argmax. The argmax of the scores needs no softmax.",
             lambda s: np.argmax(_softmax(np.asarray(s, float), 3), 1)),
            ("You return probabilities. Wanted are class numbers.", lambda s: _softmax(np.asarray(s, float), 1)),
            ("Every value is 0 where no score is positive: compare the scores with each other, not with 0.",
             lambda s: np.argmax(np.maximum(np.asarray(s), 0), 1)),
            ("You rounded or cut the scores before comparing them.", lambda s: np.argmax(np.asarray(s).astype(int), 1)),
            ("The mean of the scores, or a weighted sum of class numbers, is no class. Take the largest score.",
             lambda s: np.einsum("nkhw,k->nhw", _softmax(np.asarray(s, float), 1), np.arange(s.shape[1])).round()),
            ("One answer for each whole image. Wanted is one for each pixel.",
             lambda s: np.argmax(np.asarray(s, float).mean((2, 3)), 1)),
            ("Only the first image of the batch. The mask is (N, H, W).", lambda s: _mask(s)[0]),
            ("Height and width are swapped. The mask is (N, H, W).", lambda s: _mask(s).swapaxes(1, 2)),
        ],
    )  # fmt: skip
    _unchanged(student, cases[-1:], lambda scores: student.answer(scores))


def _unchanged(student: Student, cases: list[tuple[Any, ...]], call: Callable[..., object]) -> None:
    """Fail if a tensor among the arguments is another one after a call (the engine looks at arrays only)."""
    for case in cases:
        given = [a.clone() if isinstance(a, Tensor) else a for a in case]
        call(*given)
        same = all(torch.equal(a, b) for a, b in zip(case, given, strict=True) if isinstance(a, Tensor))
        student.require(
            same, f"{student.name} with tensors", "the arguments as they were", "an argument was changed",
            "Your function writes into its input. The caller still needs it: work on a copy.",
        )  # fmt: skip


# iou


def _counts(prediction: Tensor, target: Tensor, num_classes: int) -> Array:
    """Pixels per class: (in both, in the prediction, in the target)."""
    p, t = np.asarray(prediction), np.asarray(target)
    return np.array(
        [[np.sum((p == k) & (t == k)), np.sum(p == k), np.sum(t == k)] for k in range(num_classes)]
    ).T


def _ratio(both: Array, of: Array, absent: float = np.nan) -> Array:
    return np.where(of > 0, both / np.maximum(of, 1), absent)


def _iou(prediction: Tensor, target: Tensor, num_classes: int) -> Array:
    both, p, t = _counts(prediction, target, num_classes)
    return _ratio(both, p + t - both)


def _by(measure: Callable[[Array, Array, Array], object]) -> Callable[..., object]:
    """A measure of (both, prediction, target), each one count per class."""
    return lambda prediction, target, num_classes: measure(*_counts(prediction, target, num_classes))


def _divided(prediction: Tensor, target: Tensor, num_classes: int) -> list[float]:
    both, p, t = _counts(prediction, target, num_classes)
    if not (p + t).all():
        raise ZeroDivisionError
    return [int(b) / int(u) for b, u in zip(both, p + t - both, strict=True)]


def _per_image(prediction: Tensor, target: Tensor, num_classes: int) -> Array:
    each = np.array([_iou(p, t, num_classes) for p, t in zip(prediction, target, strict=True)])
    counts = np.sum(~np.isnan(each), 0)
    return _ratio(np.nansum(each, 0), counts)


ABSENT = "A class that is in neither mask has no IoU: 0 divided by 0. Give NaN for it, "
MEAN = "You return one number. Wanted is one IoU for each class, num_classes in all."


@exercise(
    "Take one class. In which pixels is it in both masks, and in which is it in at least one?",
    "With `p = prediction == k` and `t = target == k`: the intersection is `(p & t).sum()`, the union `(p | t).sum()`. "
    "Where the union is 0 the answer is `float('nan')`.",
)
def iou(student: Student) -> None:
    rng = np.random.default_rng(99)

    def masks(shape: tuple[int, ...], classes: list[int], wrong: float) -> tuple[Tensor, Tensor]:
        target = rng.choice(classes, shape)
        prediction = np.where(rng.random(shape) < wrong, rng.choice(classes, shape), target)
        return torch.from_numpy(prediction), torch.from_numpy(target)

    small = torch.tensor([[[0, 0, 1, 1], [0, 2, 2, 2]]]), torch.tensor([[[0, 1, 1, 1], [0, 0, 2, 0]]])
    one_sided = torch.tensor([[[0, 1], [1, 1]]]), torch.tensor([[[0, 0], [0, 2]]])
    large = masks((3, 8, 5), [0, 0, 0, 1, 2, 4], 0.5)
    large[1][0][large[1][0] == 4] = 1  # class 4 is missing in one image
    large[0][0][large[0][0] == 4] = 2
    cases = [
        (*small, 3), (*one_sided, 4), (*large, 6), (*masks((2, 6, 9), [1, 2, 3], 0.3), 4),
        (*masks((1, 1, 7), [2], 0), 3),
    ]  # fmt: skip
    student.compare(
        _iou,
        cases=[(p.clone(), t.clone(), k) for p, t, k in cases],
        mistakes=[
            (MEAN, lambda p, t, k: np.nanmean(_iou(p, t, k))),
            (MEAN, lambda p, t, k: np.mean(_iou(p, t, k))),
            (MEAN, lambda p, t, k: np.sum(np.nan_to_num(_iou(p, t, k))) / k),
            ("You return the share of pixels that agree. Wanted is one IoU for each class.",
             lambda p, t, k: np.mean(np.asarray(p) == np.asarray(t))),
            ("You return one IoU over all pixels. Wanted is one for each class.",
             _by(lambda b, p, t: b.sum() / (p + t - b).sum())),
            (ABSENT + "and do not divide.", _divided),
            (ABSENT + "not 0: the mean over the classes must be able to leave it out.",
             _by(lambda b, p, t: _ratio(b, p + t - b, 0))),
            (ABSENT + "not 1: nothing was found, so nothing was found well.",
             _by(lambda b, p, t: _ratio(b, p + t - b, 1))),
            ("NaN is for a class that is absent from both masks. A class in one of them only has IoU 0.",
             _by(lambda b, p, t: np.where(t > 0, _ratio(b, p + t - b), np.nan))),
            ("NaN is for a class that is absent from both masks. A class in one of them only has IoU 0.",
             _by(lambda b, p, t: np.where(p > 0, _ratio(b, p + t - b), np.nan))),
            ("NaN is for a class that is absent from both masks. A class in one of them only has IoU 0.",
             _by(lambda b, p, t: np.where(b > 0, _ratio(b, p + t - b), np.nan))),
            ("You divide by the target's pixels: that is the recall. Divide by those of the union.",
             _by(lambda b, p, t: _ratio(b, t))),
            ("You divide by the prediction's pixels: that is the precision. Divide by those of the union.",
             _by(lambda b, p, t: _ratio(b, p))),
            ("Pixels in both masks are counted twice below the line. Each pixel of the union counts once.",
             _by(lambda b, p, t: _ratio(b, p + t))),
            ("This is twice the intersection over the sum of both, the Dice score. Divide by the union.",
             _by(lambda b, p, t: _ratio(2 * b, p + t))),
            ("You divide by the pixels in one mask only. The union holds those in both masks too.",
             _by(lambda b, p, t: np.where(p + t > 0, np.divide(b, p + t - 2 * b, where=p + t > 2 * b,
                                                               out=np.where(b > 0, np.inf, np.nan)), np.nan))),
            ("This is the share of the union where the masks differ, 1 - IoU. Return the share where they agree.",
             lambda p, t, k: 1 - _iou(p, t, k)),
            ("You divide the union by the intersection.", _by(lambda b, p, t: _ratio(p + t - b, b))),
            ("You divide by all pixels. Divide by those of the union.",
             lambda p, t, k: _counts(p, t, k)[0] / p.numel()),
            ("For each class you count the pixels where 'class or not' agrees. Count those of the class itself.",
             lambda p, t, k: [float(((p == c) == (t == c)).float().mean()) for c in range(k)]),
            ("You return the intersections. Divide each by its union.", _by(lambda b, p, t: b)),
            ("Class 0 is missing. The background is a class like the others here: num_classes values, from class 0 on.",
             lambda p, t, k: _iou(p, t, k)[1:]),
            ("Classes are counted from 0 to num_classes - 1.", lambda p, t, k: _iou(p, t, k + 1)[1:]),
            ("Classes that are in neither mask are left out. Wanted are num_classes values, NaN for those.",
             lambda p, t, k: _iou(p, t, k)[~np.isnan(_iou(p, t, k))]),
            ("The last class is missing: range(num_classes) goes from 0 to num_classes - 1.",
             lambda p, t, k: _iou(p, t, k)[:-1]),
            ("You average over the images. Count the pixels of all images together, then divide.", _per_image),
            ("Only the first image is counted. Count the pixels of all images.",
             lambda p, t, k: _iou(p[:1], t[:1], k)),
            ("One row for each image. Count the pixels of all images together.",
             lambda p, t, k: np.array([_iou(a, b, k) for a, b in zip(p, t, strict=True)])),
            ("The fractions are cut off. Use /, not //, and an array of floats.",
             _by(lambda b, p, t: _ratio(b // np.maximum(p + t - b, 1), p + t - b))),
        ],
    )  # fmt: skip
    _unchanged(student, cases[2:3], lambda p, t, k: student.answer(p, t, k))


# upsample_nearest


def _nearest(x: Array, factor: int) -> Array:
    rows = np.arange(x.shape[-2] * factor) // factor
    columns = np.arange(x.shape[-1] * factor) // factor
    return x[..., rows[:, None], columns]


def _tiled(x: Array, factor: int) -> Array:
    return np.tile(x, (1,) * (x.ndim - 2) + (factor, factor))


def _spread(x: Array, factor: int) -> Array:
    out = np.zeros((*x.shape[:-2], x.shape[-2] * factor, x.shape[-1] * factor), x.dtype)
    out[..., ::factor, ::factor] = x
    return out


def _smooth(mode: str, corners: bool) -> Callable[[Array, int], Array]:
    def enlarged(x: Array, factor: int) -> Array:
        maps = torch.from_numpy(x.astype(np.float64)).reshape(1, -1, *x.shape[-2:])
        out = nn.functional.interpolate(maps, scale_factor=factor, mode=mode, align_corners=corners)
        return out.reshape(*x.shape[:-2], *out.shape[-2:]).numpy()

    return enlarged


TILED = (
    "The whole map stands there several times, side by side. Repeat every single pixel instead: a block of "
    "factor x factor equal values for each."
)
MIXED = "Neighbours are mixed. Nearest means that every value is a copy of one pixel."
AXES = "Enlarge both of the last two axes, height and width, and no other."


@exercise(
    "Every pixel becomes a block of equal values. Do it for the rows first, then for the columns.",
    "`np.repeat(x, factor, axis=-1)` repeats every value along the last axis. Do the same along axis -2.",
)
def upsample_nearest(student: Student) -> None:
    rng = np.random.default_rng(90)
    cases = [
        (np.array([[1, 2, 3], [4, 5, 6]]), 2),
        (rng.normal(size=(2, 3, 4, 2)), 3),
        (rng.integers(0, 9, (2, 1, 3, 5)) / 4, 4),
        (rng.normal(size=(3, 2, 5)), 1),
        (rng.normal(size=(3, 1, 4)), 5),
    ]
    student.compare(
        _nearest,
        cases=cases,
        mistakes=[
            (TILED, _tiled),
            ("Only the rows are repeated. " + AXES, lambda x, f: np.repeat(x, f, -2)),
            ("Only the columns are repeated. " + AXES, lambda x, f: np.repeat(x, f, -1)),
            ("The first two axes are repeated. They are images and channels where there are four. " + AXES,
             lambda x, f: np.repeat(np.repeat(x, f, 0), f, 1)),
            ("Everything is flattened: np.repeat needs its axis. " + AXES, lambda x, f: np.repeat(x, f)),
            ("All axes are repeated. " + AXES, lambda x, f: np.kron(x, np.ones((f,) * x.ndim))),
            ("Between the pixels stand zeros. Fill the block with copies of its pixel.", _spread),
            ("Rows are repeated as a block, so that they come out as 1, 2, 1, 2 instead of 1, 1, 2, 2.",
             lambda x, f: np.repeat(np.concatenate([x] * f, -2), f, -1)),
            ("Columns are repeated as a block, so that they come out as 1, 2, 1, 2 instead of 1, 1, 2, 2.",
             lambda x, f: np.repeat(np.concatenate([x] * f, -1), f, -2)),
            (MIXED, _smooth("bilinear", False)),
            (MIXED, _smooth("bilinear", True)),
            (MIXED, _smooth("bicubic", False)),
            ("The fractions are cut off. Keep the type of x.", lambda x, f: np.trunc(_nearest(x, f))),
            ("Your factor is fixed at 2. Use the argument.", lambda x, f: _nearest(x, 2)),
            ("Each block shares its pixel's value out. Copy it.", lambda x, f: _nearest(x, f) / f**2),
            ("Height and width are swapped.", lambda x, f: _nearest(x, f).swapaxes(-1, -2)),
        ],
    )  # fmt: skip


# conv_transpose2d


def _stamped(
    input: Array, weight: Array, stride: Pair, *, add: bool = True, gap: Pair | None = None
) -> Array:
    """Stamp the kernel for every input value; `gap`: the distance really used, in an output of the right size."""
    (rows, columns), (high, wide) = input.shape[2:], weight.shape[2:]
    down, right = pair(stride)
    out = np.zeros((len(input), weight.shape[1], (rows - 1) * down + high, (columns - 1) * right + wide))
    step = pair(stride if gap is None else gap)
    for row, column in np.ndindex(rows, columns):
        stamp = np.einsum("nc,cohw->nohw", input[:, :, row, column].astype(np.float64), weight)
        top, left = row * step[0], column * step[1]
        place = np.s_[:, :, top : top + high, left : left + wide]
        out[place] = out[place] + stamp if add else stamp
    return out


def _conv_transpose2d(input: Array, weight: Array, stride: Pair) -> Array:
    return _stamped(input, weight, stride)


def _looped(input: Array, weight: Array, stride: Pair) -> Array:
    """Loops over channels too, that write where they should add."""
    stamps = input[:, -1, :, :], weight[-1:]
    return _stamped(stamps[0][:, None], stamps[1], stride, add=False)


def _of_one_type(error: type[Exception]) -> Callable[..., Array]:
    """The right stamps, with an error where one array holds integers and the other fractions."""

    def conv_transpose2d(input: Array, weight: Array, stride: Pair) -> Array:
        if {input.dtype.kind, weight.dtype.kind} == {"i", "f"}:
            raise error
        return _stamped(input, weight, stride)

    return conv_transpose2d


def _outputs_first(input: Array, weight: Array, stride: Pair) -> Array:
    return _stamped(input, weight.swapaxes(0, 1), stride)


SIZE = "The size is (n - 1) s + k on each axis: the last stamp starts at (n - 1) s and reaches k further."
FLIPPED = "The kernel is flipped. Every input value stamps the kernel as it is, the right way round."


@exercise(
    "One value of the input stamps one copy of the kernel, times the value. Where does the stamp of (i, j) start?",
    "Make zeros of size (n - 1) s + k. For every i, j add the stamp to rows i s to i s + kH and columns j s to "
    "j s + kW; the stamp sums over the input channels: `np.einsum('nc,cohw->nohw', input[:, :, i, j], weight)`.",
)
def conv_transpose2d(student: Student) -> None:
    rng = np.random.default_rng(91)
    small = np.array([[[[1, 2, 0], [3, 0, -1]]]])
    cases = [
        (small, np.array([[[[1, 2, 3], [4, 5, 6], [0, 1, 0]]]]), (2, 2)),  # a pair: see pairs_only
        (small, np.array([[[[1, 2, 3], [4, 5, 6], [0, 1, 0]]]]), 2),
        (small, np.array([[[[1, 2], [3, 5]]]]) / 4, 2),
        (small, np.array([[[[1, 2], [3, 5]]]]), 2),
        (small / 4, np.array([[[[1, 2], [3, 5], [7, 0]]]]), 3),
        (rng.integers(-3, 4, (1, 2, 2, 3)), rng.integers(-3, 4, (2, 2, 2, 3)), 1),
        (rng.normal(size=(3, 7, 5, 2)), rng.normal(size=(7, 2, 3, 4)), (2, 3)),
        (rng.normal(size=(2, 3, 3, 4)), rng.normal(size=(3, 2, 2, 1)), (3, 2)),
        (rng.normal(size=(2, 2, 1, 4)), rng.normal(size=(2, 5, 4, 3)), (1, 2)),
    ]

    def turned(order: tuple[int, ...]) -> Callable[..., Array]:
        return lambda x, w, s: _stamped(x, w.transpose(order), s)

    student.compare(
        _conv_transpose2d,
        cases=cases,
        mistakes=[
            (FLIPPED, lambda x, w, s: _stamped(x, w[:, :, ::-1, ::-1], s)),
            ("The kernel is flipped top to bottom.", lambda x, w, s: _stamped(x, w[:, :, ::-1], s)),
            ("The kernel is mirrored left to right.", lambda x, w, s: _stamped(x, w[..., ::-1], s)),
            ("The kernel is transposed.", turned((0, 1, 3, 2))),
            ("Where stamps overlap, only the last one is left. Add them up: +=, not =.",
             lambda x, w, s: _stamped(x, w, s, add=False)),
            ("Only the last channel is left: = where += is needed.", _looped),
            ("The stamps stand one pixel apart: the stride plays no part. Input (i, j) starts at (i s, j s).",
             lambda x, w, s: _stamped(x, w, 1)),
            ("The size is right, but the stamps stand one pixel apart. Input (i, j) starts at (i s, j s).",
             lambda x, w, s: _stamped(x, w, s, gap=1)),
            ("Both axes use the first number of the stride. It is (height, width).",
             lambda x, w, s: _stamped(x, w, pair(s)[0])),
            ("Both axes use the second number of the stride. It is (height, width).",
             lambda x, w, s: _stamped(x, w, pair(s)[1])),
            ("The two numbers of the stride are swapped: it is (height, width).",
             lambda x, w, s: _stamped(x, w, pair(s)[::-1])),
            ("The stamps stand next to each other, a kernel apart. They stand s apart and may overlap.",
             lambda x, w, s: _stamped(x, w, w.shape[2:])),
            (SIZE + " Yours is n s.", lambda x, w, s: _n_times_s(x, w, s)),
            (SIZE + " The last row and column are missing.", lambda x, w, s: _stamped(x, w, s)[:, :, :-1, :-1]),
            (SIZE + " One row and one column are too many.",
             lambda x, w, s: np.pad(_stamped(x, w, s), ((0, 0), (0, 0), (0, 1), (0, 1)))),
            (SIZE + " Yours is n s + k.",
             lambda x, w, s: np.pad(_stamped(x, w, s), ((0, 0), (0, 0), (0, pair(s)[0]), (0, pair(s)[1])))),
            ("The weight's first two axes are taken for (C_out, C_in). Here they are (C_in, C_out).", _outputs_first),
            ("Only the first input channel is used. Sum over all of them.",
             lambda x, w, s: _stamped(x[:, :1], w[:1], s)),
            ("You averaged over the input channels. Sum.", lambda x, w, s: _stamped(x, w, s) / x.shape[1]),
            ("Overlapping stamps were averaged. Add them up.",
             lambda x, w, s: _stamped(x, w, s) / np.maximum(_stamped(x[:1, :1] * 0 + 1, w[:1, :1] * 0 + 1, s), 1)),
            ("Only the first image of the batch is used.", lambda x, w, s: _stamped(x[:1], w, s)),
            ("One of the two arrays holds integers in this case, the other has fractions. Make both float64 first, and "
             "the output too: np.zeros(shape), not zeros_like.", _of_one_type(TypeError)),
            ("One of the two arrays holds integers in this case, the other has fractions. Make both float64 first, and "
             "the output too: torch computes with one type only.", _of_one_type(RuntimeError)),
            (PAIRS, ints_only(_conv_transpose2d)),
            (NUMBERS, pairs_only(_conv_transpose2d)),
            ("The fractions are cut off. Make the output an array of floats.",
             lambda x, w, s: np.trunc(_stamped(x, w, s))),
            ("The fractions are cut off. Make the output an array of floats.",
             lambda x, w, s: _stamped(x, w, s).astype(x.dtype)),
            ("The fractions are cut off. Make the output an array of floats.",
             lambda x, w, s: _stamped(x, w, s).astype(w.dtype)),
            ("This is the ordinary convolution with a stride: it makes maps smaller. Here every input value stamps "
             "a kernel into a larger output.",
             lambda x, w, s: nn.functional.conv2d(
                 torch.from_numpy(x).double(), torch.from_numpy(w).double().transpose(0, 1), stride=s).numpy()),
        ],
    )  # fmt: skip


def _n_times_s(input: Array, weight: Array, stride: Pair) -> Array:
    whole, (down, right) = _stamped(input, weight, stride), pair(stride)
    rows, columns = input.shape[2] * down, input.shape[3] * right
    spare = max(0, rows - whole.shape[2]), max(0, columns - whole.shape[3])
    return np.pad(whole, ((0, 0), (0, 0), (0, spare[0]), (0, spare[1])))[:, :, :rows, :columns]
