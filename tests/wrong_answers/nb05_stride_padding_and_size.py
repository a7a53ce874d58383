"""Answers to the exercises of notebook 05."""

import math

import numpy as np

from tests.wrong_answers import right, wrong

# ---- output_size


@right("output_size")
def places_in_a_range(size, kernel_size, stride=1, padding=0, dilation=1):
    places = range(-padding, size + padding - dilation * (kernel_size - 1), stride)
    if not places:
        raise ValueError(f"{size} pixels are too few for a kernel of {kernel_size}")
    return len(places)


@right("output_size")
def ceil_of_all_starts(size, kernel_size, stride=1, padding=0, dilation=1):
    starts = size + 2 * padding - dilation * (kernel_size - 1)
    if starts < 1:
        raise ValueError("nothing fits")
    return math.ceil(starts / stride)


@right("output_size")
def walking(size, kernel_size, stride=1, padding=0, dilation=1):
    count, start = 0, 0
    while start + dilation * (kernel_size - 1) <= size + 2 * padding - 1:
        count, start = count + 1, start + stride
    if count == 0:
        raise ValueError("nothing fits")
    return np.int64(count)


@wrong("output_size", hint="rounded up")
def ceil(size, kernel_size, stride=1, padding=0, dilation=1):
    if size + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("nothing fits")
    return math.ceil((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1


@wrong("output_size", hint="rounded up")
def ceil_and_no_error(size, kernel_size, stride=1, padding=0, dilation=1):
    return math.ceil((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)


@wrong("output_size", hint="rounded to the nearest")
def rounded(size, kernel_size, stride=1, padding=0, dilation=1):
    if size + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("nothing fits")
    return round((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1


@wrong("output_size", hint="one place more than steps")
def no_plus_one(size, kernel_size, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride


@wrong("output_size", hint="1 before dividing")
def plus_one_first(size, kernel_size, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel_size - 1)) // stride


@wrong("output_size", hint="both sides")
def one_sided(size, kernel_size, stride=1, padding=0, dilation=1):
    if size + padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("nothing fits")
    return (size + padding - dilation * (kernel_size - 1) - 1) // stride + 1


@wrong("output_size", hint="padding out")
def padding_forgotten(size, kernel_size, stride=1, padding=0, dilation=1):
    return (size - dilation * (kernel_size - 1) - 1) // stride + 1


@wrong("output_size", hint="counted the dilation from 0")
def dilation_from_zero(size, kernel_size, stride=1, padding=0, dilation=1):
    span = kernel_size + (kernel_size - 1) * dilation
    if size + 2 * padding < span:
        raise ValueError("nothing fits")
    return (size + 2 * padding - span) // stride + 1


@wrong("output_size", hint="dilation * kernel_size")
def dilation_times_kernel(size, kernel_size, stride=1, padding=0, dilation=1):
    span = dilation * kernel_size
    if size + 2 * padding < span:
        raise ValueError("nothing fits")
    return (size + 2 * padding - span) // stride + 1


@wrong("output_size", hint="dilation out")
def dilation_forgotten(size, kernel_size, stride=1, padding=0, dilation=1):
    if size + 2 * padding < kernel_size:
        raise ValueError("nothing fits")
    return (size + 2 * padding - kernel_size) // stride + 1


@wrong("output_size", hint="stride out")
def stride_forgotten(size, kernel_size, stride=1, padding=0, dilation=1):
    if size + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("nothing fits")
    return size + 2 * padding - dilation * (kernel_size - 1)


@wrong("output_size", hint="Nothing fits here")
def no_error(size, kernel_size, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@wrong("output_size", hint="Nothing fits here")
def zero_for_nothing(size, kernel_size, stride=1, padding=0, dilation=1):
    return max(0, (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1)


@wrong("output_size", hint="Nothing fits here")
def none_for_nothing(size, kernel_size, stride=1, padding=0, dilation=1):
    if size + 2 * padding >= dilation * (kernel_size - 1) + 1:
        return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@wrong("output_size", hint="has to be a ValueError")
def assertion(size, kernel_size, stride=1, padding=0, dilation=1):
    assert size + 2 * padding >= dilation * (kernel_size - 1) + 1
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@wrong("output_size", hint="cuts it towards 0")
def int_of_a_negative_number(size, kernel_size, stride=1, padding=0, dilation=1):
    places = int((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1
    if places < 1:
        raise ValueError("nothing fits")
    return places


@wrong("output_size", hint="refused a window that fits")
def compared_with_the_bare_size(size, kernel_size, stride=1, padding=0, dilation=1):
    if dilation * (kernel_size - 1) + 1 > size:
        raise ValueError("nothing fits")
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@wrong("output_size", hint="just fits")
def refuses_what_just_fits(size, kernel_size, stride=1, padding=0, dilation=1):
    if dilation * (kernel_size - 1) + 1 >= size + 2 * padding:
        raise ValueError("nothing fits")
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@wrong("output_size", hint="does not divide")
def refuses_a_remainder(size, kernel_size, stride=1, padding=0, dilation=1):
    steps, remainder = divmod(size + 2 * padding - dilation * (kernel_size - 1) - 1, stride)
    if steps < 0 or remainder:
        raise ValueError("does not fit")
    return steps + 1


@wrong("output_size", hint="right dtype")
def a_float(size, kernel_size, stride=1, padding=0, dilation=1):
    if size + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("nothing fits")
    return np.floor((size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride) + 1


@wrong("output_size", hint="guard leaves out the dilation")
def guard_without_dilation(size, kernel_size, stride=1, padding=0, dilation=1):
    if kernel_size > size + 2 * padding:
        raise ValueError("nothing fits")
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@wrong("output_size", hint="Only whole steps count")
def true_division(size, kernel_size, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1


@wrong("output_size", hint="Only whole steps count")
def true_division_with_error(size, kernel_size, stride=1, padding=0, dilation=1):
    if size + 2 * padding < dilation * (kernel_size - 1) + 1:
        raise ValueError("nothing fits")
    return (size + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1


@wrong("output_size", hint="added the dilation")
def kernel_plus_dilation(size, kernel_size, stride=1, padding=0, dilation=1):
    span = kernel_size + dilation - 1
    if size + 2 * padding < span:
        raise ValueError("nothing fits")
    return (size + 2 * padding - span) // stride + 1


# ---- pad2d


def too_wide(image, padding, mode):
    for p, n in zip(np.broadcast_to(padding, 2), image.shape[-2:], strict=True):
        if (mode == "reflect" and p >= n) or (mode == "circular" and p > n):
            raise ValueError(f"{mode} padding {p} is too wide for {n} pixels")


def padded_with(function, image, padding, mode):
    """The four modes through np.pad, one of them gone wrong in `function`."""
    too_wide(image, padding, mode)
    ph, pw = np.broadcast_to(padding, 2)
    sides = [(0, 0)] * (image.ndim - 2) + [(ph, ph), (pw, pw)]
    names = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"} | function
    return np.pad(image, sides, mode=names[mode])


def by_index(index, image, padding, mode):
    """Both axes through a list of the pixels to read; -1 is a zero."""
    too_wide(image, padding, mode)
    for axis, p in zip((-2, -1), np.broadcast_to(padding, 2), strict=True):
        n = image.shape[axis]
        zero = np.zeros_like(image.take([0], axis))
        image = np.concatenate([image, zero], axis).take([index(i, n, mode) for i in range(-p, n + p)], axis)
    return image


def pixel(i, n, mode):
    if mode == "zeros":
        return i if 0 <= i < n else n
    if mode == "replicate":
        return min(max(i, 0), n - 1)
    return abs(i) if mode == "reflect" and i < n else (2 * (n - 1) - i if mode == "reflect" else i % n)


@right("pad2d")
def pixel_by_pixel(image, padding, mode):
    return by_index(pixel, image, padding, mode)


@right("pad2d")
def as_single_precision_lists(image, padding, mode):
    return by_index(pixel, np.asarray(image, np.float32), padding, mode).tolist()


@right("pad2d")
def slices_and_stacks(image, padding, mode):
    too_wide(image, padding, mode)
    ph, pw = np.broadcast_to(padding, 2)
    for p in (ph, pw):  # pad the rows, turn, pad the rows again
        first, last = image[..., :1, :], image[..., -1:, :]
        above, below = {
            "zeros": (np.repeat(0 * first, p, -2), np.repeat(0 * first, p, -2)),
            "replicate": (np.repeat(first, p, -2), np.repeat(last, p, -2)),
            "reflect": (image[..., 1 : p + 1, :][..., ::-1, :], image[..., ::-1, :][..., 1 : p + 1, :]),
            "circular": (image[..., image.shape[-2] - p :, :], image[..., :p, :]),
        }[mode]
        image = np.concatenate([above, image, below], axis=-2).swapaxes(-1, -2)
    return image


@wrong("pad2d", hint="Only one side")
def top_and_left_only(image, padding, mode):
    ph, pw = np.broadcast_to(padding, 2)
    names = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.pad(image, [(0, 0)] * (image.ndim - 2) + [(ph, 0), (pw, 0)], mode=names[mode])


@wrong("pad2d", hint="Only one side")
def bottom_and_right_only(image, padding, mode):
    too_wide(image, padding, mode)
    ph, pw = np.broadcast_to(padding, 2)
    names = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.pad(image, [(0, 0)] * (image.ndim - 2) + [(0, ph), (0, pw)], mode=names[mode])


@wrong("pad2d", hint="repeats the edge")
def reflect_repeats_the_edge(image, padding, mode):
    return padded_with({"reflect": "symmetric"}, image, padding, mode)


@wrong("pad2d", hint="repeats the edge")
def reflect_index_off_by_one(image, padding, mode):
    def mirrored(i, n, mode):
        if mode == "reflect" and i < 0:
            return -i - 1
        return 2 * n - 1 - i if mode == "reflect" and i >= n else pixel(i, n, mode)

    return by_index(mirrored, image, padding, mode)


@wrong("pad2d", hint="mirror the pixel next to the edge")
def reflect_not_turned_round(image, padding, mode):
    if mode != "reflect":
        return padded_with({}, image, padding, mode)
    too_wide(image, padding, mode)
    ph, pw = np.broadcast_to(padding, 2)
    h = image.shape[-2]
    image = np.concatenate([image[..., 1 : ph + 1, :], image, image[..., h - 1 - ph : h - 1, :]], -2)
    w = image.shape[-1]
    return np.concatenate([image[..., 1 : pw + 1], image, image[..., w - 1 - pw : w - 1]], -1)


@wrong("pad2d", hint="two modes mixed up")
def reflect_and_replicate_swapped(image, padding, mode):
    return padded_with({"reflect": "edge", "replicate": "reflect"}, image, padding, mode)


@wrong("pad2d", hint="two modes mixed up")
def reflect_and_circular_swapped(image, padding, mode):
    return padded_with({"reflect": "wrap", "circular": "reflect"}, image, padding, mode)


@wrong("pad2d", hint="replicate does what circular")
def replicate_wraps(image, padding, mode):
    return padded_with({"replicate": "wrap"}, image, padding, mode)


@wrong("pad2d", hint="circular mirrors")
def circular_mirrors(image, padding, mode):
    return padded_with({"circular": "symmetric"}, image, padding, mode)


@wrong("pad2d", hint="from its own side")
def circular_from_the_same_side(image, padding, mode):
    if mode != "circular":
        return padded_with({}, image, padding, mode)
    too_wide(image, padding, mode)
    ph, pw = np.broadcast_to(padding, 2)
    h, w = image.shape[-2:]
    image = np.concatenate([image[..., :ph, :], image, image[..., h - ph :, :]], -2)
    return np.concatenate([image[..., :pw], image, image[..., w - pw :]], -1)


@wrong("pad2d", hint="mode is never looked at")
def always_zeros(image, padding, mode):
    return padded_with(dict.fromkeys(("reflect", "replicate", "circular"), "constant"), image, padding, mode)


@wrong("pad2d", hint="Height and width are swapped")
def height_and_width_swapped(image, padding, mode):
    return padded_with({}, image, tuple(np.broadcast_to(padding, 2)[::-1]), mode)


@wrong("pad2d", hint="Other axes are padded")
def every_axis_padded(image, padding, mode):
    if isinstance(padding, tuple):
        return padded_with({}, image, padding, mode)
    too_wide(image, padding, mode)
    names = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.pad(image, padding, mode=names[mode])


@wrong("pad2d", hint="Only the last two")
def first_two_axes(image, padding, mode):
    too_wide(image, padding, mode)
    ph, pw = np.broadcast_to(padding, 2)
    names = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.pad(image, [(ph, ph), (pw, pw)] + [(0, 0)] * (image.ndim - 2), mode=names[mode])


@wrong("pad2d", hint="corners are empty")
def corners_left_out(image, padding, mode):
    too_wide(image, padding, mode)
    ph, pw = np.broadcast_to(padding, 2)
    h, w = image.shape[-2:]
    out = padded_with({}, image, padding, "zeros")
    full = padded_with({}, image, padding, mode)
    out[..., ph : ph + h, :] = full[..., ph : ph + h, :]
    out[..., pw : pw + w] = full[..., pw : pw + w]
    return out


@wrong("pad2d", hint="without its fractions")
def integers_only(image, padding, mode):
    return padded_with({}, image, padding, mode).astype(int)


@wrong("pad2d", hint="wider than the image can fill")
def no_limits(image, padding, mode):
    ph, pw = np.broadcast_to(padding, 2)
    names = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.pad(image, [(0, 0)] * (image.ndim - 2) + [(ph, ph), (pw, pw)], mode=names[mode])


@wrong("pad2d", hint="a border of n - 1 at most")
def reflect_limit_off_by_one(image, padding, mode):
    if mode in ("reflect", "circular") and any(np.broadcast_to(padding, 2) > image.shape[-2:]):
        raise ValueError("too wide")
    return no_limits(image, padding, mode)


@wrong("pad2d", hint="a padding that is allowed")
def circular_limit_too_strict(image, padding, mode):
    if mode in ("reflect", "circular") and any(np.broadcast_to(padding, 2) >= image.shape[-2:]):
        raise ValueError("too wide")
    return no_limits(image, padding, mode)


@wrong("pad2d", hint="a padding that is allowed")
def limit_for_every_mode(image, padding, mode):
    if any(np.broadcast_to(padding, 2) > image.shape[-2:]):
        raise ValueError("too wide")
    return padded_with({}, image, padding, mode)


@wrong("pad2d", hint="a padding that is allowed")
def widest_against_smallest(image, padding, mode):
    if mode in ("reflect", "circular") and np.max(padding) >= min(image.shape[-2:]):
        raise ValueError("too wide")
    return no_limits(image, padding, mode)


@wrong("pad2d", hint="Only one axis is compared")
def limit_on_height_only(image, padding, mode):
    too_wide(image[..., :1].repeat(99, -1), padding, mode)
    return no_limits(image, padding, mode)


@wrong("pad2d", hint="has to be a ValueError")
def refuses_with_assert(image, padding, mode):
    try:
        too_wide(image, padding, mode)
    except ValueError:
        raise AssertionError from None
    return no_limits(image, padding, mode)


@wrong("pad2d", hint="writes into its input")
def in_place(image, padding, mode):
    out = padded_with({}, image, padding, mode)
    image[...] = 0
    return out


@wrong("pad2d", hint="take (height, width) pairs")
def one_width_for_all(image, padding, mode):
    if mode in ("reflect", "circular") and padding + (mode == "reflect") > min(image.shape[-2:]):
        raise ValueError("too wide")
    return padded_with({}, image, padding, mode)


@wrong("pad2d", hint="one pair as (before, after)")
def one_pair_for_np_pad(image, padding, mode):
    too_wide(image, padding, mode)
    ph, pw = np.broadcast_to(padding, 2)
    names = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.pad(image, (ph, pw), mode=names[mode])


@wrong("pad2d", hint="one pair as (before, after)")
def padding_straight_to_np_pad(image, padding, mode):
    names = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    return np.pad(image, padding, mode=names[mode])


@wrong("pad2d", hint="names differ")
def mode_straight_to_np_pad(image, padding, mode):
    ph, pw = np.broadcast_to(padding, 2)
    return np.pad(image, [(0, 0)] * (image.ndim - 2) + [(ph, ph), (pw, pw)], mode=mode)


@wrong("pad2d", hint="names differ")
def zeros_straight_to_np_pad(image, padding, mode):
    return padded_with({"zeros": "zeros"}, image, padding, mode)


@wrong("pad2d", hint="image.shape[-2:]")
def limits_of_the_first_axes(image, padding, mode):
    h, w = image.shape[0], image.shape[1]
    ph, pw = np.broadcast_to(padding, 2)
    if (mode == "reflect" and (ph >= h or pw >= w)) or (mode == "circular" and (ph > h or pw > w)):
        raise ValueError("too wide")
    return no_limits(image, padding, mode)


@wrong("pad2d", hint="though this padding is allowed")
def refuses_wide_borders(image, padding, mode):
    if np.max(padding) > 1:
        raise ValueError("too wide")
    return padded_with({}, image, padding, mode)


# ---- corr2d_strided


def pairs(*values):
    return [np.broadcast_to(value, 2) for value in values]


def loops(image, kernel, stride, padding, dilation, corner, offset=lambda u, d: u * d, places=None):
    """The loop definition, with `corner(i, stride)` of a window and `offset(u, dilation)` in it to be chosen."""
    (sh, sw), (ph, pw), (dh, dw) = pairs(stride, padding, dilation)
    image = np.pad(image, ((ph, ph), (pw, pw)))
    (h, w), (kh, kw) = image.shape, kernel.shape
    rows, columns = places or ((h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1)
    out = np.zeros((rows, columns))
    for i, j in np.ndindex(rows, columns):
        for u, v in np.ndindex(kh, kw):
            out[i, j] += image[corner(i, sh) + offset(u, dh), corner(j, sw) + offset(v, dw)] * kernel[u, v]
    return out


@right("corr2d_strided")
def four_loops(image, kernel, stride, padding, dilation=1):
    return loops(image, kernel, stride, padding, dilation, lambda i, s: i * s)


@right("corr2d_strided")
def one_strided_slice_per_kernel_pixel(image, kernel, stride, padding, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = pairs(stride, padding, dilation)
    image = np.pad(np.asarray(image, np.float32), ((ph, ph), (pw, pw)))
    h, w = (n - d * (k - 1) for n, d, k in zip(image.shape, (dh, dw), kernel.shape, strict=True))
    return sum(
        kernel[u, v] * image[u * dh : u * dh + h : sh, v * dw : v * dw + w : sw]
        for u, v in np.ndindex(kernel.shape)
    ).tolist()


@right("corr2d_strided")
def stretched_kernel_and_einsum(image, kernel, stride, padding, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = pairs(stride, padding, dilation)
    stretched = np.zeros([d * (k - 1) + 1 for d, k in zip((dh, dw), kernel.shape, strict=True)])
    stretched[::dh, ::dw] = kernel
    image = np.pad(image, ((ph, ph), (pw, pw)))
    windows = np.lib.stride_tricks.sliding_window_view(image, stretched.shape)[::sh, ::sw]
    return np.asfortranarray(np.einsum("ijuv,uv", windows, stretched))


@wrong("corr2d_strided", hint="missing where the window is cut out")
def stride_ignored_in_the_indexing(image, kernel, stride, padding, dilation=1):
    return loops(image, kernel, stride, padding, dilation, lambda i, s: i)


@wrong("corr2d_strided", hint="on one axis neighbouring windows are one pixel apart")
def stride_ignored_in_the_columns(image, kernel, stride, padding, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = pairs(stride, padding, dilation)
    image = np.pad(image, ((ph, ph), (pw, pw)))
    (h, w), (kh, kw) = image.shape, kernel.shape
    out = np.zeros(((h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1))
    for i, j in np.ndindex(out.shape):
        out[i, j] = (
            image[i * sh : i * sh + dh * kh : dh, j : j + dw * (kw - 1) + 1 : dw][:kh] * kernel
        ).sum()
    return out


@wrong("corr2d_strided", hint="stride is never used")
def no_stride(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, 1, padding, dilation)


@wrong("corr2d_strided", hint="one axis only")
def stride_on_rows_only(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, (pairs(stride)[0][0], 1), padding, dilation)


@wrong("corr2d_strided", hint="serves both axes")
def first_stride_for_both(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, pairs(stride)[0][0], padding, dilation)


@wrong("corr2d_strided", hint="of the stride are swapped")
def stride_swapped(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, pairs(stride)[0][::-1], padding, dilation)


@wrong("corr2d_strided", hint="step by the kernel's size")
def tiles(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, kernel.shape, padding, dilation)


@wrong("corr2d_strided", hint="sticks out over the edge")
def ceil_places(image, kernel, stride, padding, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = pairs(stride, padding, dilation)
    (h, w), (kh, kw) = image.shape, kernel.shape
    rows = math.ceil((h + 2 * ph - dh * (kh - 1) - 1) / sh) + 1
    columns = math.ceil((w + 2 * pw - dw * (kw - 1) - 1) / sw) + 1
    return loops(image, kernel, stride, padding, dilation, lambda i, s: i * s, places=(rows, columns))


@wrong("corr2d_strided", hint="rounded the number of places up")
def ceil_places_and_part_windows(image, kernel, stride, padding, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = pairs(stride, padding, dilation)
    image = np.pad(image, ((ph, ph), (pw, pw)))
    (h, w), (kh, kw) = image.shape, kernel.shape
    out = np.zeros((-(-(h - dh * (kh - 1) - 1) // sh) + 1, -(-(w - dw * (kw - 1) - 1) // sw) + 1))
    for i, j in np.ndindex(out.shape):
        window = image[i * sh : i * sh + dh * (kh - 1) + 1 : dh, j * sw : j * sw + dw * (kw - 1) + 1 : dw]
        out[i, j] = (window * kernel[: window.shape[0], : window.shape[1]]).sum()
    return out


@wrong("corr2d_strided", hint="without its padding")
def unpadded_image_indexed(image, kernel, stride, padding, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = pairs(stride, padding, dilation)
    (h, w), (kh, kw) = image.shape, kernel.shape
    out = np.zeros(((h + 2 * ph - dh * (kh - 1) - 1) // sh + 1, (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1))
    for i, j in np.ndindex(out.shape):
        window = image[i * sh : i * sh + dh * (kh - 1) + 1 : dh, j * sw : j * sw + dw * (kw - 1) + 1 : dw]
        out[i, j] = (window * kernel).sum()
    return out


@wrong("corr2d_strided", hint="padding is left out")
def no_padding(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, stride, 0, dilation)


@wrong("corr2d_strided", hint="one side only")
def padded_above_and_left(image, kernel, stride, padding, dilation=1):
    ph, pw = pairs(padding)[0]
    return four_loops(np.pad(image, ((ph, 0), (pw, 0))), kernel, stride, 0, dilation)


@wrong("corr2d_strided", hint="of the padding are swapped")
def padding_swapped(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, stride, pairs(padding)[0][::-1], dilation)


@wrong("corr2d_strided", hint="Here it is zero")
def padded_with_the_edge(image, kernel, stride, padding, dilation=1):
    ph, pw = pairs(padding)[0]
    return four_loops(np.pad(image, ((ph, ph), (pw, pw)), mode="edge"), kernel, stride, 0, dilation)


@wrong("corr2d_strided", hint="mirrored kernel")
def flipped(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel[::-1, ::-1], stride, padding, dilation)


@wrong("corr2d_strided", hint="transposed")
def transposed(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel.T, stride, padding, dilation)


@wrong("corr2d_strided", hint="dilation is never used")
def no_dilation(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, stride, padding, 1)


@wrong("corr2d_strided", hint="cut without the dilation")
def dilation_in_the_size_only(image, kernel, stride, padding, dilation=1):
    return loops(image, kernel, stride, padding, dilation, lambda i, s: i * s, lambda u, d: u)


@wrong("corr2d_strided", hint="sticks out over the edge")
def dilation_in_the_window_only(image, kernel, stride, padding, dilation=1):
    (sh, sw), (ph, pw), _ = pairs(stride, padding, dilation)
    (h, w), (kh, kw) = image.shape, kernel.shape
    places = ((h + 2 * ph - kh) // sh + 1, (w + 2 * pw - kw) // sw + 1)
    return loops(image, kernel, stride, padding, dilation, lambda i, s: i * s, places=places)


@wrong("corr2d_strided", hint="counted the dilation from 0")
def dilation_from_zero_too(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, stride, padding, pairs(dilation)[0] + 1)


@wrong("corr2d_strided", hint="of the dilation are swapped")
def dilation_swapped(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, stride, padding, pairs(dilation)[0][::-1])


@wrong("corr2d_strided", hint="stored in an array of integers")
def integers_kept(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, stride, padding, dilation).astype(image.dtype)


@wrong("corr2d_strided", hint="stored in an array of integers")
def always_integers(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, stride, padding, dilation).astype(int)


@wrong("corr2d_strided", hint="0.1667 times")
def mean_for_sum(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, stride, padding, dilation) / kernel.size


@wrong("corr2d_strided", hint="height (first) and width (second) swapped")
def rows_and_columns_of_the_output_swapped(image, kernel, stride, padding, dilation=1):
    return four_loops(image, kernel, stride, padding, dilation).T


@wrong("corr2d_strided", hint="writes into its input")
def kernel_flipped_in_place(image, kernel, stride, padding, dilation=1):
    kernel *= -1
    return -four_loops(image, kernel, stride, padding, dilation)


@wrong("corr2d_strided", hint="take (height, width) pairs")
def ints_only(image, kernel, stride, padding, dilation=1):
    image = np.pad(image, padding)
    rows = (image.shape[0] - dilation * (kernel.shape[0] - 1) - 1) // stride + 1
    columns = (image.shape[1] - dilation * (kernel.shape[1] - 1) - 1) // stride + 1
    return four_loops(image, kernel, stride, 0, dilation)[:rows, :columns]


@wrong("corr2d_strided", hint="one pair as (before, after)")
def padding_given_to_np_pad(image, kernel, stride, padding, dilation=1):
    return four_loops(np.pad(image, padding), kernel, stride, 0, dilation)


@wrong("corr2d_strided", hint="cut too short")
def dilated_window_too_short(image, kernel, stride, padding, dilation=1):
    (sh, sw), (ph, pw), (dh, dw) = pairs(stride, padding, dilation)
    image = np.pad(image, ((ph, ph), (pw, pw)))
    (h, w), (kh, kw) = image.shape, kernel.shape
    out = np.zeros(((h - dh * (kh - 1) - 1) // sh + 1, (w - dw * (kw - 1) - 1) // sw + 1))
    for i, j in np.ndindex(out.shape):
        out[i, j] = (image[i * sh : i * sh + kh : dh, j * sw : j * sw + kw : dw] * kernel).sum()
    return out


# ---- same_padding


@right("same_padding")
def after_is_half_the_kernel(kernel_size):
    kh, kw = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
    return [[(kh - 1) // 2, kh // 2], [(kw - 1) // 2, kw // 2]]


@right("same_padding")
def as_an_array(kernel_size):
    total = np.broadcast_to(kernel_size, 2) - 1
    return np.stack([total - (total + 1) // 2, (total + 1) // 2], axis=1)


@wrong("same_padding", hint="one pixel larger")
def half_the_kernel(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return (kh // 2, kh // 2), (kw // 2, kw // 2)


@wrong("same_padding", hint="one pixel smaller")
def half_of_the_rest(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return ((kh - 1) // 2, (kh - 1) // 2), ((kw - 1) // 2, (kw - 1) // 2)


@wrong("same_padding", hint="puts it after")
def extra_before(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return (kh // 2, (kh - 1) // 2), (kw // 2, (kw - 1) // 2)


@wrong("same_padding", hint="add up to k.")
def kernel_in_all(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return (kh // 2, kh - kh // 2), (kw // 2, kw - kw // 2)


@wrong("same_padding", hint="full padding")
def full(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return (kh - 1, kh - 1), (kw - 1, kw - 1)


@wrong("same_padding", hint="on one side")
def all_after(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return (0, kh - 1), (0, kw - 1)


@wrong("same_padding", hint="Height and width are swapped")
def width_first(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return ((kw - 1) // 2, kw // 2), ((kh - 1) // 2, kh // 2)


@wrong("same_padding", hint="one of the kernel's two sizes")
def height_for_both(kernel_size):
    kh = np.broadcast_to(kernel_size, 2)[0]
    return ((kh - 1) // 2, kh // 2), ((kh - 1) // 2, kh // 2)


@wrong("same_padding", hint="Group the four numbers")
def four_in_a_row(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return (kh - 1) // 2, kh // 2, (kw - 1) // 2, kw // 2


@wrong("same_padding", hint="Group the four numbers")
def in_the_order_of_f_pad(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return (kw - 1) // 2, kw // 2, (kh - 1) // 2, kh // 2


@wrong("same_padding", hint="Group the four numbers")
def before_and_after(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return ((kh - 1) // 2, (kw - 1) // 2), (kh // 2, kw // 2)


@wrong("same_padding", hint="its two sides can differ")
def one_number_each(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return (kh - 1) // 2, (kw - 1) // 2


@wrong("same_padding", hint="right dtype")
def with_a_slash(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return (np.floor((kh - 1) / 2), kh // 2), (np.floor((kw - 1) / 2), kw // 2)


@wrong("same_padding", hint="take (height, width) pairs")
def squares_only_padded(kernel_size):
    return ((kernel_size - 1) // 2, kernel_size // 2), ((kernel_size - 1) // 2, kernel_size // 2)


@wrong("same_padding", hint="Does it end with a return")
def nothing_returned(kernel_size):
    half_the_kernel(kernel_size)


@wrong("same_padding", hint="Half a pixel")
def halves(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return ((kh - 1) / 2, (kh - 1) / 2), ((kw - 1) / 2, (kw - 1) / 2)


@wrong("same_padding", hint="Group the four numbers")
def four_times_the_same(kernel_size):
    return ((kernel_size - 1) // 2,) * 4


@wrong("same_padding", hint="Group the four numbers")
def four_halves(kernel_size):
    kh, kw = np.broadcast_to(kernel_size, 2)
    return kh // 2, kh // 2, kw // 2, kw // 2


# ---- max_depth


@right("max_depth")
def layer_by_layer(size, kernel_size):
    size, kernel = np.array(np.broadcast_to(size, 2)), np.broadcast_to(kernel_size, 2)
    layers = 0
    while (size >= kernel).all():
        size -= kernel - 1
        layers += 1
    return layers


@right("max_depth")
def recursive(size, kernel_size):
    (h, w), (kh, kw) = np.broadcast_to(size, 2), np.broadcast_to(kernel_size, 2)
    return 0 if h < kh or w < kw else 1 + recursive((h - kh + 1, w - kw + 1), (kh, kw))


@wrong("max_depth", hint="one layer too early where the kernel fits exactly")
def stops_while_it_still_fits(size, kernel_size):
    (h, w), (kh, kw) = np.broadcast_to(size, 2), np.broadcast_to(kernel_size, 2)
    layers = 0
    while h > kh and w > kw:
        h, w, layers = h - kh + 1, w - kw + 1, layers + 1
    return layers


@wrong("max_depth", hint="One layer too few")
def difference_of_the_sizes(size, kernel_size):
    (h, w), (kh, kw) = np.broadcast_to(size, 2), np.broadcast_to(kernel_size, 2)
    return min((h - kh) // (kh - 1), (w - kw) // (kw - 1))


@wrong("max_depth", hint="One layer too many")
def one_more(size, kernel_size):
    return layer_by_layer(size, kernel_size) + 1


@wrong("max_depth", hint="One layer too many")
def until_nothing_is_left(size, kernel_size):
    (h, w), (kh, kw) = np.broadcast_to(size, 2), np.broadcast_to(kernel_size, 2)
    layers = 0
    while h > 0 and w > 0:
        h, w, layers = h - kh + 1, w - kw + 1, layers + 1
    return layers


@wrong("max_depth", hint="rounded up")
def ceil_of_the_layers(size, kernel_size):
    (h, w), (kh, kw) = np.broadcast_to(size, 2), np.broadcast_to(kernel_size, 2)
    return min(math.ceil((h - 1) / (kh - 1)), math.ceil((w - 1) / (kw - 1)))


@wrong("max_depth", hint="the last axis runs out")
def maximum_over_axes(size, kernel_size):
    (h, w), (kh, kw) = np.broadcast_to(size, 2), np.broadcast_to(kernel_size, 2)
    return max((h - 1) // (kh - 1), (w - 1) // (kw - 1))


@wrong("max_depth", hint="one axis only")
def height_only(size, kernel_size):
    h, kh = np.broadcast_to(size, 2)[0], np.broadcast_to(kernel_size, 2)[0]
    return (h - 1) // (kh - 1)


@wrong("max_depth", hint="divided by the kernel's size")
def size_by_kernel(size, kernel_size):
    return min(np.broadcast_to(size, 2) // np.broadcast_to(kernel_size, 2))


@wrong("max_depth", hint="At least one pixel has to be left")
def size_by_what_a_layer_takes(size, kernel_size):
    return min(np.broadcast_to(size, 2) // (np.broadcast_to(kernel_size, 2) - 1))


@wrong("max_depth", hint="shorter side")
def smallest_with_largest(size, kernel_size):
    return (np.min(size) - 1) // (np.max(kernel_size) - 1)


@wrong("max_depth", hint="swapped")
def kernel_swapped(size, kernel_size):
    return layer_by_layer(size, np.broadcast_to(kernel_size, 2)[::-1])


@wrong("max_depth", hint="first number for both axes")
def square_kernel_assumed(size, kernel_size):
    return layer_by_layer(size, np.broadcast_to(kernel_size, 2)[0])


@wrong("max_depth", hint="take (height, width) pairs")
def squares_only(size, kernel_size):
    return (size - 1) // (kernel_size - 1)


@wrong("max_depth", hint="right dtype")
def with_true_division(size, kernel_size):
    return float(layer_by_layer(size, kernel_size))


@wrong("max_depth", hint="from different axes")
def smallest_with_smallest(size, kernel_size):
    return (np.min(size) - 1) // (np.min(kernel_size) - 1)


@wrong("max_depth", hint="Only whole layers count")
def parts_of_layers(size, kernel_size):
    return min((np.broadcast_to(size, 2) - 1) / (np.broadcast_to(kernel_size, 2) - 1))


@wrong("max_depth", hint="Return one number")
def both_axes(size, kernel_size):
    (h, w), (kh, kw) = np.broadcast_to(size, 2), np.broadcast_to(kernel_size, 2)
    return (h - 1) // (kh - 1), (w - 1) // (kw - 1)


EQUIVALENT = {
    "pad2d": {
        "image = image.swapaxes(-1, -2)  =>  image = image.swapaxes(-2, -1)": "Two axes change places either way."
    }
}
