"""The checks of notebook 11: He's initialisation, batch normalisation, and a residual block."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from cnnlib.check.engine import Student, exercise
from cnnlib.check.nb10_train_a_convnet import _random_states
from cnnlib.check.text import table
from cnnlib.models import ResidualBlock as Right

Array = NDArray[Any]


@exercise(
    "How many products does one output value sum up? That count alone decides how large the weights may be.",
    "fan_in = shape[1] * shape[2] * shape[3]; the standard deviation is sqrt(2 / fan_in). Draw with a generator of "
    "your own, seeded with `seed`.",
)
def he_init(student: Student) -> None:
    torch.manual_seed(11)
    states = _random_states()
    for shape in ((84, 24, 5, 3), (40, 90, 2, 5)):  # no mistake of a factor 2 looks like another
        _he_values(student, shape)
    tried = "he_init((4, 3, 5, 2), seed)"
    first, again, other = (_weights(student, (4, 3, 5, 2), seed) for seed in (0, 0, 1))
    student.require(
        np.array_equal(first, again), f"{tried} twice with seed 0", "the same weights", "other weights",
        "The same seed must give the same weights: use `seed`, in a generator of your own.",
    )  # fmt: skip
    student.require(
        not np.array_equal(first, other), f"{tried} with seed 0 and with seed 1", "other weights",
        "the same weights", "Another seed must give other weights: use `seed`, not a number of your own.",
    )  # fmt: skip
    student.require(
        states == _random_states(), tried, "the global random state as it was", "another state",
        "Your function seeds or uses the global generator, which changes every random number drawn after it. Make a "
        "generator of your own: torch.Generator().manual_seed(seed).",
    )  # fmt: skip


def _weights(student: Student, shape: tuple[int, ...], seed: int) -> Array:
    tried = f"he_init({shape}, {seed})"
    weights = student.numbers(student.call(shape, seed), tried)
    student.require(
        weights.shape == shape and weights.dtype.kind == "f", tried, f"floats of shape {shape}",
        f"{weights.dtype} of shape {weights.shape}", "Return one weight for each place of `shape`, in its order.",
    )  # fmt: skip
    return weights.astype(np.float64)


def _he_values(student: Student, shape: tuple[int, int, int, int]) -> None:
    c_out, c_in, high, wide = shape
    tried, fan_in, right = f"he_init({shape}, 5)", c_in * high * wide, math.sqrt(2 / (c_in * high * wide))
    weights = _weights(student, shape, 5)
    mean, sd, count = float(weights.mean()), float(weights.std()), weights.size
    spread = f"mean 0 and standard deviation {right:.4g}, with fan_in = {c_in} * {high} * {wide} = {fan_in}"
    got = f"mean {mean:.4g} and standard deviation {sd:.4g}"
    student.require(
        np.unique(weights).size > 0.98 * count, tried, "each weight drawn for itself",
        f"{np.unique(weights).size} different values among {count}",
        "Weights repeat. Draw each one for itself: filters that start equal get equal gradients and stay equal.",
    )  # fmt: skip
    student.require(
        abs(mean) < 6 * sd / math.sqrt(count), tried, spread, got,
        "The mean is not 0: the weights must be spread evenly around 0, below and above.",
    )  # fmt: skip
    for hint, wrong in _wrong_spreads(c_out, c_in, high, wide):
        student.require(abs(sd / wrong - 1) > 0.025, tried, spread, got, hint)
    student.require(
        abs(sd / right - 1) < 0.025, tried, spread, got,
        f"The standard deviation is {sd / right:.3g} times the right one.",
    )  # fmt: skip
    flat = np.sort(weights.ravel()) / right
    places = (np.arange(count) + 0.5) / count
    normal = 0.5 + 0.5 * np.array([math.erf(v / math.sqrt(2)) for v in flat[:: count // 2000]])
    uniform = np.clip(0.5 + flat / math.sqrt(12), 0, 1)[:: count // 2000]
    off = min(np.abs(shape_ - places[:: count // 2000]).max() for shape_ in (normal, uniform))
    student.require(
        off < 0.015, tried, "normal or uniform weights", "another distribution",
        "Mean and standard deviation are right, but the weights are neither normal nor uniform.",
    )  # fmt: skip
    along = [
        np.corrcoef(weights.swapaxes(0, a)[0].ravel(), weights.swapaxes(0, a)[1].ravel())[0, 1]
        for a in range(4)
    ]
    student.require(
        max(map(abs, along)) < 6 / math.sqrt(count / max(shape)), tried, "each weight drawn for itself",
        "neighbouring weights that belong together", "Draw the weights independently, and do not sort them.",
    )  # fmt: skip


def _wrong_spreads(c_out: int, c_in: int, high: int, wide: int) -> list[tuple[str, float]]:
    """Hints and the standard deviations that known mistakes lead to."""
    taps = high * wide
    fan_in, fan_out = c_in * taps, c_out * taps
    return [
        ("You used the fan-out, C_out * kH * kW. What a value sums up is the fan-in: C_in * kH * kW.",
         math.sqrt(2 / fan_out)),
        ("You counted the channels only. Each channel brings kH * kW products.", math.sqrt(2 / c_in)),
        ("You counted the taps of one channel only. The sum runs over all input channels.", math.sqrt(2 / taps)),
        ("You counted the output channels only.", math.sqrt(2 / c_out)),
        ("You counted all weights of the layer. One output value sees one filter: C_in * kH * kW of them.",
         math.sqrt(2 / (c_out * fan_in))),
        ("The 2 is missing: variance 1 / fan_in is for a layer without a ReLU after it.", math.sqrt(1 / fan_in)),
        ("This is the variance, 2 / fan_in, used as the standard deviation. Take the square root.", 2 / fan_in),
        ("This is Xavier's rule, 2 / (fan_in + fan_out), which knows nothing of the ReLU.",
         math.sqrt(2 / (fan_in + fan_out))),
        ("The bound of your uniform weights is the standard deviation of normal ones. A uniform variable between -b "
         "and b has the variance b * b / 3: the bound must be sqrt(6 / fan_in).", math.sqrt(2 / fan_in / 3)),
        ("This is torch's default, with the variance 1 / (3 * fan_in).", math.sqrt(1 / fan_in / 3)),
        ("The weights have the standard deviation 1: multiply them.", 1.0),
        ("You divided by the standard deviation where you should multiply.", math.sqrt(fan_in / 2)),
        ("You multiplied by 2 / sqrt(fan_in): the 2 belongs under the root.", 2 / math.sqrt(fan_in)),
        ("You took the mean of fan-in and fan-out. Take the fan-in alone.", math.sqrt(4 / (fan_in + fan_out))),
        ("The weights are too small by half: the variance is 2 / fan_in, and uniform weights reach from -b to b, not "
         "from -b / 2 to b / 2.", math.sqrt(2 / fan_in) / 2),
        ("The root goes over the whole quotient: sqrt(2 / fan_in).", math.sqrt(2) / fan_in),
        ("The kernel need not be square: it has kH * kW taps.", math.sqrt(2 / (c_in * high**2))),
        ("The kernel need not be square: it has kH * kW taps.", math.sqrt(2 / (c_in * wide**2))),
        ("You counted the kernel's height without its width.", math.sqrt(2 / (c_in * high))),
        ("The bound of your uniform weights is a variance. A uniform variable between -b and b has the variance "
         "b * b / 3: the bound must be sqrt(6 / fan_in).", 2 / fan_in / math.sqrt(3)),
        ("The bound of your uniform weights lacks its root: it must be sqrt(6 / fan_in).", 6 / fan_in / math.sqrt(3)),
    ]  # fmt: skip


@exercise(
    "One mean and one variance per channel. In training they come from the batch, in evaluation from the two running "
    "tensors.",
    "x.mean((0, 2, 3)) and x.var((0, 2, 3), unbiased=False), shaped (1, C, 1, 1); then running_mean.mul_(0.9).add_("
    "0.1 * mean), and the same with the unbiased variance.",
)
def batch_norm2d(student: Student) -> None:
    for case in _norm_cases():
        *tensors, training = case
        small = tensors[0].numel() < 20
        shown = f"{table(tensors[0].numpy(), 'x')}\n" if small else ""
        tried = (
            f"batch_norm2d(x, weight, bias, running_mean, running_var, training={training})\n"
            f"{shown}x {tuple(tensors[0].shape)}, weight {tensors[1].tolist()}, bias {tensors[2].tolist()},\n"
            f"running_mean {tensors[3].tolist()}, running_var {tensors[4].tolist()}"
        )
        given = [tensor.clone() for tensor in tensors]
        value = student.call(*given, training)
        student.require(
            all(torch.equal(a, b) for a, b in zip(given[:3], tensors[:3], strict=True)), tried,
            "x, weight and bias as they were", "one of them was changed",
            "Your function writes into x, weight or bias. Only the two running tensors may change.",
        )  # fmt: skip
        student.require(
            isinstance(value, Tensor), tried, f"a tensor of shape {tuple(tensors[0].shape)}",
            "a tuple" if isinstance(value, tuple) else type(value).__name__,
            "Return the normalised maps only. The running statistics are changed in place.",
        )  # fmt: skip
        runs = [(hint, partial(_normed, wrong, case)) for hint, wrong in _NORM_MISTAKES]
        expected = _normed(_norm(), case)
        student.agree(
            f"{tried}\ncompared: the result, then running_mean and running_var afterwards",
            expected, [value, *given[3:]], runs,
        )  # fmt: skip


def _norm_cases() -> list[tuple[Any, ...]]:
    """By hand first: channel 0 has mean 3 and variance 4 in the batch, channel 1 mean 2 and variance 9."""
    x = torch.tensor([[[[1, 5, 5]], [[5, -1, -1]]], [[[1, 1, 5]], [[5, -1, 5]]]], dtype=torch.float64)
    own = [torch.tensor(v, dtype=torch.float64) for v in ([2, 3], [1, -1], [5, -4], [1, 16])]
    generator = torch.Generator().manual_seed(3)

    def random(*shape: int, low: float = -1.0, high: float = 1.0) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator, dtype=torch.float64)

    cases: list[tuple[Any, ...]] = [(x, *own, True), (x, *own, False)]
    for n, c, h, w in ((4, 5, 3, 2), (3, 3, 3, 3), (2, 3, 1, 4), (1, 4, 2, 3)):
        scale = torch.tensor([1.0, 5, 0.1, 30, 2][:c], dtype=torch.float64).reshape(1, -1, 1, 1)
        maps = scale * random(n, c, h, w) + 2 * scale
        maps[:, 1] = maps[:, 1] * 1e-3  # so small that eps counts
        parts = [random(c), random(c), random(c), random(c, low=0.2, high=3)]
        cases += [(maps, *parts, training) for training in (True, False)]
    return cases


def _normed(norm: Callable[..., Tensor], case: tuple[Any, ...]) -> list[Array]:
    """The result and the running statistics afterwards."""
    given = [part.clone() if isinstance(part, Tensor) else part for part in case]
    value = norm(*given)
    return [part.numpy() for part in (value, given[3], given[4])]


def _norm(
    axes: tuple[int, ...] = (0, 2, 3), batch: bool | None = None, unbiased: bool = False, root: bool = True,
    eps: float = 1e-5, momentum: float = 0.1, update: str = "training", stored_unbiased: bool = True,
    after: bool = False, affine: str = "all", outside: bool = False, centre: bool = True, stored_root: bool = False,
    forget: bool = True, stretch: Callable[[Tensor], float] = lambda x: 1.0,
) -> Callable[..., Tensor]:  # fmt: skip
    """Batch normalisation, right by default, or with a mistake."""
    kept = 1 - momentum if forget else 1.0

    def run(x: Tensor, weight: Tensor, bias: Tensor, mean: Tensor, var: Tensor, training: bool) -> Tensor:
        def column(v: Tensor) -> Tensor:
            return v.reshape(1, -1, 1, 1)

        def old() -> tuple[Tensor, Tensor]:
            return column(mean.clone()), column(var.clone())

        m, v = x.mean(axes, keepdim=True), x.var(axes, unbiased=unbiased, keepdim=True)
        used = (m, v) if (training if batch is None else batch) else old()
        if update == "always" or (update != "never" and training):
            if update != "var":
                mean.mul_(kept).add_(momentum * x.mean((0, 2, 3)))
            fresh = x.var((0, 2, 3), unbiased=stored_unbiased) * stretch(x)
            if update != "mean":
                var.mul_(kept).add_(momentum * (fresh.sqrt() if stored_root else fresh))
        if after:
            used = old()
        size = used[1]
        if root:
            size = size.sqrt() + eps if outside else (size + eps).sqrt()
        y = (x - used[0] if centre else x) / size
        if affine == "bias first":
            return (y + column(bias)) * column(weight)
        if affine == "swapped":
            return y * column(bias) + column(weight)
        if affine in ("all", "weight"):
            y = y * column(weight)
        if affine in ("all", "bias"):
            y = y + column(bias)
        return y

    return run


_NORM_MISTAKES: list[tuple[str, Callable[..., Tensor]]] = [
    ("Each image is normalised by its own mean and variance. There is one mean and one variance per channel for the "
     "whole batch: over N, H and W.", _norm(axes=(2, 3))),
    ("The statistics run over all channels of an image. Each channel has its own: over N, H and W.",
     _norm(axes=(1, 2, 3))),
    ("There is one mean for all channels together. Each channel has its own: over N, H and W.",
     _norm(axes=(0, 1, 2, 3))),
    ("Every pixel has statistics of its own. They run over N, H and W together.", _norm(axes=(0,))),
    ("The batch's statistics are used although training is False: the result of an image would depend on the others.",
     _norm(batch=True)),
    ("The batch's statistics are used and stored although training is False: `training` is not looked at.",
     _norm(batch=True, update="always")),
    ("The running statistics are used although training is True. Then nothing holds the maps at size 1.",
     _norm(batch=False)),
    ("`training` is the wrong way round.",
     lambda *a: _norm(batch=not a[5], update="always" if not a[5] else "never")(*a)),
    ("You divide by the variance. Divide by its square root, the standard deviation.", _norm(root=False)),
    ("You normalise with the unbiased variance (divided by n - 1). Here it is divided by n; only the running variance "
     "takes the unbiased one.", _norm(unbiased=True)),
    ("The running variance takes the unbiased variance (divided by n - 1), as in torch. Yours divides by n.",
     _norm(stored_unbiased=False)),
    ("You normalise with the unbiased variance and store the biased one: it is the other way round.",
     _norm(unbiased=True, stored_unbiased=False)),
    ("The running statistics did not change. `running_mean = ...` only gives your own variable another tensor; write "
     "into the one you were given, with `running_mean.mul_(0.9).add_(...)` or `running_mean[:] = ...`.",
     _norm(update="never")),
    ("The running mean changes, the running variance does not. Both keep 0.9 of themselves and take 0.1 of the "
     "batch's.",
     _norm(update="mean")),
    ("The running variance changes, the running mean does not. Both keep 0.9 of themselves and take 0.1 of the "
     "batch's.",
     _norm(update="var")),
    ("0.1 of the batch's is added, but the old value is still whole: keep 0.9 of it.", _norm(forget=False)),
    ("The unbiased variance is the biased one times n / (n - 1), and n is N * H * W, not the number of images.",
     _norm(stored_unbiased=False, stretch=lambda x: len(x) / max(len(x) - 1, 1))),
    ("The unbiased variance is the larger one: the biased one times n / (n - 1), not (n - 1) / n.",
     _norm(stored_unbiased=False, stretch=lambda x: 1 - x.shape[1] / x.numel())),
    ("The running statistics change in evaluation too. They must only be read there.", _norm(update="always")),
    ("0.9 and 0.1 are swapped: a running value keeps 0.9 of itself and takes 0.1 of the batch's.",
     _norm(momentum=0.9)),
    ("The running statistics were replaced by the batch's. They keep 0.9 of themselves.", _norm(momentum=1.0)),
    ("In training you normalise with the running statistics after their update. Use the batch's own.",
     _norm(after=True)),
    ("weight and bias are missing.", _norm(affine="none")),
    ("The bias is missing.", _norm(affine="weight")),
    ("The weight is missing.", _norm(affine="bias")),
    ("The bias is multiplied by the weight: first times weight, then plus bias.", _norm(affine="bias first")),
    ("weight and bias are swapped: times weight, plus bias.", _norm(affine="swapped")),
    ("The mean is not subtracted.", _norm(centre=False)),
    ("eps is 1e-5; yours is larger.", _norm(eps=1e-3)),
    ("eps is 1e-5; yours is smaller.", _norm(eps=1e-8)),
    ("eps is missing under the root.", _norm(eps=0.0)),
    ("eps stands outside the root: sqrt(var) + eps. It belongs inside: sqrt(var + eps).", _norm(outside=True)),
    ("running_var holds a standard deviation: store the variance.", _norm(stored_root=True)),
]  # fmt: skip


@exercise(
    "Two branches meet in a sum, and the last ReLU comes after it. When do both branches have the same shape?",
    "The shortcut is nn.Identity() if stride is 1 and the channels stay; else nn.Sequential(a 1x1 convolution with the "
    "same stride, batch norm).",
)
def ResidualBlock(student: Student) -> None:
    for arguments in ((3, 3), (4, 6, 2), (3, 5, 1), (4, 4, 2)):
        tried = f"ResidualBlock({', '.join(map(str, arguments))})"
        model, right = student.call(*arguments), Right(*arguments).double()
        student.require(
            isinstance(model, nn.Module), tried, "a torch.nn.Module", type(model).__name__,
            "Write `class ResidualBlock(nn.Module)` and call `super().__init__()` first.",
        )  # fmt: skip
        x = (
            torch.rand(2, arguments[0], 7, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
            * 2
            - 1
        )
        _same_parameters(student, tried, model.double(), right)
        for training in (True, False):
            _same_outputs(student, tried, model, right, x, training)


def _same_parameters(student: Student, tried: str, model: nn.Module, right: nn.Module) -> None:
    wanted, found = (sorted(tuple(p.shape) for p in net.parameters()) for net in (right, model))
    if found == wanted:
        return
    extra, missing = list(found), []
    for shape in wanted:
        if shape in extra:
            extra.remove(shape)
        else:
            missing.append(shape)
    hint = "Compare the shapes: a convolution has (out, in, kH, kW), batch norm a weight and a bias of (channels,)."
    if not found:
        hint = "The model has no parameters. Make the layers in __init__, as attributes; a plain list hides them."
    elif not missing and {len(shape) for shape in extra} == {1}:
        hint = "There are more vectors than batch norm has: give the convolutions bias=False, batch norm adds one."
    elif not missing and any(shape[2:] == (1, 1) for shape in extra):
        hint = "Stride is 1 and the channels stay: the shortcut is x itself, without a convolution."
    elif not extra and all(len(shape) == 1 for shape in missing):
        hint = "Batch norm is missing somewhere: one follows each convolution, the shortcut's too."
    elif not extra and any(shape[2:] == (1, 1) for shape in missing):
        hint = (
            "The shortcut's 1x1 convolution is missing. It is needed when the channels change, and also when the "
            "stride is not 1: the size changes then."
        )
    elif any(shape[2:] == (1, 1) for shape in missing) and any(shape[2:] == (3, 3) for shape in extra):
        hint = "The shortcut is a 1x1 convolution, not a 3x3 one."
    student.fail(f"the parameters of {tried}", f"shapes {wanted}", f"shapes {found}", hint)


def _same_outputs(
    student: Student, tried: str, model: nn.Module, right: Right, x: Tensor, training: bool
) -> None:
    tried = f"{tried} on maps {tuple(x.shape)}, in {'training' if training else 'eval'} mode"
    given = x.clone()
    try:
        got = _output(model, model, given, training)
    except Exception as error:
        student.fail(
            f"the output of {tried}", "maps", f"{type(error).__name__}: {error}",
            "The two branches have unequal shapes. Where the stride or the channels change, the shortcut needs its 1x1 "
            "convolution with the same stride and no padding; the 3x3 convolutions need padding 1."
            if "size of tensor" in str(error)
            else "`forward` is still to be written."
            if isinstance(error, NotImplementedError) and not error.args
            else "`forward` stopped with this error.",
        )  # fmt: skip
    student.require(
        torch.equal(given, x), tried, "x as it was", "x was changed",
        "Your block writes into x: an in-place ReLU or += works on the very tensor that the shortcut and the caller "
        "still need.",
    )  # fmt: skip
    student.agree(
        f"the output of {tried}",
        _output(right, right, x, training).detach().numpy(),
        got,
        [(hint, partial(_output, right, partial(wrong, right), x, training)) for hint, wrong in _BLOCKS],
    )
    got.sum().backward()
    student.require(
        all(p.grad is not None for p in model.parameters()), tried, "a gradient for every parameter",
        "parameters that play no part", "A layer is made but not used: is one of them called twice in `forward`?",
    )  # fmt: skip


def _output(net: nn.Module, function: Callable[[Tensor], Tensor], x: Tensor, training: bool) -> Tensor:
    """What `function`, made of the parts of `net`, gives for x.

    Weights and statistics depend on their shape only: the order of a student's attributes plays no part.
    """
    net.train(training).zero_grad()
    for tensor in (*net.parameters(), *net.buffers()):
        if tensor.is_floating_point():
            generator = torch.Generator().manual_seed(sum(tensor.shape))
            values = torch.rand(tensor.shape, generator=generator, dtype=torch.float64)
            tensor.data.copy_(values - 0.4 if tensor.ndim > 1 else values + 0.5)
    return function(x)


def _convolutions(block: Right) -> tuple[nn.Module, nn.Module, nn.Module]:
    first, _, second = block.f
    assert block.shortcut is not None
    return first, second, block.shortcut


def _late_stride(block: Right, x: Tensor) -> Tensor:
    """The stride in the second convolution in place of the first."""
    first, second, shortcut = _convolutions(block)
    stride = first[0].stride  # type: ignore[index]
    maps = F.relu(first[1](F.conv2d(x, first[0].weight, padding=1)))  # type: ignore[index]
    maps = second[1](F.conv2d(maps, second[0].weight, stride=stride, padding=1))  # type: ignore[index]
    return F.relu(maps + shortcut(x))


def _pre_activation(block: Right, x: Tensor) -> Tensor:
    first, second, shortcut = _convolutions(block)
    return second(F.relu(first(F.relu(x)))) + shortcut(x)  # type: ignore[no-any-return]


def _pooled_shortcut(block: Right, x: Tensor) -> Tensor:
    """The 1x1 convolution at stride 1, then every second value's neighbourhood averaged."""
    first, second, shortcut = _convolutions(block)
    maps = second(F.relu(first(x)))
    fine = F.conv2d(x, shortcut[0].weight)  # type: ignore[index]
    return F.relu(maps + shortcut[1](F.adaptive_avg_pool2d(fine, maps.shape[-2:])))  # type: ignore[index]


def _with(
    combine: Callable[[Tensor, Tensor], Tensor], between: bool = True
) -> Callable[[Right, Tensor], Tensor]:
    def run(block: Right, x: Tensor) -> Tensor:
        first, second, shortcut = _convolutions(block)
        maps = first(x)
        return combine(second(F.relu(maps) if between else maps), shortcut(x))

    return run


def _turned(block: Right, x: Tensor) -> Tensor:
    """ReLU before batch norm."""
    first, second, shortcut = _convolutions(block)
    maps = first[1](F.relu(first[0](x)))  # type: ignore[index]
    return F.relu(second(maps) + shortcut(x))


def _norm_after_sum(block: Right, x: Tensor) -> Tensor:
    first, second, shortcut = _convolutions(block)
    together = second[0](F.relu(first(x))) + shortcut(x)  # type: ignore[index]
    return F.relu(second[1](together))  # type: ignore[index]


def _bare_shortcut(block: Right, x: Tensor) -> Tensor:
    first, second, shortcut = _convolutions(block)
    bare = shortcut[0](x) if isinstance(shortcut, nn.Sequential) else shortcut(x)
    return F.relu(second(F.relu(first(x))) + bare)


def _without_norm(which: str) -> Callable[[Right, Tensor], Tensor]:
    def run(block: Right, x: Tensor) -> Tensor:
        first, second, shortcut = _convolutions(block)
        maps = F.relu(first[0](x) if which in ("first", "both") else first(x))  # type: ignore[index]
        return F.relu((second[0](maps) if which in ("second", "both") else second(maps)) + shortcut(x))  # type: ignore[index]

    return run


_BLOCKS: list[tuple[str, Callable[[Right, Tensor], Tensor]]] = [
    ("The sum comes after the last ReLU. Add first, then take the ReLU.", _with(lambda f, s: F.relu(f) + s)),
    ("The last ReLU is missing: it follows the sum.", _with(lambda f, s: f + s)),
    ("There is a ReLU before the sum and one after it. Only the one after it belongs there.",
     _with(lambda f, s: F.relu(F.relu(f) + s))),
    ("The shortcut is missing: x is not added.", _with(lambda f, s: F.relu(f))),
    ("The shortcut is subtracted.", _with(lambda f, s: F.relu(f - s))),
    ("The two branches are multiplied. Add them.", _with(lambda f, s: F.relu(f * s))),
    ("The ReLU between the two convolutions is missing.", _with(lambda f, s: F.relu(f + s), between=False)),
    ("There is a ReLU on the shortcut. It hands x on as it is.", _with(lambda f, s: F.relu(f + F.relu(s)))),
    ("The ReLU between the convolutions and the one after the sum are missing.",
     _with(lambda f, s: f + s, between=False)),
    ("The stride is in the second convolution. The first one and the shortcut have it.", _late_stride),
    ("The ReLUs come before the convolutions. Here each follows: convolution, batch norm, ReLU.", _pre_activation),
    ("The ReLU comes before the first batch norm. The order is convolution, batch norm, ReLU.", _turned),
    ("The second batch norm comes after the sum. It belongs to f: normalise first, then add.", _norm_after_sum),
    ("The branches are put side by side, which doubles the channels. Add them.",
     _with(lambda f, s: F.relu(torch.cat([f, s], dim=1)))),
    ("The shortcut's batch norm is made but not used.", _bare_shortcut),
    ("The batch norm after the first convolution is not used.", _without_norm("first")),
    ("The batch norm after the second convolution is not used.", _without_norm("second")),
    ("The shortcut pools in place of the stride in its convolution.", _pooled_shortcut),
]  # fmt: skip
