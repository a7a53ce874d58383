"""Answers to the exercises of notebook 08."""

import math

import numpy as np

from cnnlib import functional
from tests.wrong_answers import right, wrong

# ---- max_pool2d


def pairs(kernel_size, stride, padding):
    stride = kernel_size if stride is None else stride
    return (tuple(int(v) for v in np.broadcast_to(a, 2)) for a in (kernel_size, stride, padding))


def pool(x, kernel_size, stride=None, padding=0, fill=-np.inf, reduce=np.max, ceil=False):
    """The plain loops, with a step to be done wrong."""
    (kh, kw), (sh, sw), (ph, pw) = pairs(kernel_size, stride, padding)
    padded = np.pad(x.astype(float), ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=fill)
    places = math.ceil if ceil else math.floor
    rows, columns = places((padded.shape[2] - kh) / sh) + 1, places((padded.shape[3] - kw) / sw) + 1
    out = np.zeros((*x.shape[:2], rows, columns))
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for i in range(rows):
                for j in range(columns):
                    out[n, c, i, j] = reduce(padded[n, c, i * sh : i * sh + kh, j * sw : j * sw + kw])
    return out


@right("max_pool2d")
def max_in_plain_loops(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride, padding)


@right("max_pool2d")
def max_over_shifted_slices(input, kernel_size, stride=None, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = pairs(kernel_size, stride, padding)
    lowest = input.min()  # never wins against a pixel of the same window
    padded = np.pad(input, ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=lowest)
    rows, columns = (padded.shape[2] - kh) // sh + 1, (padded.shape[3] - kw) // sw + 1
    taps = [
        padded[:, :, i : i + sh * (rows - 1) + 1 : sh, j : j + sw * (columns - 1) + 1 : sw]
        for i in range(kh)
        for j in range(kw)
    ]
    return np.max(taps, axis=0)


@right("max_pool2d")
def max_of_windows_inside_in_single_precision(input, kernel_size, stride=None, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = pairs(kernel_size, stride, padding)
    height, width = input.shape[2:]
    rows, columns = (height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1
    out = np.zeros((*input.shape[:2], rows, columns), np.float32)
    for i in range(rows):
        for j in range(columns):
            top, left = i * sh - ph, j * sw - pw
            inside = input[:, :, max(top, 0) : top + kh, max(left, 0) : left + kw]
            out[:, :, i, j] = inside.max(axis=(2, 3))
    return out


@right("max_pool2d")
def max_with_repeated_edges_as_lists(input, kernel_size, stride=None, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = pairs(kernel_size, stride, padding)
    padded = np.pad(
        input, ((0, 0), (0, 0), (ph, ph), (pw, pw)), "edge"
    )  # a repeated edge is in the window anyway
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), (2, 3))[:, :, ::sh, ::sw]
    return windows.max((-1, -2)).tolist()


@right("max_pool2d")
def max_by_torch(input, kernel_size, stride=None, padding=0):
    import torch

    kernel, stride, padding = pairs(kernel_size, stride, padding)
    return torch.nn.functional.max_pool2d(torch.tensor(input).double(), kernel, stride, padding)


@wrong("max_pool2d", hint="counts as 0")
def max_zero_padding(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride, padding, fill=0)


@wrong("max_pool2d", hint="never goes below it")
def max_from_zero(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride, padding, reduce=lambda window: max(0, *window.ravel()))


@wrong("max_pool2d", hint="cannot hold minus infinity")
def max_integers_padded(input, kernel_size, stride=None, padding=0):
    _, _, (ph, pw) = pairs(kernel_size, stride, padding)
    sides = ((0, 0), (0, 0), (ph, ph), (pw, pw))
    padded = np.pad(input, sides, constant_values=-np.inf) if ph or pw else input
    return pool(padded, kernel_size, kernel_size if stride is None else stride)


@wrong("max_pool2d", hint="across images and channels")
def max_of_the_window_in_all_axes(input, kernel_size, stride=None, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = pairs(kernel_size, stride, padding)
    padded = np.pad(input.astype(float), ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=-np.inf)
    out = np.zeros(pool(input, kernel_size, stride, padding).shape)
    for i, j in np.ndindex(out.shape[2:]):
        out[:, :, i, j] = padded[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw].max()
    return out


@wrong("max_pool2d", hint="whole array stands everywhere")
def max_of_everything(input, kernel_size, stride=None, padding=0):
    return np.full(pool(input, kernel_size, stride, padding).shape, input.max())


@wrong("max_pool2d", hint="whole array is left")
def max_as_one_number(input, kernel_size, stride=None, padding=0):
    return input.max()


@wrong("max_pool2d", hint="global pooling")
def max_global(input, kernel_size, stride=None, padding=0):
    return input.max(axis=(2, 3), keepdims=True)


@wrong("max_pool2d", hint="global pooling")
def max_global_flat(input, kernel_size, stride=None, padding=0):
    return input.max(axis=(2, 3))


@wrong("max_pool2d", hint="counts as -999,")
def max_padding_of_minus_999(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride, padding, fill=-999)


@wrong("max_pool2d", hint="pads every axis")
def max_every_axis_padded(input, kernel_size, stride=None, padding=0):
    padded = np.pad(input.astype(float), padding, constant_values=-np.inf)
    return pool(padded, kernel_size, kernel_size if stride is None else stride)


@wrong("max_pool2d", hint="across the channels")
def max_channel_axis_gone(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride, padding).max(axis=1)


@wrong("max_pool2d", hint="across the channels")
def max_across_channels(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride, padding).max(axis=1, keepdims=True)


@wrong("max_pool2d", hint="across the channels")
def max_over_the_full_window(input, kernel_size, stride=None, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = pairs(kernel_size, stride, padding)
    padded = np.pad(input.astype(float), ((0, 0), (0, 0), (ph, ph), (pw, pw)), constant_values=-np.inf)
    out = np.zeros(pool(input, kernel_size, stride, padding).shape)
    for n, c, i, j in np.ndindex(out.shape):
        out[n, c, i, j] = padded[n, :, i * sh : i * sh + kh, j * sw : j * sw + kw].max()
    return out


@wrong("max_pool2d", hint="took the mean")
def max_is_average(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride, padding, fill=0, reduce=np.mean)


@wrong("max_pool2d", hint="smallest value")
def max_is_min(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride, padding, fill=np.inf, reduce=np.min)


@wrong("max_pool2d", hint="absolute value")
def max_absolute(input, kernel_size, stride=None, padding=0):
    return pool(np.abs(input), kernel_size, stride, padding)


@wrong("max_pool2d", hint="always lie side by side")
def max_stride_ignored(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, kernel_size, padding)


@wrong("max_pool2d", hint="the windows lie side by side")
def max_default_stride_one(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, 1 if stride is None else stride, padding)


@wrong("max_pool2d", hint="one pixel apart")
def max_stride_in_the_shape_only(input, kernel_size, stride=None, padding=0):
    rows, columns = pool(input, kernel_size, stride, padding).shape[2:]
    return pool(input, kernel_size, 1, padding)[:, :, :rows, :columns]


@wrong("max_pool2d", hint="round the number of places down")
def max_partial_last_window(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride, padding, ceil=True)


@wrong("max_pool2d", hint="of the stride are swapped")
def max_stride_swapped(input, kernel_size, stride=None, padding=0):
    kernel, stride, padding = pairs(kernel_size, stride, padding)
    return pool(input, kernel, stride[::-1], padding)


@wrong("max_pool2d", hint="of the window are swapped")
def max_window_swapped(input, kernel_size, stride=None, padding=0):
    kernel, stride, padding = pairs(kernel_size, stride, padding)
    return pool(input, kernel[::-1], stride, padding)


@wrong("max_pool2d", hint="of the padding are swapped")
def max_padding_swapped(input, kernel_size, stride=None, padding=0):
    kernel, stride, padding = pairs(kernel_size, stride, padding)
    return pool(input, kernel, stride, padding[::-1])


@wrong("max_pool2d", hint="padding is left out")
def max_padding_left_out(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride)


@wrong("max_pool2d", hint="one side only")
def max_padding_on_one_side(input, kernel_size, stride=None, padding=0):
    kernel, stride, (ph, pw) = pairs(kernel_size, stride, padding)
    sides = ((0, 0), (0, 0), (ph, 0), (pw, 0))
    return pool(np.pad(input.astype(float), sides, constant_values=-np.inf), kernel, stride)


@wrong("max_pool2d", hint="mirrors the image")
def max_reflected(input, kernel_size, stride=None, padding=0):
    kernel, stride, (ph, pw) = pairs(kernel_size, stride, padding)
    return pool(np.pad(input, ((0, 0), (0, 0), (ph, ph), (pw, pw)), "reflect"), kernel, stride)


@wrong("max_pool2d", hint="take (height, width) pairs")
def max_squares_only(input, kernel_size, stride=None, padding=0):
    rows = (input.shape[2] + 2 * padding - kernel_size) // (stride or kernel_size) + 1
    return pool(input, kernel_size, stride, padding)[:, :, :rows]


@wrong("max_pool2d", hint="first image only")
def max_first_image(input, kernel_size, stride=None, padding=0):
    return pool(input[:1], kernel_size, stride, padding)


@wrong("max_pool2d", hint="writes into its input")
def max_in_place(input, kernel_size, stride=None, padding=0):
    out = pool(input, kernel_size, stride, padding)
    input[:] = input.min()
    return out


# ---- avg_pool2d


def average(x, kernel_size, stride=None, padding=0, **how):
    return pool(x, kernel_size, stride, padding, **{"fill": 0, "reduce": np.mean, **how})


@right("avg_pool2d")
def average_in_plain_loops(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, stride, padding).tolist()


@right("avg_pool2d")
def average_by_convolution(input, kernel_size, stride=None, padding=0):
    kernel, stride, padding = pairs(kernel_size, stride, padding)
    weight = np.ones((input.shape[1], 1, *kernel)) / (kernel[0] * kernel[1])
    return functional.conv2d(input, weight, None, stride, padding, groups=input.shape[1])


@right("avg_pool2d")
def average_by_einsum(input, kernel_size, stride=None, padding=0):
    (kh, kw), (sh, sw), (ph, pw) = pairs(kernel_size, stride, padding)
    padded = np.pad(input.astype(np.float32), ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (kh, kw), (2, 3))[:, :, ::sh, ::sw]
    return np.einsum("ncijkl->ncij", windows) / (kh * kw)


@wrong("avg_pool2d", hint="number of real pixels")
def average_padding_not_counted(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, stride, padding, fill=np.nan, reduce=np.nanmean)


@wrong("avg_pool2d", hint="largest value")
def average_is_max(input, kernel_size, stride=None, padding=0):
    return pool(input, kernel_size, stride, padding)


@wrong("avg_pool2d", hint="did not divide")
def average_is_sum(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, stride, padding, reduce=np.sum)


@wrong("avg_pool2d", hint="An int stands for a square")
def average_by_the_int(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, stride, padding, reduce=np.sum) / np.prod(kernel_size)


@wrong("avg_pool2d", hint="across images and channels")
def average_of_the_window_in_all_axes(input, kernel_size, stride=None, padding=0):
    out = average(input, kernel_size, stride, padding)
    return np.zeros(out.shape) + out.mean((0, 1))


@wrong("avg_pool2d", hint="median")
def average_is_median(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, stride, padding, reduce=np.median)


@wrong("avg_pool2d", hint="minus infinity")
def average_with_infinite_padding(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, stride, padding, fill=-np.inf)


@wrong("avg_pool2d", hint="fractions are cut off")
def average_in_integers(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, stride, padding).astype(input.dtype)


@wrong("avg_pool2d", hint="rounded down")
def average_floor_division(input, kernel_size, stride=None, padding=0):
    (kh, kw), _, _ = pairs(kernel_size, stride, padding)
    return average(input, kernel_size, stride, padding, reduce=lambda window: window.sum() // (kh * kw))


@wrong("avg_pool2d", hint="across the channels")
def average_across_channels(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, stride, padding).mean(axis=1, keepdims=True)


@wrong("avg_pool2d", hint="need not be a square")
def average_of_a_square(input, kernel_size, stride=None, padding=0):
    (kh, _), _, _ = pairs(kernel_size, stride, padding)
    return average(input, kernel_size, stride, padding, reduce=lambda window: window.sum() / kh**2)


@wrong("avg_pool2d", hint="kh + kw")
def average_by_the_sum_of_sides(input, kernel_size, stride=None, padding=0):
    (kh, kw), _, _ = pairs(kernel_size, stride, padding)
    return average(input, kernel_size, stride, padding, reduce=lambda window: window.sum() / (kh + kw))


@wrong("avg_pool2d", hint="always lie side by side")
def average_stride_ignored(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, kernel_size, padding)


@wrong("avg_pool2d", hint="round the number of places down")
def average_partial_window(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, stride, padding, ceil=True)


@wrong("avg_pool2d", hint="padding is left out")
def average_padding_left_out(input, kernel_size, stride=None, padding=0):
    return average(input, kernel_size, stride)


@wrong("avg_pool2d", hint="repeats or mirrors")
def average_repeated_edges(input, kernel_size, stride=None, padding=0):
    kernel, stride, (ph, pw) = pairs(kernel_size, stride, padding)
    return average(np.pad(input, ((0, 0), (0, 0), (ph, ph), (pw, pw)), "edge"), kernel, stride)


@wrong("avg_pool2d", hint="serves both axes")
def average_one_stride(input, kernel_size, stride=None, padding=0):
    kernel, stride, padding = pairs(kernel_size, stride, padding)
    return average(input, kernel, stride[0], padding)


# ---- max_pool2d_backward


def windows_of(grad_output, kernel_size, stride):
    (kh, kw), (sh, sw), _ = pairs(kernel_size, stride, 0)
    for n, c, i, j in np.ndindex(grad_output.shape):
        yield (n, c, i, j), np.s_[n, c, i * sh : i * sh + kh, j * sw : j * sw + kw]


@right("max_pool2d_backward")
def backward_by_argmax(grad_output, input, kernel_size, stride):
    out, (_, (sh, sw), _) = np.zeros(input.shape, np.float32), pairs(kernel_size, stride, 0)
    for (n, c, i, j), place in windows_of(grad_output, kernel_size, stride):
        row, column = np.unravel_index(input[place].argmax(), input[place].shape)
        out[n, c, i * sh + row, j * sw + column] += grad_output[n, c, i, j]
    return out


@right("max_pool2d_backward")
def backward_with_add_at(grad_output, input, kernel_size, stride):
    n, c, height, width = input.shape
    places = np.arange(height * width, dtype=float).reshape(1, 1, height, width)
    (kh, kw), (sh, sw), _ = pairs(kernel_size, stride, 0)
    view = np.lib.stride_tricks.sliding_window_view
    values, where = (view(a, (kh, kw), (2, 3))[:, :, ::sh, ::sw] for a in (input, places))
    best = values.reshape(*values.shape[:4], -1).argmax(-1)[..., None]
    where = np.broadcast_to(where, values.shape).reshape(*values.shape[:4], -1)
    winners = np.take_along_axis(where, best, -1)[..., 0].astype(int)
    out = np.zeros((n, c, height * width))
    np.add.at(out, (np.arange(n)[:, None, None, None], np.arange(c)[:, None, None], winners), grad_output)
    return out.reshape(input.shape)


@right("max_pool2d_backward")
def backward_by_the_package(grad_output, input, kernel_size, stride):
    return functional.max_pool2d_backward(grad_output, input, *pairs(kernel_size, stride, 0))


@wrong("max_pool2d_backward", hint="+=, not =")
def backward_assigned(grad_output, input, kernel_size, stride):
    out = np.zeros(input.shape)
    for index, place in windows_of(grad_output, kernel_size, stride):
        out[place] = (input[place] == input[place].max()) * grad_output[index]
    return out


@wrong("max_pool2d_backward", hint="+=, not =")
def backward_winner_assigned(grad_output, input, kernel_size, stride):
    out = np.zeros(input.shape)
    for index, place in windows_of(grad_output, kernel_size, stride):
        out[place][input[place] == input[place].max()] = grad_output[index]
    return out


@wrong("max_pool2d_backward", hint="every pixel of the window a share")
def backward_spread(grad_output, input, kernel_size, stride):
    out = np.zeros(input.shape)
    for index, place in windows_of(grad_output, kernel_size, stride):
        out[place] += grad_output[index]
    return out


@wrong("max_pool2d_backward", hint="every pixel of the window a share")
def backward_as_for_average(grad_output, input, kernel_size, stride):
    out = np.zeros(input.shape)
    for index, place in windows_of(grad_output, kernel_size, stride):
        out[place] += grad_output[index] / input[place].size
    return out


@wrong("max_pool2d_backward", hint="smallest pixel")
def backward_to_the_smallest(grad_output, input, kernel_size, stride):
    return backward_by_argmax(grad_output, -input, kernel_size, stride)


@wrong("max_pool2d_backward", hint="multiplied by the pixel's value")
def backward_times_the_value(grad_output, input, kernel_size, stride):
    out = np.zeros(input.shape)
    for index, place in windows_of(grad_output, kernel_size, stride):
        out[place] += input[place] * (input[place] == input[place].max()) * grad_output[index]
    return out


@wrong("max_pool2d_backward", hint="grad_output is not used")
def backward_of_the_sum(grad_output, input, kernel_size, stride):
    return backward_by_argmax(np.ones_like(grad_output), input, kernel_size, stride)


@wrong("max_pool2d_backward", hint="counts from the window's corner")
def backward_place_in_the_window(grad_output, input, kernel_size, stride):
    out = np.zeros(input.shape)
    for (n, c, i, j), place in windows_of(grad_output, kernel_size, stride):
        row, column = np.unravel_index(input[place].argmax(), input[place].shape)
        out[n, c, row, column] += grad_output[n, c, i, j]
    return out


@wrong("max_pool2d_backward", hint="fractions are cut off")
def backward_zeros_like_the_input(grad_output, input, kernel_size, stride):
    out = np.zeros_like(input)
    for (n, c, i, j), place in windows_of(grad_output, kernel_size, stride):
        row, column = np.argwhere(input[place] == input[place].max())[0]
        out[place][row, column] += grad_output[n, c, i, j].astype(out.dtype)
    return out


@wrong("max_pool2d_backward", hint="Height and width of the stride are swapped")
def backward_stride_swapped(grad_output, input, kernel_size, stride):
    kernel, (sh, sw), _ = pairs(kernel_size, stride, 0)
    out = np.zeros(input.shape)
    for index, place in windows_of(grad_output, kernel, (sw, sh)):
        if input[place].size:
            out[place] += (input[place] == input[place].max()) * grad_output[index]
    return out


@wrong("max_pool2d_backward", hint="stride is ignored")
def backward_without_stride(grad_output, input, kernel_size, stride):
    out = np.zeros(input.shape)
    for index, place in windows_of(grad_output, kernel_size, 1):
        out[place] += (input[place] == input[place].max()) * grad_output[index]
    return out


@wrong("max_pool2d_backward", hint="np.zeros(shape), not zeros_like")
def backward_added_to_integers(grad_output, input, kernel_size, stride):
    out = np.zeros_like(input)
    for index, place in windows_of(grad_output, kernel_size, stride):
        out[place] += (input[place] == input[place].max()) * grad_output[index]
    return out


@wrong("max_pool2d_backward", hint="of the whole array")
def backward_to_the_largest_of_all(grad_output, input, kernel_size, stride):
    out = np.zeros(input.shape)
    for index, place in windows_of(grad_output, kernel_size, stride):
        out[place] += (input[place] == input.max()) * grad_output[index]
    return out


@wrong("max_pool2d_backward", hint="across the channels")
def backward_window_through_the_channels(grad_output, input, kernel_size, stride):
    out = np.zeros(input.shape)
    for index, (n, _, rows, columns) in windows_of(grad_output, kernel_size, stride):
        window = input[n, :, rows, columns]
        out[n, :, rows, columns] += (window == window.max()) * grad_output[index]
    return out


@wrong("max_pool2d_backward", hint="you averaged")
def backward_mean_of_the_winners(grad_output, input, kernel_size, stride):
    wins = backward_by_argmax(np.ones(grad_output.shape), input, kernel_size, stride)
    return backward_by_argmax(grad_output, input, kernel_size, stride) / np.maximum(wins, 1)


@wrong("max_pool2d_backward", hint="it has the input's shape")
def backward_of_the_output(grad_output, input, kernel_size, stride):
    return grad_output


@wrong("max_pool2d_backward", hint="Only the first image")
def backward_first_image(grad_output, input, kernel_size, stride):
    out = np.zeros(input.shape)
    out[:1] = backward_by_argmax(grad_output[:1], input[:1], kernel_size, stride)
    return out


@wrong("max_pool2d_backward", hint="A gradient may be negative")
def backward_clipped(grad_output, input, kernel_size, stride):
    return np.maximum(backward_by_argmax(grad_output, input, kernel_size, stride), 0)


@wrong("max_pool2d_backward", hint="take (height, width) pairs")
def backward_squares_only(grad_output, input, kernel_size, stride):
    rows = (input.shape[2] - kernel_size) // stride + 1
    return backward_by_argmax(grad_output[:, :, :rows], input, kernel_size, stride)


# ---- receptive_field


@right("receptive_field")
def field_backwards(layers):
    size = 1
    for kernel_size, stride in layers[::-1]:
        size = stride * size + (kernel_size - stride)
    return size


@right("receptive_field")
def field_as_a_sum(layers):
    strides = [stride for _, stride in layers]
    return 1 + sum((k - 1) * int(np.prod(strides[:i])) for i, (k, _) in enumerate(layers))


@right("receptive_field")
def field_of_pixels(layers):
    pixels = {0}
    for kernel_size, stride in reversed(layers):
        pixels = {p * stride + tap for p in pixels for tap in range(kernel_size)}
    return np.int64(max(pixels) - min(pixels) + 1)


@wrong("receptive_field", hint="added whole kernels")
def field_sum_of_kernels(layers):
    return sum(kernel_size for kernel_size, _ in layers)


@wrong("receptive_field", hint="own stride to its own kernel")
def field_own_stride(layers):
    field = jump = 1
    for kernel_size, stride in layers:
        jump *= stride
        field += (kernel_size - 1) * jump
    return field


@wrong("receptive_field", hint="from the last to the first")
def field_order_reversed(layers):
    field = jump = 1
    for kernel_size, stride in reversed(layers):
        field += (kernel_size - 1) * jump
        jump *= stride
    return field


@wrong("receptive_field", hint="from the last to the first")
def field_recursion_in_the_wrong_direction(layers):
    field = 1
    for kernel_size, stride in layers:
        field = (field - 1) * stride + kernel_size
    return field


@wrong("receptive_field", hint="strides are not used")
def field_without_strides(layers):
    return 1 + sum(kernel_size - 1 for kernel_size, _ in layers)


@wrong("receptive_field", hint="Start at 1, not at 0")
def field_from_zero(layers):
    field, jump = 0, 1
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * jump
        jump *= stride
    return field


@wrong("receptive_field", hint="layer before only")
def field_last_stride_only(layers):
    field = jump = 1
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * jump
        jump = stride
    return field


@wrong("receptive_field", hint="added the strides")
def field_sum_of_strides(layers):
    field = jump = 1
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * jump
        jump += stride - 1
    return field


@wrong("receptive_field", hint="multiplied each kernel by its own stride")
def field_own_strides_only(layers):
    return 1 + sum((kernel_size - 1) * stride for kernel_size, stride in layers)


@wrong("receptive_field", hint="One number is asked for")
def field_and_jump(layers):
    field = jump = 1
    for kernel_size, stride in layers:
        field += (kernel_size - 1) * jump
        jump *= stride
    return field, jump


@wrong("receptive_field", hint="product of the kernel sizes")
def field_product(layers):
    return math.prod(kernel_size for kernel_size, _ in layers)


@wrong("receptive_field", hint="added whole kernels")
def field_whole_kernels_apart(layers):
    field, jump = 0, 1
    for kernel_size, stride in layers:
        field += kernel_size * jump
        jump *= stride
    return field


@wrong("receptive_field", hint="distance between neighbouring outputs")
def field_is_the_jump(layers):
    return math.prod(stride for _, stride in layers)


@wrong("receptive_field", hint="one layer only")
def field_of_the_last_layer(layers):
    return layers[-1][0] if layers else 1


@wrong("receptive_field", hint="wrong way round")
def field_pairs_swapped(layers):
    return field_backwards([(stride, kernel_size) for kernel_size, stride in layers])


@wrong("receptive_field", hint="Without any layer")
def field_needs_a_layer(layers):
    field, jump = layers[0]
    for kernel_size, stride in layers[1:]:
        field += (kernel_size - 1) * jump
        jump *= stride
    return field


@wrong("receptive_field", hint="right dtype")
def field_as_a_float(layers):
    return float(field_backwards(layers))


# ---- shift_agreement


def move(image, down, right):
    out = np.zeros_like(image)
    out[down:, right:] = image[: image.shape[0] - down, : image.shape[1] - right]
    return out


def outputs(fn, image, shift, margin):
    both = [np.asarray(fn(x), float) for x in (image, move(image, *shift))]
    return [out[margin : out.shape[0] - margin, margin : out.shape[1] - margin] for out in both]


def share(before, after, tol, counted):
    return (np.abs(before - after) <= tol)[counted].mean() if counted.any() else float("nan")


@right("shift_agreement")
def agreement_in_loops(fn, image, shift, margin, tol=0):
    before, after = fn(image), fn(move(image, *shift))
    equal = counted = 0
    for row in range(margin, len(before) - margin):
        for column in range(margin, len(before[0]) - margin):
            one, two = float(before[row, column]), float(after[row, column])
            if one or two:
                counted += 1
                equal += abs(one - two) <= tol
    return equal / counted if counted else math.nan


@right("shift_agreement")
def agreement_with_pad_and_isclose(fn, image, shift, margin, tol=0):
    moved = np.pad(image, ((shift[0], 0), (shift[1], 0)))[: image.shape[0], : image.shape[1]]
    inner = tuple(slice(margin, n - margin) for n in fn(image).shape)
    before, after = (fn(x)[inner].astype(float) for x in (image, moved))
    counted = np.logical_or(before, after)
    same = np.isclose(before, after, rtol=0, atol=tol)
    with np.errstate(invalid="ignore"):
        return np.float32((same & counted).sum() / np.float64(counted.sum()))


@wrong("shift_agreement", hint="counted the background")
def agreement_background(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    return (np.abs(before - after) <= tol).mean()


@wrong("shift_agreement", hint="only one of the two outputs is 0")
def agreement_before_only(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    return share(before, after, tol, before != 0)


@wrong("shift_agreement", hint="only one of the two outputs is 0")
def agreement_in_both(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    return share(before, after, tol, (before != 0) & (after != 0))


@wrong("shift_agreement", hint="negative ones too")
def agreement_positive(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    return share(before, after, tol, (before > 0) | (after > 0))


@wrong("shift_agreement", hint="does not depend on tol")
def agreement_above_tol(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    return share(before, after, tol, (abs(before) > tol) | (abs(after) > tol))


@wrong("shift_agreement", hint="one number of each output")
def agreement_of_means(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    return abs(before.mean() - after.mean()) <= tol


@wrong("shift_agreement", hint="tests equivariance")
def agreement_shifted_back(fn, image, shift, margin, tol=0):
    before, after = fn(image).astype(float), fn(move(image, *shift)).astype(float)
    back = move(after[::-1, ::-1], *shift)[::-1, ::-1]
    inner = tuple(slice(margin, n - margin) for n in before.shape)
    return share(before[inner], back[inner], tol, (before[inner] != 0) | (back[inner] != 0))


@wrong("shift_agreement", hint="tests equivariance")
def agreement_followed(fn, image, shift, margin, tol=0):
    before, after = move(fn(image), *shift).astype(float), fn(move(image, *shift)).astype(float)
    inner = tuple(slice(margin, n - margin) for n in before.shape)
    return share(before[inner], after[inner], tol, (before[inner] != 0) | (after[inner] != 0))


@wrong("shift_agreement", hint="Fill with zeros")
def agreement_rolled(fn, image, shift, margin, tol=0):
    before, after = (fn(x).astype(float) for x in (image, np.roll(image, shift, (0, 1))))
    inner = tuple(slice(margin, n - margin) for n in before.shape)
    return share(before[inner], after[inner], tol, (before[inner] != 0) | (after[inner] != 0))


@wrong("shift_agreement", hint="down comes first")
def agreement_axes_swapped(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift[::-1], margin)
    return share(before, after, tol, (before != 0) | (after != 0))


@wrong("shift_agreement", hint="up and to the left")
def agreement_other_way(fn, image, shift, margin, tol=0):
    before, after = outputs(lambda x: fn(x[::-1, ::-1]), image[::-1, ::-1], shift, margin)
    return share(before, after, tol, (before != 0) | (after != 0))


@wrong("shift_agreement", hint="margin is not used")
def agreement_without_margin(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, 0)
    return share(before, after, tol, (before != 0) | (after != 0))


@wrong("shift_agreement", hint="With margin 0 nothing is left")
def agreement_negative_slice(fn, image, shift, margin, tol=0):
    before, after = (out[margin:-margin, margin:-margin] for out in outputs(fn, image, shift, 0))
    return share(before, after, tol, (before != 0) | (after != 0))


@wrong("shift_agreement", hint="It belongs to the outputs")
def agreement_margin_of_the_image(fn, image, shift, margin, tol=0):
    inner = tuple(slice(margin, n - margin) for n in image.shape)
    before, after = outputs(fn, image[inner], shift, 0)
    return share(before, after, tol, (before != 0) | (after != 0))


@wrong("shift_agreement", hint="on some sides only")
def agreement_two_margins(fn, image, shift, margin, tol=0):
    before, after = (out[margin:, margin:] for out in outputs(fn, image, shift, 0))
    return share(before, after, tol, (before != 0) | (after != 0))


@wrong("shift_agreement", hint="one row and one column late")
def agreement_end_included(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, 0)
    inner = tuple(slice(margin, n - margin + 1) for n in before.shape)
    before, after = before[inner], after[inner]
    return share(before, after, tol, (before != 0) | (after != 0))


@wrong("shift_agreement", hint="ask the output for its shape")
def agreement_inside_the_image(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, 0)
    inner = tuple(slice(margin, n - margin) for n in image.shape)
    before, after = before[inner], after[inner]
    return share(before, after, tol, (before != 0) | (after != 0))


@wrong("shift_agreement", hint="add up to 0")
def agreement_of_a_sum(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    return share(before, after, tol, before + after != 0)


@wrong("shift_agreement", hint="call fn a second time")
def agreement_of_the_moved_output(fn, image, shift, margin, tol=0):
    before, after = fn(image).astype(float), move(fn(image), *shift).astype(float)
    inner = tuple(slice(margin, n - margin) for n in before.shape)
    before, after = before[inner], after[inner]
    return share(before, after, tol, (before != 0) | (after != 0))


@wrong("shift_agreement", hint="number of all places")
def agreement_of_all_places(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    counted = (before != 0) | (after != 0)
    return (abs(before - after) <= tol)[counted].sum() / before.size if before.size else np.nan


@wrong("shift_agreement", hint="divided the difference")
def agreement_relative(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    counted = (before != 0) | (after != 0)
    near = abs(before - after) / max(abs(before).max(), 1e-300) <= tol
    return near[counted].mean() if counted.any() else np.nan


@wrong("shift_agreement", hint="not one verdict")
def agreement_allclose(fn, image, shift, margin, tol=0):
    return float(np.allclose(fn(image), fn(move(image, *shift)), atol=tol))


@wrong("shift_agreement", hint="fixed, or not used")
def agreement_exact(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    return share(before, after, 0, (before != 0) | (after != 0))


@wrong("shift_agreement", hint="<=, not <")
def agreement_below_tol(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    counted = (before != 0) | (after != 0)
    return (np.abs(before - after) < tol)[counted].mean() if counted.any() else np.nan


@wrong("shift_agreement", hint="a tolerance of their own")
def agreement_isclose(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    counted = (before != 0) | (after != 0)
    return np.isclose(before, after, atol=tol)[counted].mean() if counted.any() else np.nan


@wrong("shift_agreement", hint="absolute value")
def agreement_signed(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    counted = (before != 0) | (after != 0)
    return (after - before <= tol)[counted].mean() if counted.any() else np.nan


@wrong("shift_agreement", hint="3 - 5 is 254")
def agreement_in_bytes(fn, image, shift, margin, tol=0):
    before, after = fn(image), fn(move(image, *shift))
    inner = tuple(slice(margin, n - margin) for n in before.shape)
    return share(before[inner], after[inner], tol, (before[inner] != 0) | (after[inner] != 0))


@wrong("shift_agreement", hint="a number from 0 to 1")
def agreement_percent(fn, image, shift, margin, tol=0):
    return 100 * agreement_in_loops(fn, image, shift, margin, tol)


@wrong("shift_agreement", hint="share of outputs that changed")
def agreement_changed(fn, image, shift, margin, tol=0):
    return 1 - agreement_in_loops(fn, image, shift, margin, tol)


@wrong("shift_agreement", hint="not one verdict")
def agreement_all(fn, image, shift, margin, tol=0):
    return agreement_in_loops(fn, image, shift, margin, tol) == 1


@wrong("shift_agreement", hint="nothing to count")
def agreement_zero_of_nothing(fn, image, shift, margin, tol=0):
    return np.nan_to_num(agreement_in_loops(fn, image, shift, margin, tol))


@wrong("shift_agreement", hint="nothing to count")
def agreement_division_by_zero(fn, image, shift, margin, tol=0):
    before, after = outputs(fn, image, shift, margin)
    counted = (before != 0) | (after != 0)
    return int(((np.abs(before - after) <= tol) & counted).sum()) / int(counted.sum())


@wrong("shift_agreement", hint="fn is not used")
def agreement_of_the_images(fn, image, shift, margin, tol=0):
    return agreement_in_loops(lambda x: x, image, shift, margin, tol)


@wrong("shift_agreement", hint="writes into its input")
def agreement_in_place(fn, image, shift, margin, tol=0):
    before = np.asarray(fn(image), float)
    image[:] = move(image, *shift)
    after = np.asarray(fn(image), float)
    inner = tuple(slice(margin, n - margin) for n in before.shape)
    return share(before[inner], after[inner], tol, (before[inner] != 0) | (after[inner] != 0))


EQUIVALENT = {
    "max_pool2d": {
        "out[:, :, i, j] = window.max(axis=(2, 3))  =>  out[:, :, i, j] = window.max(axis=(3, 2))": (
            "the order of the axes that a maximum runs over does not matter"
        ),
    },
    "avg_pool2d": {
        "out[:, :, i, j] = window.mean(axis=(2, 3))  =>  out[:, :, i, j] = window.mean(axis=(3, 2))": (
            "the order of the axes that a mean runs over does not matter"
        ),
    },
    "shift_agreement": {
        "before, after = (fn(image).astype(float), fn(shifted).astype(float))  =>  "
        "before, after = (fn(shifted).astype(float), fn(image).astype(float))": (
            "both are compared with each other and counted where either is not 0: the order does not matter"
        ),
        "before, after = (before[inside], after[inside])  =>  before, after = (after[inside], before[inside])": (
            "both are compared with each other and counted where either is not 0: the order does not matter"
        ),
    },
}
