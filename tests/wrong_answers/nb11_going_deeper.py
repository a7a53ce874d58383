"""Answers to the exercises of notebook 11."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.wrong_answers import right, wrong

# he_init


def normal(shape, seed, sd):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * sd


@right("he_init")
def uniform(shape, seed):
    bound = math.sqrt(6 / math.prod(shape[1:]))
    return (2 * torch.rand(*shape, generator=torch.Generator().manual_seed(seed)) - 1) * bound


@right("he_init")
def with_numpy(shape, seed):
    _, c_in, kh, kw = shape
    return np.random.default_rng(seed).normal(0, np.sqrt(2 / (c_in * kh * kw)), size=shape)


@right("he_init")
def with_torch_init(shape, seed):
    weight = torch.empty(shape)
    generator = torch.Generator().manual_seed(seed)
    return nn.init.kaiming_normal_(weight, nonlinearity="relu", generator=generator)


@right("he_init")
def uniform_with_torch_init(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return nn.init.kaiming_uniform_(torch.empty(shape), nonlinearity="relu", generator=generator)


@wrong("he_init", hint="used the fan-out")
def fan_out(shape, seed):
    return normal(shape, seed, math.sqrt(2 / (shape[0] * shape[2] * shape[3])))


@wrong("he_init", hint="used the fan-out")
def fan_out_by_torch(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return nn.init.kaiming_normal_(
        torch.empty(shape), mode="fan_out", nonlinearity="relu", generator=generator
    )


@wrong("he_init", hint="counted the channels only")
def channels_only(shape, seed):
    return normal(shape, seed, math.sqrt(2 / shape[1]))


@wrong("he_init", hint="taps of one channel")
def taps_only(shape, seed):
    return normal(shape, seed, math.sqrt(2 / (shape[2] * shape[3])))


@wrong("he_init", hint="output channels only")
def first_axis(shape, seed):
    return normal(shape, seed, math.sqrt(2 / shape[0]))


@wrong("he_init", hint="all weights of the layer")
def all_weights(shape, seed):
    return normal(shape, seed, math.sqrt(2 / math.prod(shape)))


@wrong("he_init", hint="The 2 is missing")
def without_the_two(shape, seed):
    return normal(shape, seed, math.sqrt(1 / math.prod(shape[1:])))


@wrong("he_init", hint="used as the standard deviation")
def variance(shape, seed):
    return normal(shape, seed, 2 / math.prod(shape[1:]))


@wrong("he_init", hint="Xavier")
def xavier(shape, seed):
    return nn.init.xavier_normal_(torch.empty(shape), generator=torch.Generator().manual_seed(seed))


@wrong("he_init", hint="bound must be sqrt(6 / fan_in)")
def uniform_with_the_wrong_bound(shape, seed):
    bound = math.sqrt(2 / math.prod(shape[1:]))
    return (2 * torch.rand(shape, generator=torch.Generator().manual_seed(seed)) - 1) * bound


@wrong("he_init", hint="mean is not 0")
def uniform_from_zero(shape, seed):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * math.sqrt(
        6 / math.prod(shape[1:])
    )


@wrong("he_init", hint="torch's default")
def default(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return nn.init.kaiming_uniform_(torch.empty(shape), a=math.sqrt(5), generator=generator)


@wrong("he_init", hint="standard deviation 1")
def unscaled(shape, seed):
    return normal(shape, seed, 1)


@wrong("he_init", hint="where you should multiply")
def divided(shape, seed):
    return normal(shape, seed, math.sqrt(math.prod(shape[1:]) / 2))


@wrong("he_init", hint="under the root")
def two_outside(shape, seed):
    return normal(shape, seed, 2 / math.sqrt(math.prod(shape[1:])))


@wrong("he_init", hint="without its width")
def numpy_kernel_only_on_one_axis(shape, seed):
    return normal(shape, seed, math.sqrt(2 / (shape[1] * shape[2])))


@wrong("he_init", hint="The same seed must give the same")
def unseeded(shape, seed):
    return torch.randn(shape) * math.sqrt(2 / math.prod(shape[1:]))


@wrong("he_init", hint="use `seed`, not a number of your own")
def fixed_seed(shape, seed):
    return normal(shape, 0, math.sqrt(2 / math.prod(shape[1:])))


@wrong("he_init", hint="global generator")
def global_seed(shape, seed):
    torch.manual_seed(seed)
    return torch.randn(shape) * math.sqrt(2 / math.prod(shape[1:]))


@wrong("he_init", hint="Weights repeat")
def one_filter_for_all(shape, seed):
    return normal((1, *shape[1:]), seed, math.sqrt(2 / math.prod(shape[1:]))).expand(shape)


@wrong("he_init", hint="Weights repeat")
def all_the_same(shape, seed):
    return torch.full(shape, math.sqrt(2 / math.prod(shape[1:])))


@wrong("he_init", hint="neither normal nor uniform")
def laplace(shape, seed):
    rng = np.random.default_rng(seed)
    return rng.laplace(0, math.sqrt(1 / math.prod(shape[1:])), shape)


@wrong("he_init", hint="one weight for each place")
def turned(shape, seed):
    return normal(shape[::-1], seed, math.sqrt(2 / math.prod(shape[1:])))


@wrong("he_init", hint="do not sort")
def sorted_weights(shape, seed):
    return normal(shape, seed, math.sqrt(2 / math.prod(shape[1:]))).flatten().sort().values.reshape(shape)


@wrong("he_init", hint="returns nothing")
def nothing(shape, seed):
    normal(shape, seed, math.sqrt(2 / math.prod(shape[1:])))


@wrong("he_init", hint="too small by half")
def half_the_range(shape, seed):
    bound = math.sqrt(6 / math.prod(shape[1:]))
    return (torch.rand(shape, generator=torch.Generator().manual_seed(seed)) - 0.5) * bound


@wrong("he_init", hint="too small by half")
def quarter_of_the_variance(shape, seed):
    return normal(shape, seed, math.sqrt(1 / (2 * math.prod(shape[1:]))))


@wrong("he_init", hint="over the whole quotient")
def root_of_two_only(shape, seed):
    return normal(shape, seed, math.sqrt(2) / math.prod(shape[1:]))


@wrong("he_init", hint="need not be square")
def square_kernel(shape, seed):
    return normal(shape, seed, math.sqrt(2 / (shape[1] * shape[2] ** 2)))


@wrong("he_init", hint="need not be square")
def square_by_the_last_axis(shape, seed):
    return normal(shape, seed, math.sqrt(2 / (shape[1] * shape[-1] ** 2)))


@wrong("he_init", hint="without its width")
def height_only(shape, seed):
    return normal(shape, seed, math.sqrt(2 / (shape[1] * shape[2])))


@wrong("he_init", hint="is a variance")
def variance_as_bound(shape, seed):
    return (
        (2 * torch.rand(shape, generator=torch.Generator().manual_seed(seed)) - 1) * 2 / math.prod(shape[1:])
    )


@wrong("he_init", hint="lacks its root")
def bound_without_its_root(shape, seed):
    return (
        (2 * torch.rand(shape, generator=torch.Generator().manual_seed(seed)) - 1) * 6 / math.prod(shape[1:])
    )


@wrong("he_init", hint="mean of fan-in and fan-out")
def mean_of_fans(shape, seed):
    generator = torch.Generator().manual_seed(seed)
    return nn.init.xavier_normal_(torch.empty(shape), gain=math.sqrt(2), generator=generator)


# batch_norm2d


def column(v):
    return v.reshape(1, -1, 1, 1)


def finish(x, mean, var, weight, bias):
    return (x - column(mean)) / torch.sqrt(column(var) + 1e-5) * column(weight) + column(bias)


def update(x, running_mean, running_var, share=0.1, unbiased=True):
    running_mean.mul_(1 - share).add_(share * x.mean((0, 2, 3)))
    running_var.mul_(1 - share).add_(share * x.var((0, 2, 3), unbiased=unbiased))


@right("batch_norm2d")
def by_torch(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, weight, bias, training)


@right("batch_norm2d")
def channel_by_channel(x, weight, bias, running_mean, running_var, training):
    y = torch.empty_like(x)
    for c in range(x.shape[1]):
        values = x[:, c]
        mean, var = running_mean[c].clone(), running_var[c].clone()
        if training:
            mean = values.mean()
            var = ((values - mean) ** 2).mean()
            n = values.numel()
            running_mean[c] = 0.9 * running_mean[c] + 0.1 * mean
            running_var[c] = 0.9 * running_var[c] + 0.1 * var * n / (n - 1)
        y[:, c] = (values - mean) / (var + 1e-5) ** 0.5 * weight[c] + bias[c]
    return y


@right("batch_norm2d")
def updated_last(x, weight, bias, running_mean, running_var, training):
    rows = x.transpose(0, 1).flatten(1)
    if not training:
        return finish(x, running_mean, running_var, weight, bias)
    result = finish(x, rows.mean(1), rows.var(1, correction=0), weight, bias)
    running_mean[:] = 0.9 * running_mean + 0.1 * rows.mean(1)
    running_var[:] = 0.9 * running_var + 0.1 * rows.var(1)
    return result


@wrong("batch_norm2d", hint="Each image is normalised by its own")
def per_sample(x, weight, bias, running_mean, running_var, training):
    if not training:
        return finish(x, running_mean, running_var, weight, bias)
    update(x, running_mean, running_var)
    mean, var = x.mean((2, 3), keepdim=True), x.var((2, 3), unbiased=False, keepdim=True)
    return (x - mean) / torch.sqrt(var + 1e-5) * column(weight) + column(bias)


@wrong("batch_norm2d", hint="over all channels of an image")
def layer_norm(x, weight, bias, running_mean, running_var, training):
    if not training:
        return finish(x, running_mean, running_var, weight, bias)
    update(x, running_mean, running_var)
    mean, var = x.mean((1, 2, 3), keepdim=True), x.var((1, 2, 3), unbiased=False, keepdim=True)
    return (x - mean) / torch.sqrt(var + 1e-5) * column(weight) + column(bias)


@wrong("batch_norm2d", hint="one mean for all channels")
def whole_batch(x, weight, bias, running_mean, running_var, training):
    if not training:
        return finish(x, running_mean, running_var, weight, bias)
    update(x, running_mean, running_var)
    return (x - x.mean()) / torch.sqrt(x.var(unbiased=False) + 1e-5) * column(weight) + column(bias)


@wrong("batch_norm2d", hint="Every pixel has statistics of its own")
def per_pixel(x, weight, bias, running_mean, running_var, training):
    if not training:
        return finish(x, running_mean, running_var, weight, bias)
    update(x, running_mean, running_var)
    return (x - x.mean(0)) / torch.sqrt(x.var(0, unbiased=False) + 1e-5) * column(weight) + column(bias)


@wrong("batch_norm2d", hint="although training is False: the result")
def batch_statistics_in_eval(x, weight, bias, running_mean, running_var, training):
    if training:
        update(x, running_mean, running_var)
    return finish(x, x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False), weight, bias)


@wrong("batch_norm2d", hint="`training` is not looked at")
def training_ignored(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, weight, bias, True)


@wrong("batch_norm2d", hint="although training is True")
def running_statistics_in_training(x, weight, bias, running_mean, running_var, training):
    result = finish(x, running_mean, running_var, weight, bias)
    if training:
        update(x, running_mean, running_var)
    return result


@wrong("batch_norm2d", hint="wrong way round")
def inverted(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, weight, bias, not training)


@wrong("batch_norm2d", hint="divide by the variance")
def no_root(x, weight, bias, running_mean, running_var, training):
    mean, var = running_mean.clone(), running_var.clone()
    if training:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        update(x, running_mean, running_var)
    return (x - column(mean)) / (column(var) + 1e-5) * column(weight) + column(bias)


@wrong("batch_norm2d", hint="normalise with the unbiased variance")
def unbiased(x, weight, bias, running_mean, running_var, training):
    if not training:
        return finish(x, running_mean, running_var, weight, bias)
    update(x, running_mean, running_var)
    return finish(x, x.mean((0, 2, 3)), x.var((0, 2, 3)), weight, bias)


@wrong("batch_norm2d", hint="running variance takes the unbiased")
def biased_running(x, weight, bias, running_mean, running_var, training):
    if not training:
        return finish(x, running_mean, running_var, weight, bias)
    update(x, running_mean, running_var, unbiased=False)
    return finish(x, x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False), weight, bias)


@wrong("batch_norm2d", hint="did not change")
def rebound(x, weight, bias, running_mean, running_var, training):
    if training:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        running_mean = 0.9 * running_mean + 0.1 * mean
        running_var = 0.9 * running_var + 0.1 * x.var((0, 2, 3))
    else:
        mean, var = running_mean, running_var
    return finish(x, mean, var, weight, bias)


@wrong("batch_norm2d", hint="change in evaluation too")
def updated_in_eval(x, weight, bias, running_mean, running_var, training):
    mean, var = running_mean.clone(), running_var.clone()
    update(x, running_mean, running_var)
    if training:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
    return finish(x, mean, var, weight, bias)


@wrong("batch_norm2d", hint="swapped")
def momentum_swapped(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, weight, bias, training, momentum=0.9)


@wrong("batch_norm2d", hint="replaced by the batch's")
def replaced(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, weight, bias, training, momentum=1.0)


@wrong("batch_norm2d", hint="after their update")
def normalised_with_updated(x, weight, bias, running_mean, running_var, training):
    if training:
        update(x, running_mean, running_var)
    return finish(x, running_mean, running_var, weight, bias)


@wrong("batch_norm2d", hint="weight and bias are missing")
def no_affine(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, None, None, training)


@wrong("batch_norm2d", hint="bias is missing")
def no_bias(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, weight, None, training)


@wrong("batch_norm2d", hint="eps is missing")
def no_eps(x, weight, bias, running_mean, running_var, training):
    mean, var = running_mean.clone(), running_var.clone()
    if training:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        update(x, running_mean, running_var)
    return (x - column(mean)) / column(var).sqrt() * column(weight) + column(bias)


@wrong("batch_norm2d", hint="outside the root")
def eps_outside(x, weight, bias, running_mean, running_var, training):
    mean, var = running_mean.clone(), running_var.clone()
    if training:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        update(x, running_mean, running_var)
    return (x - column(mean)) / (column(var).sqrt() + 1e-5) * column(weight) + column(bias)


@wrong("batch_norm2d", hint="store the variance")
def running_sd(x, weight, bias, running_mean, running_var, training):
    if not training:
        return finish(x, running_mean, running_var, weight, bias)
    running_mean.mul_(0.9).add_(0.1 * x.mean((0, 2, 3)))
    running_var.mul_(0.9).add_(0.1 * x.std((0, 2, 3)))
    return finish(x, x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False), weight, bias)


@wrong("batch_norm2d", hint="Return the normalised maps only")
def returns_three(x, weight, bias, running_mean, running_var, training):
    y = F.batch_norm(x, running_mean, running_var, weight, bias, training)
    return y, running_mean, running_var


@wrong("batch_norm2d", hint="writes into x")
def in_place(x, weight, bias, running_mean, running_var, training):
    mean, var = running_mean.clone(), running_var.clone()
    if training:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        update(x, running_mean, running_var)
    x -= column(mean)
    x /= torch.sqrt(column(var) + 1e-5)
    return x * column(weight) + column(bias)


@wrong("batch_norm2d", hint="stopped with an error")
def weight_on_the_last_axis(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, None, None, training) * weight + bias


def with_update(store):
    """Right but for what `store` does to the running statistics."""

    def answer(x, weight, bias, running_mean, running_var, training):
        if not training:
            return finish(x, running_mean, running_var, weight, bias)
        store(x, running_mean, running_var)
        return finish(x, x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False), weight, bias)

    answer.__name__ = store.__name__
    return answer


@wrong("batch_norm2d", hint="the running variance does not")
@with_update
def only_the_mean(x, running_mean, running_var):
    running_mean.mul_(0.9).add_(0.1 * x.mean((0, 2, 3)))


@wrong("batch_norm2d", hint="the running mean does not")
@with_update
def only_the_variance(x, running_mean, running_var):
    running_var.mul_(0.9).add_(0.1 * x.var((0, 2, 3)))


@wrong("batch_norm2d", hint="the old value is still whole")
@with_update
def added_only(x, running_mean, running_var):
    running_mean += 0.1 * x.mean((0, 2, 3))
    running_var += 0.1 * x.var((0, 2, 3))


@wrong("batch_norm2d", hint="not the number of images")
@with_update
def unbiased_by_images(x, running_mean, running_var):
    n = max(len(x), 2)
    running_mean.mul_(0.9).add_(0.1 * x.mean((0, 2, 3)))
    running_var.mul_(0.9).add_(0.1 * x.var((0, 2, 3), unbiased=False) * n / (n - 1))


@wrong("batch_norm2d", hint="is the larger one")
@with_update
def turned_factor(x, running_mean, running_var):
    n = x[:, 0].numel()
    running_mean.mul_(0.9).add_(0.1 * x.mean((0, 2, 3)))
    running_var.mul_(0.9).add_(0.1 * x.var((0, 2, 3), unbiased=False) * (n - 1) / n)


@wrong("batch_norm2d", hint="bias is multiplied by the weight")
def bias_first(x, weight, bias, running_mean, running_var, training):
    one = torch.ones_like(weight)
    return F.batch_norm(x, running_mean, running_var, one, bias, training) * column(weight)


@wrong("batch_norm2d", hint="weight and bias are swapped")
def weight_for_bias(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, bias, weight, training)


@wrong("batch_norm2d", hint="yours is larger")
def large_eps(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, weight, bias, training, eps=1e-3)


@wrong("batch_norm2d", hint="yours is smaller")
def small_eps(x, weight, bias, running_mean, running_var, training):
    return F.batch_norm(x, running_mean, running_var, weight, bias, training, eps=1e-8)


# ResidualBlock


def unit(c_in, c_out, size, stride=1):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, size, stride, padding=size // 2, bias=False), nn.BatchNorm2d(c_out)
    )


class Block(nn.Module):
    """The right parts; each answer below changes something."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.first = unit(in_channels, out_channels, 3, stride)
        self.second = unit(out_channels, out_channels, 3)
        same = stride == 1 and in_channels == out_channels
        self.shortcut = nn.Identity() if same else unit(in_channels, out_channels, 1, stride)

    def f(self, x):
        return self.second(F.relu(self.first(x)))

    def forward(self, x):
        return F.relu(self.f(x) + self.shortcut(x))


@right("ResidualBlock")
class Plain(Block):
    pass


@right("ResidualBlock")
class ShortcutFirst(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.projection = None
        if in_channels != out_channels or stride > 1:
            self.projection = unit(in_channels, out_channels, 1, stride)
        self.layers = nn.ModuleList(
            [unit(out_channels, out_channels, 3), unit(in_channels, out_channels, 3, stride)]
        )
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        out = self.layers[0](self.relu(self.layers[1](x)))
        out += x if self.projection is None else self.projection(x)
        return self.relu(out)


@wrong("ResidualBlock", hint="after the last ReLU")
class SkipAfterRelu(Block):
    def forward(self, x):
        return F.relu(self.f(x)) + self.shortcut(x)


@wrong("ResidualBlock", hint="The last ReLU is missing")
class NoLastRelu(Block):
    def forward(self, x):
        return self.f(x) + self.shortcut(x)


@wrong("ResidualBlock", hint="before the sum and one after")
class TwoRelus(Block):
    def forward(self, x):
        return F.relu(F.relu(self.f(x)) + self.shortcut(x))


@wrong("ResidualBlock", hint="x is not added")
class NoSkip(Block):
    def forward(self, x):
        return F.relu(self.f(x))


@wrong("ResidualBlock", hint="between the two convolutions is missing")
class NoReluBetween(Block):
    def f(self, x):
        return self.second(self.first(x))


@wrong("ResidualBlock", hint="ReLU on the shortcut")
class ReluOnShortcut(Block):
    def forward(self, x):
        return F.relu(self.f(x) + F.relu(self.shortcut(x)))


@wrong("ResidualBlock", hint="in-place")
class InPlaceRelu(Block):
    def forward(self, x):
        return F.relu(self.f(F.relu(x, inplace=True)) + self.shortcut(x))


@wrong("ResidualBlock", hint="in-place")
class AddsIntoTheInput(Block):
    def forward(self, x):
        out = self.f(x)
        if isinstance(self.shortcut, nn.Identity):
            x += out
            return F.relu(x)
        return F.relu(out + self.shortcut(x))


@wrong("ResidualBlock", hint="without a convolution")
class AlwaysProjected(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.shortcut = unit(in_channels, out_channels, 1, stride)


@wrong("ResidualBlock", hint="1x1 convolution is missing")
class NeverProjected(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.shortcut = nn.Identity()


@wrong("ResidualBlock", hint="also when the stride is not 1")
class ProjectedForChannelsOnly(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        if in_channels == out_channels:
            self.shortcut = nn.Identity()


@wrong("ResidualBlock", hint="1x1 convolution is missing")
class ProjectedForStrideOnly(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        if stride == 1:
            self.shortcut = nn.Identity()


@wrong("ResidualBlock", hint="Batch norm is missing")
class BareProjection(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        if isinstance(self.shortcut, nn.Sequential):
            self.shortcut = self.shortcut[0]


@wrong("ResidualBlock", hint="Batch norm is missing")
class NoBatchNorm(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.first[1] = self.second[1] = nn.Identity()


@wrong("ResidualBlock", hint="bias=False")
class WithBias(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.first[0] = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1)
        self.second[0] = nn.Conv2d(out_channels, out_channels, 3, padding=1)


@wrong("ResidualBlock", hint="unequal shapes")
class NoPadding(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.first[0] = nn.Conv2d(in_channels, out_channels, 3, stride, bias=False)
        self.second[0] = nn.Conv2d(out_channels, out_channels, 3, bias=False)


@wrong("ResidualBlock", hint="unequal shapes")
class NoStrideInShortcut(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        if isinstance(self.shortcut, nn.Sequential):
            self.shortcut = unit(in_channels, out_channels, 1)


@wrong("ResidualBlock", hint="unequal shapes")
class StrideTwice(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.second = unit(out_channels, out_channels, 3, stride)


@wrong("ResidualBlock", hint="in the second convolution")
class LateStride(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.first, self.second = (
            unit(in_channels, out_channels, 3),
            unit(out_channels, out_channels, 3, stride),
        )


@wrong("ResidualBlock", hint="not a 3x3")
class WideShortcut(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        if isinstance(self.shortcut, nn.Sequential):
            self.shortcut = unit(in_channels, out_channels, 3, stride)


@wrong("ResidualBlock", hint="made but not used")
class OneLayerTwice(Block):
    def f(self, x):
        if x.shape[1] != self.second[0].in_channels or self.first[0].stride != (1, 1):
            return super().f(x)
        return self.first(F.relu(self.first(x)))


@wrong("ResidualBlock", hint="a plain list hides them")
class HiddenInAList(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.layers = [self.first, self.second, self.shortcut]
        del self.first, self.second, self.shortcut

    def forward(self, x):
        first, second, shortcut = self.layers
        return F.relu(second(F.relu(first(x))) + shortcut(x))


@wrong("ResidualBlock", hint="ReLUs come before")
class PreActivation(Block):
    def forward(self, x):
        return self.second(F.relu(self.first(F.relu(x)))) + self.shortcut(x)


@wrong("ResidualBlock", hint="made but not used")
class BatchNormSkippedOnShortcut(Block):
    def forward(self, x):
        skip = self.shortcut[0](x) if isinstance(self.shortcut, nn.Sequential) else x
        return F.relu(self.f(x) + skip)


@wrong("ResidualBlock", hint="before the first batch norm")
class ReluBeforeNorm(Block):
    def f(self, x):
        return self.second(self.first[1](F.relu(self.first[0](x))))


@wrong("ResidualBlock", hint="comes after the sum")
class NormAfterSum(Block):
    def forward(self, x):
        together = self.second[0](F.relu(self.first(x))) + self.shortcut(x)
        return F.relu(self.second[1](together))


@wrong("ResidualBlock", hint="doubles the channels")
class SideBySide(Block):
    def forward(self, x):
        return F.relu(torch.cat([self.f(x), self.shortcut(x)], dim=1))


@wrong("ResidualBlock", hint="and no padding")
class PaddedShortcut(Block):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        if isinstance(self.shortcut, nn.Sequential):
            self.shortcut[0] = nn.Conv2d(in_channels, out_channels, 1, stride, padding=1, bias=False)


@wrong("ResidualBlock", hint="still to be written")
class ForwardForgotten(Block):
    def forward(self, x):
        raise NotImplementedError


@wrong("ResidualBlock", hint="returns nothing")
class NoReturn(Block):
    def forward(self, x):
        F.relu(self.f(x) + self.shortcut(x))


_MEAN = "mean, var = (x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False))"
_UPDATE = "running_var.mul_(0.9).add_(0.1 * x.var((0, 2, 3)"
EQUIVALENT = {
    "batch_norm2d": {
        f"{_MEAN}  =>  {_MEAN.replace('mean((0, 2', 'mean((2, 0')}": "a set of axes has no order",
        f"{_MEAN}  =>  {_MEAN.replace('var((0, 2', 'var((2, 0')}": "a set of axes has no order",
        f"{_UPDATE}, unbiased=True))  =>  {_UPDATE}))": "True is the default of unbiased",
        f"{_UPDATE}, unbiased=True))  =>  {_UPDATE.replace('(0, 2', '(2, 0')}, unbiased=True))": (
            "a set of axes has no order"
        ),
    },
}
