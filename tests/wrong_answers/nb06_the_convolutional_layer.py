"""Answers to the exercises of notebook 06."""

import numpy as np

from tests.wrong_answers import right, wrong


def pairs(*values):
    return [np.broadcast_to(value, 2) for value in values]


# ---- conv_params


@right("conv_params")
def size_of_arrays(c_in, c_out, kernel_size):
    return np.zeros((c_out, c_in, *np.broadcast_to(kernel_size, 2))).size + np.zeros(c_out).size


@right("conv_params")
def with_isinstance(c_in, c_out, kernel_size):
    if isinstance(kernel_size, int):
        kernel_size = (kernel_size, kernel_size)
    return float(kernel_size[0] * kernel_size[1] * c_in * c_out + c_out)


@wrong("conv_params", hint="each filter has a bias too")
def no_bias(c_in, c_out, kernel_size):
    return c_in * c_out * np.prod(np.broadcast_to(kernel_size, 2))


@wrong("conv_params", hint="one bias per input channel")
def bias_per_input(c_in, c_out, kernel_size):
    return c_in * c_out * np.prod(np.broadcast_to(kernel_size, 2)) + c_in


@wrong("conv_params", hint="for the input channels too")
def bias_on_both_sides(c_in, c_out, kernel_size):
    return c_in * c_out * np.prod(np.broadcast_to(kernel_size, 2)) + c_in + c_out


@wrong("conv_params", hint="the weights of one filter")
def one_filter_with_all_biases(c_in, c_out, kernel_size):
    return c_in * np.prod(np.broadcast_to(kernel_size, 2)) + c_out


@wrong("conv_params", hint="take one number for both axes")
def pairs_alone(c_in, c_out, kernel_size):
    height, width = kernel_size
    return c_out * (c_in * height * width + 1)


@wrong("conv_params", hint="One number is asked for")
def shape_of_the_weight(c_in, c_out, kernel_size):
    return c_out, c_in, *np.broadcast_to(kernel_size, 2)


@wrong("conv_params", hint="single bias")
def one_bias(c_in, c_out, kernel_size):
    return c_in * c_out * np.prod(np.broadcast_to(kernel_size, 2)) + 1


@wrong("conv_params", hint="every slice of a filter")
def bias_per_slice(c_in, c_out, kernel_size):
    return c_in * c_out * (np.prod(np.broadcast_to(kernel_size, 2)) + 1)


@wrong("conv_params", hint="bias for every weight")
def bias_per_weight(c_in, c_out, kernel_size):
    return 2 * c_in * c_out * np.prod(np.broadcast_to(kernel_size, 2))


@wrong("conv_params", hint="take (height, width) pairs")
def square_only(c_in, c_out, kernel_size):
    return c_out * (c_in * kernel_size**2 + 1)


@wrong("conv_params", hint="not square")
def larger_side_squared(c_in, c_out, kernel_size):
    return c_out * (c_in * np.max(kernel_size) ** 2 + 1)


@wrong("conv_params", hint="not square")
def first_side_squared(c_in, c_out, kernel_size):
    return c_out * (c_in * np.broadcast_to(kernel_size, 2)[0] ** 2 + 1)


@wrong("conv_params", hint="You took c_in for c_out")
def swapped(c_in, c_out, kernel_size):
    return c_in * (c_in * np.prod(np.broadcast_to(kernel_size, 2)) + 1)


@wrong("conv_params", hint="one bias per input channel")
def arguments_swapped(c_in, c_out, kernel_size):
    return size_of_arrays(c_out, c_in, kernel_size)


@wrong("conv_params", hint="as deep as the input")
def flat_filters(c_in, c_out, kernel_size):
    return c_out * (np.prod(np.broadcast_to(kernel_size, 2)) + 1)


@wrong("conv_params", hint="You counted one filter")
def one_filter(c_in, c_out, kernel_size):
    return c_in * np.prod(np.broadcast_to(kernel_size, 2)) + 1


@wrong("conv_params", hint="kernel_size weights per slice")
def not_squared(c_in, c_out, kernel_size):
    return c_out * (c_in * np.sum(kernel_size) + 1)


# ---- conv2d_forward


@right("conv2d_forward")
def seven_loops(input, weight, bias, stride, padding):
    (sh, sw), (ph, pw) = pairs(stride, padding)
    n_images, c_in, height, width = input.shape
    c_out, _, kh, kw = weight.shape
    rows, columns = (height + 2 * ph - kh) // sh + 1, (width + 2 * pw - kw) // sw + 1
    out = [[[[float(b)] * columns for _ in range(rows)] for b in bias] for _ in range(n_images)]
    for n, o, i, j in np.ndindex(n_images, c_out, rows, columns):
        for c, u, v in np.ndindex(c_in, kh, kw):
            y, x = i * sh - ph + u, j * sw - pw + v
            if 0 <= y < height and 0 <= x < width:
                out[n][o][i][j] += input[n, c, y, x] * weight[o, c, u, v]
    return out


@right("conv2d_forward")
def by_views_in_float32(input, weight, bias, stride, padding):
    (sh, sw), (ph, pw) = pairs(stride, padding)
    padded = np.pad(input, ((0, 0), (0, 0), (ph, ph), (pw, pw))).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[2:], axis=(2, 3))
    out = np.einsum("ncijuv,ocuv->noij", windows[:, :, ::sh, ::sw], weight.astype(np.float32))
    return out + bias.reshape(1, -1, 1, 1)


@right("conv2d_forward")
def tap_by_tap(input, weight, bias, stride, padding):
    (sh, sw), (ph, pw) = pairs(stride, padding)
    padded = np.pad(input, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    kh, kw = weight.shape[2:]
    rows, columns = (padded.shape[2] - kh) // sh + 1, (padded.shape[3] - kw) // sw + 1
    out = 0
    for u in range(kh):
        for v in range(kw):
            part = padded[:, :, u : u + sh * rows : sh, v : v + sw * columns : sw][:, :, :rows, :columns]
            out = out + np.tensordot(weight[:, :, u, v], part, (1, 1)).swapaxes(0, 1)
    return [image + bias[:, None, None] for image in out]


def forward(
    input,
    weight,
    bias,
    stride,
    padding,
    *,
    dot=lambda window, filter_, bias: (window * filter_).sum() + bias,
    corner=lambda i, s: i * s,
    sides=(1, 1),
    last=0,
    dtype=float,
):
    """The loops of the solution, with one thing to be got wrong."""
    (sh, sw), (ph, pw) = pairs(stride, padding)
    padded = np.pad(input, ((0, 0), (0, 0), *((p * sides[0], p * sides[1]) for p in (ph, pw))))
    kh, kw = weight.shape[2:]
    rows, columns = (padded.shape[2] - kh) // sh + 1 + last, (padded.shape[3] - kw) // sw + 1 + last
    out = np.zeros((len(input), len(weight), rows, columns), dtype)
    for n, o, i, j in np.ndindex(out.shape):
        top, left = corner(i, sh), corner(j, sw)
        out[n, o, i, j] = dot(padded[n, :, top : top + kh, left : left + kw], weight[o], bias[o])
    return out


@wrong("conv2d_forward", hint="Only one input channel")
def first_channel_only(*arguments):
    return forward(*arguments, dot=lambda window, filter_, b: (window[0] * filter_[0]).sum() + b)


@wrong("conv2d_forward", hint="last input channel")
def last_channel_missing(*arguments):
    return forward(*arguments, dot=lambda window, filter_, b: (window[:-1] * filter_[:-1]).sum() + b)


@wrong("conv2d_forward", hint="meets the same channel")
def gray_window(*arguments):
    return forward(*arguments, dot=lambda window, filter_, b: (window[0] * filter_).sum() + b)


@wrong("conv2d_forward", hint="channels are averaged")
def mean_over_channels(*arguments):
    return forward(*arguments, dot=lambda window, filter_, b: (window * filter_).sum((1, 2)).mean() + b)


@wrong("conv2d_forward", hint="map of its own")
def channels_kept_apart(input, weight, bias, stride, padding):
    parts = [
        forward(input[:, [c]], weight[:, [c]], bias, stride, padding, dot=lambda w, f, b: (w * f).sum() + b)
        for c in range(input.shape[1])
    ]
    return np.stack(parts, axis=2)


@wrong("conv2d_forward", hint="Only the first image")
def first_image_only(input, *rest):
    return forward(input[:1], *rest)


@wrong("conv2d_forward", hint="Only the first image")
def first_image_for_all(input, *rest):
    return forward(np.repeat(input[:1], len(input), 0), *rest)


@wrong("conv2d_forward", hint="Only the first image")
def no_batch_axis(input, *rest):
    return forward(input[:1], *rest)[0]


@wrong("conv2d_forward", hint="wrong axis")
def bias_on_the_columns(input, weight, bias, stride, padding):
    return forward(input, weight, 0 * bias, stride, padding) + bias


@wrong("conv2d_forward", hint="wrong axis")
def bias_on_the_rows(input, weight, bias, stride, padding):
    return forward(input, weight, 0 * bias, stride, padding) + bias[:, None]


@wrong("conv2d_forward", hint="wrong axis")
def bias_on_the_images(input, weight, bias, stride, padding):
    return forward(input, weight, 0 * bias, stride, padding) + bias.reshape(-1, 1, 1, 1)


@wrong("conv2d_forward", hint="once per weight of the filter")
def bias_per_tap(*arguments):
    return forward(*arguments, dot=lambda window, filter_, b: (window * filter_ + b).sum())


@wrong("conv2d_forward", hint="once per input channel")
def bias_per_channel(*arguments):
    def dot(window, filter_, b):
        return sum((w * f).sum() + b for w, f in zip(window, filter_, strict=True))

    return forward(*arguments, dot=dot)


@wrong("conv2d_forward", hint="bias is left out")
def bias_forgotten(*arguments):
    return forward(*arguments, dot=lambda window, filter_, b: (window * filter_).sum())


@wrong("conv2d_forward", hint="first bias serves")
def first_bias(input, weight, bias, stride, padding):
    return forward(input, weight, np.full(len(bias), bias[0]), stride, padding)


@wrong("conv2d_forward", hint="C_out and C_in mixed up")
def in_and_out_swapped(input, weight, bias, stride, padding):
    (sh, sw), (ph, pw) = pairs(stride, padding)
    padded = np.pad(input, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    _, c_out, kh, kw = weight.shape
    rows, columns = (padded.shape[2] - kh) // sh + 1, (padded.shape[3] - kw) // sw + 1
    out = np.zeros((len(input), c_out, rows, columns))
    for n, o, i, j in np.ndindex(out.shape):
        window = padded[n, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
        out[n, o, i, j] = (window * weight[:, o]).sum() + bias[o]
    return out


@wrong("conv2d_forward", hint="result is the one for stride 1")
def stride_ignored(input, weight, bias, stride, padding):
    return forward(input, weight, bias, 1, padding)


@wrong("conv2d_forward", hint="stride is missing where the window")
def right_shape_wrong_windows(*arguments):
    return forward(*arguments, corner=lambda i, s: i)


@wrong("conv2d_forward", hint="first number moves the window down")
def stride_swapped(input, weight, bias, stride, padding):
    return forward(input, weight, bias, tuple(np.broadcast_to(stride, 2)[::-1]), padding)


@wrong("conv2d_forward", hint="first is for rows")
def one_stride_for_both(input, weight, bias, stride, padding):
    return forward(input, weight, bias, np.broadcast_to(stride, 2)[0], padding)


@wrong("conv2d_forward", hint="step by the kernel's size")
def steps_of_the_kernel(input, weight, bias, stride, padding):
    return forward(input, weight, bias, weight.shape[2:], padding)


@wrong("conv2d_forward", hint="take (height, width) pairs")
def ints_only(input, weight, bias, stride, padding):
    rows = (input.shape[2] + 2 * padding - weight.shape[2]) // stride + 1
    return forward(input, weight, bias, stride, padding)[:, :, :rows]


@wrong("conv2d_forward", hint="take (height, width) pairs")
def ints_only_by_numpy(input, weight, bias, stride, padding):
    padded = np.pad(input, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    return forward(padded, weight, bias, stride, 0)


@wrong("conv2d_forward", hint="work the size out by hand")
def one_window_too_many(*arguments):
    return forward(*arguments, last=1)


@wrong("conv2d_forward", hint="rounded the number of places up")
def ceil_for_floor(input, weight, bias, stride, padding):
    (sh, sw), (ph, pw) = pairs(stride, padding)
    padded = np.pad(input, ((0, 0), (0, 0), (ph, ph + sh - 1), (pw, pw + sw - 1)))
    return forward(padded, weight, bias, stride, 0)


@wrong("conv2d_forward", hint="padded one")
def unpadded_array_indexed(input, weight, bias, stride, padding):
    (sh, sw), (ph, pw) = pairs(stride, padding)
    _, _, kh, kw = weight.shape
    rows, columns = (input.shape[2] + 2 * ph - kh) // sh + 1, (input.shape[3] + 2 * pw - kw) // sw + 1
    out = np.zeros((len(input), len(weight), rows, columns))
    for n, o, i, j in np.ndindex(out.shape):
        window = input[n, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
        out[n, o, i, j] = (window * weight[o]).sum() + bias[o]
    return out


@wrong("conv2d_forward", hint="padding is left out")
def padding_forgotten(input, weight, bias, stride, padding):
    return forward(input, weight, bias, stride, 0)


@wrong("conv2d_forward", hint="one side only")
def padded_on_one_side(*arguments):
    return forward(*arguments, sides=(1, 0))


@wrong("conv2d_forward", hint="first number is for top and bottom")
def padding_swapped(input, weight, bias, stride, padding):
    return forward(input, weight, bias, stride, tuple(np.broadcast_to(padding, 2)[::-1]))


@wrong("conv2d_forward", hint="flipped")
def kernels_flipped(input, weight, *rest):
    return forward(input, weight[:, :, ::-1, ::-1], *rest)


@wrong("conv2d_forward", hint="transposed")
def kernels_transposed(input, weight, *rest):
    return forward(input, weight.swapaxes(2, 3), *rest)


@wrong("conv2d_forward", hint="work the size out by hand")
def last_window_missing(*arguments):
    return forward(*arguments, last=-1)


@wrong("conv2d_forward", hint="maps stand last")
def channels_last(*arguments):
    return np.moveaxis(forward(*arguments), 1, -1)


@wrong("conv2d_forward", hint="without its fractions")
def integers(input, weight, bias, stride, padding):
    return forward(input, weight, bias, stride, padding, dtype=int)


@wrong("conv2d_forward", hint="writes into its input")
def input_changed(input, weight, bias, stride, padding):
    out = forward(input, weight, bias, stride, padding)
    input *= 2
    return out


@wrong("conv2d_forward", hint="your output has the images' type")
def in_the_type_of_the_images(input, weight, bias, stride, padding):
    return forward(input, weight, bias, stride, padding, dtype=input.dtype)


@wrong("conv2d_forward", hint="take one number for both axes")
def forward_pairs_alone(input, weight, bias, stride, padding):
    (sh, sw), (ph, pw) = stride, padding
    return forward(input, weight, bias, (sh, sw), (ph, pw))


@wrong("conv2d_forward", hint="pads every axis")
def every_axis_padded(input, weight, bias, stride, padding):
    return forward(np.pad(input, padding), weight, bias, stride, 0)


@wrong("conv2d_forward", hint="mean of the products")
def mean_of_the_products(*arguments):
    return forward(*arguments, dot=lambda window, filter_, b: (window * filter_).mean() + b)


@wrong("conv2d_forward", hint="set to 0")
def with_relu(*arguments):
    return np.maximum(forward(*arguments), 0)


# ---- im2col


def windows(input, kernel_size, stride, padding):
    """(N, C, rows, columns, kH, kW)."""
    kernel, (sh, sw), (ph, pw) = pairs(kernel_size, stride, padding)
    padded = np.pad(input, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    return np.lib.stride_tricks.sliding_window_view(padded, tuple(kernel), axis=(2, 3))[:, :, ::sh, ::sw]


@right("im2col")
def by_views(input, kernel_size, stride, padding):
    cut = windows(input, kernel_size, stride, padding)
    n, c, rows, columns, kh, kw = cut.shape
    return cut.transpose(0, 1, 4, 5, 2, 3).reshape(n, c * kh * kw, rows * columns)


@right("im2col")
def row_by_row_as_lists(input, kernel_size, stride, padding):
    cut = windows(input, kernel_size, stride, padding)
    taps = list(np.ndindex(*cut.shape[4:]))
    return [[channel[:, :, u, v].ravel().tolist() for channel in image for u, v in taps] for image in cut]


@right("im2col")
def stacked_in_float32(input, kernel_size, stride, padding):
    cut = windows(input, kernel_size, stride, padding).astype(np.float32)
    columns = [cut[:, :, i, j].reshape(len(input), -1) for i, j in np.ndindex(*cut.shape[2:4])]
    return np.stack(columns, axis=-1)


def ordered(*axes):
    def unfold(input, kernel_size, stride, padding):
        cut = windows(input, kernel_size, stride, padding)
        n, c, rows, columns, kh, kw = cut.shape
        return cut.transpose(axes).reshape(n, c * kh * kw, rows * columns)

    return unfold


@wrong("im2col", hint="stride is never used")
def unfold_ignores_stride(input, kernel_size, stride, padding):
    return by_views(input, kernel_size, 1, padding)


@wrong("im2col", hint="stride is missing where the window")
def unfold_crowded(input, kernel_size, stride, padding):
    rows, columns = windows(input, kernel_size, stride, padding).shape[2:4]
    cut = windows(input, kernel_size, 1, padding)[:, :, :rows, :columns]
    return cut.transpose(0, 1, 4, 5, 2, 3).reshape(len(input), -1, rows * columns)


@wrong("im2col", hint="channels change fastest")
def channels_fastest(*arguments):
    return ordered(0, 4, 5, 1, 2, 3)(*arguments)


@wrong("im2col", hint="column by column")
def kernel_transposed(*arguments):
    return ordered(0, 1, 5, 4, 2, 3)(*arguments)


@wrong("im2col", hint="Your columns are in another order")
def places_column_by_column(*arguments):
    return ordered(0, 1, 4, 5, 3, 2)(*arguments)


@wrong("im2col", hint="two last axes are swapped")
def windows_as_rows(*arguments):
    return by_views(*arguments).swapaxes(1, 2)


@wrong("im2col", hint="reshape never moves an axis")
def reshaped_only(*arguments):
    return ordered(0, 1, 2, 3, 4, 5)(*arguments)


@wrong("im2col", hint="reshape never moves an axis")
def reshaped_windows(*arguments):
    return ordered(0, 2, 3, 1, 4, 5)(*arguments)


@wrong("im2col", hint="N keeps its axis")
def one_matrix_for_all(*arguments):
    return np.concatenate(list(by_views(*arguments)), axis=1)


@wrong("im2col", hint="axis of their own")
def channels_apart(input, *rest):
    return by_views(input, *rest).reshape(*input.shape[:2], -1, by_views(input, *rest).shape[2])


@wrong("im2col", hint="Only the first image")
def unfold_first_image(input, *rest):
    return by_views(input[:1], *rest)


@wrong("im2col", hint="Only the first channel")
def unfold_first_channel(input, *rest):
    return by_views(input[:, :1], *rest)


@wrong("im2col", hint="padding is left out")
def unfold_without_padding(input, kernel_size, stride, padding):
    return by_views(input, kernel_size, stride, 0)


@wrong("im2col", hint="first number moves the window down")
def unfold_stride_swapped(input, kernel_size, stride, padding):
    return by_views(input, kernel_size, tuple(np.broadcast_to(stride, 2)[::-1]), padding)


@wrong("im2col", hint="first number is for top and bottom")
def unfold_padding_swapped(input, kernel_size, stride, padding):
    return by_views(input, kernel_size, stride, tuple(np.broadcast_to(padding, 2)[::-1]))


@wrong("im2col", hint="kernel are swapped")
def unfold_kernel_swapped(input, kernel_size, stride, padding):
    return by_views(input, tuple(np.broadcast_to(kernel_size, 2)[::-1]), stride, padding)


@wrong("im2col", hint="one side only")
def unfold_one_side(input, kernel_size, stride, padding):
    ph, pw = np.broadcast_to(padding, 2)
    return by_views(np.pad(input, ((0, 0), (0, 0), (ph, 0), (pw, 0))), kernel_size, stride, 0)


@wrong("im2col", hint="stride on as a dilation")
def the_order_of_unfold(input, kernel_size, stride, padding):
    from cnnlib import functional

    return functional.im2col(input, kernel_size, stride, padding)


@wrong("im2col", hint="take (height, width) pairs")
def unfold_ints_only(input, kernel_size, stride, padding):
    if (input.shape[2] + 2 * padding - kernel_size) // stride < 0:
        raise ValueError
    return by_views(input, kernel_size, stride, padding)


# ---- conv1x1_as_linear


@right("conv1x1_as_linear")
def as_matrices(input, weight):
    n, c, h, w = input.shape
    return (weight[:, :, 0, 0] @ input.reshape(n, c, h * w)).reshape(n, len(weight), h, w)


@right("conv1x1_as_linear")
def pixel_by_pixel(input, weight):
    out = np.zeros((len(input), len(weight), *input.shape[2:]), np.float32)
    for n, i, j in np.ndindex(len(input), *input.shape[2:]):
        out[n, :, i, j] = weight[:, :, 0, 0] @ input[n, :, i, j]
    return out


@right("conv1x1_as_linear")
def channels_last_and_back(input, weight):
    return np.moveaxis(np.moveaxis(input, 1, -1) @ weight[:, :, 0, 0].T, -1, 1)


@wrong("conv1x1_as_linear", hint="weight is transposed")
def weight_transposed(input, weight):
    return np.moveaxis(np.moveaxis(input, 1, -1) @ weight[:, :, 0, 0], -1, 1)


@wrong("conv1x1_as_linear", hint="reshape never moves an axis")
def reshape_for_transpose(input, weight):
    n, c, h, w = input.shape
    return (input.reshape(-1, c) @ weight[:, :, 0, 0].T).reshape(n, -1, h, w)


@wrong("conv1x1_as_linear", hint="reshape never moves an axis")
def reshape_at_the_end(input, weight):
    n, _, h, w = input.shape
    return (input.transpose(0, 2, 3, 1) @ weight[:, :, 0, 0].T).reshape(n, len(weight), h, w)


@wrong("conv1x1_as_linear", hint="reshape never moves an axis")
def reshape_at_the_start(input, weight):
    n, c, h, w = input.shape
    pixels = input.reshape(n, h, w, c) @ weight[:, :, 0, 0].T
    return pixels.transpose(0, 3, 1, 2)


@wrong("conv1x1_as_linear", hint="channels stand last")
def left_channels_last(input, weight):
    return np.moveaxis(input, 1, -1) @ weight[:, :, 0, 0].T


@wrong("conv1x1_as_linear", hint="as np.tensordot leaves them")
def channels_first_of_all(input, weight):
    return np.tensordot(weight[:, :, 0, 0], input, (1, 1))


@wrong("conv1x1_as_linear", hint="Add up over them")
def products_only(input, weight):
    return input[:, None] * weight[:, :, 0, 0][None, :, :, None, None]


@wrong("conv1x1_as_linear", hint="Only the first input channel")
def one_channel(input, weight):
    return input[:, :1] * weight[:, 0, 0, 0][None, :, None, None]


@wrong("conv1x1_as_linear", hint="channels are averaged")
def averaged(input, weight):
    return (input[:, None] * weight[None]).mean(2)


@wrong("conv1x1_as_linear", hint="summed before the weights")
def summed_first(input, weight):
    return input.sum(1, keepdims=True) * weight[:, 0, 0, 0][None, :, None, None]


@wrong("conv1x1_as_linear", hint="Only the first image")
def image_zero(input, weight):
    return as_matrices(input, weight)[0]


@wrong("conv1x1_as_linear", hint="axis of the batch is gone")
def batch_summed(input, weight):
    return np.einsum("oc,nchw->ohw", weight[:, :, 0, 0], input)


@wrong("conv1x1_as_linear", hint="meet the C_in axis")
def rows_for_channels(input, weight):
    return weight[:, :, 0, 0] @ input


@wrong("conv1x1_as_linear", hint="height and width back")
def left_flat(input, weight):
    return weight[:, :, 0, 0] @ input.reshape(*input.shape[:2], -1)


@wrong("conv1x1_as_linear", hint="meet the C_in axis")
def plain_product(input, weight):
    return input @ weight[:, :, 0, 0]


# ---- macs


def sides(kernel_size, out_size):
    return [int(side) for pair in pairs(kernel_size, out_size) for side in pair]


@right("macs")
def window_times_places(c_in, c_out, kernel_size, out_size):
    kh, kw, h, w = sides(kernel_size, out_size)
    return sum(c_in * kh * kw for _ in range(h)) * w * c_out


@right("macs")
def product_as_float(c_in, c_out, kernel_size, out_size):
    return np.prod([c_in, c_out, *sides(kernel_size, out_size)], dtype=float)


@wrong("macs", hint="no factor 2")
def operations(c_in, c_out, kernel_size, out_size):
    kh, kw, h, w = sides(kernel_size, out_size)
    return 2 * c_in * c_out * kh * kw * h * w


@wrong("macs", hint="each addition apart")
def products_and_additions(c_in, c_out, kernel_size, out_size):
    kh, kw, h, w = sides(kernel_size, out_size)
    return c_out * h * w * (2 * c_in * kh * kw - 1)


@wrong("macs", hint="stands for a square one")
def places_of_an_int(c_in, c_out, kernel_size, out_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return c_in * c_out * kh * kw * np.prod(out_size)


@wrong("macs", hint="stands for a square: out_size 4")
def ints_not_squared(c_in, c_out, kernel_size, out_size):
    return c_in * c_out * np.prod(kernel_size) * np.prod(out_size)


@wrong("macs", hint="output's size already")
def kernel_fitted_again(c_in, c_out, kernel_size, out_size):
    kh, kw, h, w = sides(kernel_size, out_size)
    return c_out * c_in * kh * kw * (h - kh + 1) * (w - kw + 1)


@wrong("macs", hint="take one number for both axes")
def macs_pairs_alone(c_in, c_out, kernel_size, out_size):
    (kh, kw), (h, w) = kernel_size, out_size
    return c_out * c_in * kh * kw * h * w


@wrong("macs", hint="counted the bias")
def with_bias(c_in, c_out, kernel_size, out_size):
    kh, kw, h, w = sides(kernel_size, out_size)
    return c_out * (c_in * kh * kw + 1) * h * w


@wrong("macs", hint="counted the bias")
def with_one_bias_per_map(c_in, c_out, kernel_size, out_size):
    kh, kw, h, w = sides(kernel_size, out_size)
    return c_out * c_in * kh * kw * h * w + c_out


@wrong("macs", hint="input's size")
def input_size(c_in, c_out, kernel_size, out_size):
    kh, kw, h, w = sides(kernel_size, out_size)
    return c_out * c_in * kh * kw * (h + kh - 1) * (w + kw - 1)


@wrong("macs", hint="input channels out")
def one_channel_deep(c_in, c_out, kernel_size, out_size):
    kh, kw, h, w = sides(kernel_size, out_size)
    return c_out * kh * kw * h * w


@wrong("macs", hint="output channels out")
def for_one_filter(c_in, c_out, kernel_size, out_size):
    kh, kw, h, w = sides(kernel_size, out_size)
    return c_in * kh * kw * h * w


@wrong("macs", hint="counted the weights")
def weights_only(c_in, c_out, kernel_size, out_size):
    return c_in * c_out * np.prod(np.broadcast_to(kernel_size, 2))


@wrong("macs", hint="out_size places")
def places_not_squared(c_in, c_out, kernel_size, out_size):
    kh, kw, h, _ = sides(kernel_size, out_size)
    return c_in * c_out * kh * kw * h


@wrong("macs", hint="A pair is (height, width)")
def first_numbers_only(c_in, c_out, kernel_size, out_size):
    kh, _, h, _ = sides(kernel_size, out_size)
    return c_in * c_out * kh * kh * h * h


@wrong("macs", hint="take (height, width) pairs")
def ints_squared(c_in, c_out, kernel_size, out_size):
    return c_in * c_out * kernel_size**2 * out_size**2


@wrong("macs", hint="take (height, width) pairs")
def int_out_size(c_in, c_out, kernel_size, out_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return c_in * c_out * kh * kw * out_size**2


# ---- depthwise_separable_params


def taps(kernel_size):
    return int(np.prod(np.broadcast_to(kernel_size, 2)))


@right("depthwise_separable_params")
def sizes_of_four_arrays(c_in, c_out, kernel_size):
    shapes = [(c_in, 1, *np.broadcast_to(kernel_size, 2)), (c_in,), (c_out, c_in, 1, 1), (c_out,)]
    return sum(np.ones(shape).size for shape in shapes)


@right("depthwise_separable_params")
def in_one_formula(c_in, c_out, kernel_size):
    return float(c_in * (taps(kernel_size) + 1 + c_out) + c_out)


@wrong("depthwise_separable_params", hint="take one number for both axes")
def separable_pairs_alone(c_in, c_out, kernel_size):
    height, width = kernel_size
    return c_in * (height * width + 1) + c_out * (c_in + 1)


@wrong("depthwise_separable_params", hint="biases of both layers are missing")
def no_biases(c_in, c_out, kernel_size):
    return c_in * taps(kernel_size) + c_in * c_out


@wrong("depthwise_separable_params", hint="one of the two layers are missing")
def last_bias_only(c_in, c_out, kernel_size):
    return c_in * taps(kernel_size) + (c_in + 1) * c_out


@wrong("depthwise_separable_params", hint="one of the two layers are missing")
def first_bias_only(c_in, c_out, kernel_size):
    return c_in * (taps(kernel_size) + 1) + c_in * c_out


@wrong("depthwise_separable_params", hint="ordinary convolution")
def ordinary(c_in, c_out, kernel_size):
    return c_out * (c_in * taps(kernel_size) + 1)


@wrong("depthwise_separable_params", hint="span all channels")
def depthwise_through_all(c_in, c_out, kernel_size):
    return c_in * (c_in * taps(kernel_size) + 1) + c_out * (c_in + 1)


@wrong("depthwise_separable_params", hint="one depthwise filter for all")
def one_depthwise_filter(c_in, c_out, kernel_size):
    return taps(kernel_size) + 1 + c_out * (c_in + 1)


@wrong("depthwise_separable_params", hint="c_out depthwise filters")
def depthwise_makes_c_out(c_in, c_out, kernel_size):
    return c_out * (taps(kernel_size) + 1) + c_out * (c_in + 1)


@wrong("depthwise_separable_params", hint="pointwise layer is missing")
def depthwise_only(c_in, c_out, kernel_size):
    return c_in * (taps(kernel_size) + 1)


@wrong("depthwise_separable_params", hint="depthwise layer is missing")
def pointwise_only(c_in, c_out, kernel_size):
    return c_out * (c_in + 1)


@wrong("depthwise_separable_params", hint="kernel is 1 x 1")
def pointwise_with_kernel(c_in, c_out, kernel_size):
    return c_in * (taps(kernel_size) + 1) + c_out * (c_in * taps(kernel_size) + 1)


@wrong("depthwise_separable_params", hint="stand one after the other: add")
def multiplied(c_in, c_out, kernel_size):
    return c_in * (taps(kernel_size) + 1) * c_out * (c_in + 1)


@wrong("depthwise_separable_params", hint="c_in and c_out are swapped")
def channels_swapped(c_in, c_out, kernel_size):
    return in_one_formula(c_out, c_in, kernel_size)


@wrong("depthwise_separable_params", hint="take (height, width) pairs")
def square_kernels_only(c_in, c_out, kernel_size):
    return c_in * (kernel_size**2 + 1) + c_out * (c_in + 1)


# ---- compose_kernels


def composed(first, second, channels="om,mchw->ochw", write=np.add):
    """The loop of the solution with the channels' einsum to be chosen."""
    (h1, w1), (h2, w2) = first.shape[2:], second.shape[2:]
    out = None
    for i, j in np.ndindex(h2, w2):
        piece = np.einsum(channels, second[:, :, i, j], first)
        if out is None:
            out = np.zeros((*piece.shape[:-2], h1 + h2 - 1, w1 + w2 - 1))
        place = out[..., i : i + h1, j : j + w1]
        place[...] = write(place, piece)
    return out


@right("compose_kernels")
def six_loops(first, second):
    c_mid, c_in, h1, w1 = first.shape
    c_out, _, h2, w2 = second.shape
    out = np.zeros((c_out, c_in, h1 + h2 - 1, w1 + w2 - 1)).tolist()
    for o, m, c in np.ndindex(c_out, c_mid, c_in):
        for i, j, u, v in np.ndindex(h2, w2, h1, w1):
            out[o][c][i + u][j + v] += float(second[o, m, i, j] * first[m, c, u, v])
    return out


@right("compose_kernels")
def by_scipy(first, second):
    from scipy.signal import convolve2d

    return np.array(
        [
            [sum(convolve2d(f[c], s[m]) for m, f in enumerate(first)) for c in range(first.shape[1])]
            for s in second
        ]
    )


@right("compose_kernels")
def by_fourier_in_float32(first, second):
    size = [a + b - 1 for a, b in zip(first.shape[2:], second.shape[2:], strict=True)]
    spectrum = np.einsum("omhw,mchw->ochw", np.fft.rfft2(second, size), np.fft.rfft2(first, size))
    return np.fft.irfft2(spectrum, size).astype(np.float32)


@right("compose_kernels")
def padded_and_flipped(first, second):
    from cnnlib import functional

    pads = [k - 1 for k in second.shape[2:]]
    wide = np.pad(first.swapaxes(0, 1), ((0, 0), (0, 0), *((p, p) for p in pads)))
    return functional.conv2d(wide, second[:, :, ::-1, ::-1]).swapaxes(0, 1)


@wrong("compose_kernels", hint="One kernel is used flipped")
def no_flip(first, second):
    return composed(first, second[:, :, ::-1, ::-1])


@wrong("compose_kernels", hint="One kernel is used flipped")
def the_other_flipped(first, second):
    return composed(first[:, :, ::-1, ::-1], second)


@wrong("compose_kernels", hint="both kernels came in flipped")
def both_flipped(first, second):
    return composed(first[:, :, ::-1, ::-1], second[:, :, ::-1, ::-1])


@wrong("compose_kernels", hint="One kernel is used flipped")
def flipped_in_one_axis(first, second):
    return composed(first, second[:, :, :, ::-1])


@wrong("compose_kernels", hint="channels in between are still there")
def channels_not_summed(first, second):
    return composed(first, second, "om,mchw->omchw")


@wrong("compose_kernels", hint="Only one of the channels in between")
def first_middle_channel(first, second):
    return composed(first[:1], second[:, :1])


@wrong("compose_kernels", hint="in between are averaged")
def middle_channels_averaged(first, second):
    return composed(first, second) / len(first)


@wrong("compose_kernels", hint="before they meet")
def summed_apart(first, second):
    return composed(first.sum(0, keepdims=True), second.sum(1, keepdims=True))


@wrong("compose_kernels", hint="first two axes are swapped")
def axes_swapped(first, second):
    return composed(first, second).swapaxes(0, 1)


@wrong("compose_kernels", hint="overwrite")
def assigned(first, second):
    return composed(first, second, write=lambda place, piece: piece)


@wrong("compose_kernels", hint="and so do later channels")
def assigned_channel_by_channel(first, second):
    (h1, w1), (h2, w2) = first.shape[2:], second.shape[2:]
    out = np.zeros((len(second), first.shape[1], h1 + h2 - 1, w1 + w2 - 1))
    for o, m, i, j in np.ndindex(second.shape):
        out[o, :, i : i + h1, j : j + w1] = second[o, m, i, j] * first[m]
    return out


@wrong("compose_kernels", hint="k1 + k2 - 1")
def valid_only(first, second):
    from cnnlib import functional

    return functional.conv2d(first.swapaxes(0, 1), second).swapaxes(0, 1)


@wrong("compose_kernels", hint="without its fractions")
def whole_numbers(first, second):
    return composed(first, second).astype(int)


EQUIVALENT = {
    "conv2d_forward": {
        "padded = np.pad(input, ((0, 0), (0, 0), (ph, ph), (pw, pw)))  =>  "
        "padded = np.pad(input, ((0, 1), (0, 0), (ph, ph), (pw, pw)))": "the image added at the end is never read"
    },
    "im2col": {
        "out[:, :, place] = window.reshape(len(input), -1)  =>  "
        "out[:, :, place] = window.reshape(len(input), -2)": "NumPy takes any negative size for the one it works out"
    },
    "conv1x1_as_linear": {
        f"return np.einsum('oc,nchw->nohw', weight[:, :, 0, 0], input)  =>  "
        f"return np.einsum('oc,nchw->nohw', weight[:, :, {index}], input)": "a 1 x 1 kernel has one row and one column"
        for index in ("-1, 0", "0, -1")
    },
}
