"""Answers to the exercises of notebook 04."""

import numpy as np
from scipy import ndimage, signal

from tests.wrong_answers import right, wrong

# corr2d


@right("corr2d")
def corr2d_with_scipy(image, kernel):
    return signal.correlate2d(image, kernel, mode="valid")


@right("corr2d")
def corr2d_with_einsum(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijkl,kl", windows, kernel)


@right("corr2d")
def corr2d_over_the_kernel(image, kernel):
    rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    out = np.zeros((rows, columns), order="F")
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            out += kernel[i, j] * image[i : i + rows, j : j + columns]
    return out


@right("corr2d")
def corr2d_in_lists(image, kernel):
    image, kernel = image.tolist(), kernel.tolist()
    return [
        [
            sum(image[r + i][c + j] * kernel[i][j] for i in range(len(kernel)) for j in range(len(kernel[0])))
            for c in range(len(image[0]) - len(kernel[0]) + 1)
        ]
        for r in range(len(image) - len(kernel) + 1)
    ]


@right("corr2d")
def corr2d_in_single_precision(image, kernel):
    return corr2d_with_einsum(np.float32(image), np.float32(kernel))


@right("corr2d")
def corr2d_in_the_frequency_domain(image, kernel):
    product = np.fft.rfft2(image) * np.conj(np.fft.rfft2(kernel, image.shape))
    whole = np.fft.irfft2(product, image.shape)
    return whole[: image.shape[0] - kernel.shape[0] + 1, : image.shape[1] - kernel.shape[1] + 1]


def slide(image, kernel, rows, columns, step=1):
    """Answer the windows at rows x columns places, `step` pixels apart."""
    out = np.zeros((rows, columns))
    height, width = kernel.shape
    for r in range(rows):
        for c in range(columns):
            out[r, c] = np.sum(image[r * step : r * step + height, c * step : c * step + width] * kernel)
    return out


def places(image, kernel):
    return image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1


@wrong("corr2d", hint="the kernel flipped in both axes")
def corr2d_flipped(image, kernel):
    return signal.convolve2d(image, kernel, mode="valid")


@wrong("corr2d", hint="upside down")
def corr2d_flipped_rows(image, kernel):
    return slide(image, kernel[::-1], *places(image, kernel))


@wrong("corr2d", hint="mirrored left to right")
def corr2d_flipped_columns(image, kernel):
    return slide(image, np.fliplr(kernel), *places(image, kernel))


@wrong("corr2d", hint="kernel transposed")
def corr2d_transposed(image, kernel):
    return slide(image, kernel.T, *places(image, kernel.T))


@wrong("corr2d", hint="Height and width are swapped")
def corr2d_turned(image, kernel):
    rows, columns = places(image, kernel)
    out = np.zeros((columns, rows))
    for r in range(rows):
        for c in range(columns):
            out[c, r] = np.sum(image[r : r + kernel.shape[0], c : c + kernel.shape[1]] * kernel)
    return out


@wrong("corr2d", hint="The last row and the last column are missing")
def corr2d_too_small(image, kernel):
    return slide(image, kernel, image.shape[0] - kernel.shape[0], image.shape[1] - kernel.shape[1])


@wrong("corr2d", hint="The last row is missing")
def corr2d_one_row_short(image, kernel):
    rows, columns = places(image, kernel)
    return slide(image, kernel, rows - 1, columns)


@wrong("corr2d", hint="The last column is missing")
def corr2d_one_column_short(image, kernel):
    rows, columns = places(image, kernel)
    return slide(image, kernel, rows, columns - 1)


@wrong("corr2d", hint="The last row and the last column are still 0")
def corr2d_loops_too_short(image, kernel):
    rows, columns = places(image, kernel)
    out = np.zeros((rows, columns))
    out[:-1, :-1] = slide(image, kernel, rows - 1, columns - 1)
    return out


@wrong("corr2d", hint="The fractions are cut off")
def corr2d_zeros_like_the_image(image, kernel):
    out = np.zeros(places(image, kernel), dtype=image.dtype)
    out[:] = slide(image, kernel, *places(image, kernel))
    return out


@wrong("corr2d", hint="The fractions are cut off")
def corr2d_zeros_like_the_kernel(image, kernel):
    return slide(image, kernel, *places(image, kernel)).astype(kernel.dtype)


@wrong("corr2d", hint="The fractions are cut off")
def corr2d_integers(image, kernel):
    return slide(image, kernel, *places(image, kernel)).astype(int)


@wrong("corr2d", hint="mean of the products")
def corr2d_mean(image, kernel):
    return slide(image, kernel, *places(image, kernel)) / kernel.size


@wrong("corr2d", hint="by the kernel's sum")
def corr2d_sum_times_sum(image, kernel):
    return slide(image, np.full(kernel.shape, kernel.sum()), *places(image, kernel))


@wrong("corr2d", hint="the kernel takes no part")
def corr2d_window_only(image, kernel):
    return slide(image, np.ones(kernel.shape), *places(image, kernel))


@wrong("corr2d", hint="matrix product")
def corr2d_matrix_product(image, kernel):
    height, width = kernel.shape
    rows, columns = places(image, kernel)
    out = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            out[r, c] = np.sum(image[r : r + height, c : c + width] @ kernel)
    return out


@wrong("corr2d", hint="never set back to 0")
def corr2d_never_reset(image, kernel):
    rows, columns = places(image, kernel)
    out, total = np.zeros((rows, columns)), 0
    for r in range(rows):
        for c in range(columns):
            for i in range(kernel.shape[0]):
                for j in range(kernel.shape[1]):
                    total += image[r + i, c + j] * kernel[i, j]
            out[r, c] = total
    return out


@wrong("corr2d", hint="the window does not move")
def corr2d_window_stays(image, kernel):
    height, width = kernel.shape
    return np.full(places(image, kernel), np.sum(image[:height, :width] * kernel))


@wrong("corr2d", hint="jumps by its own size")
def corr2d_blocks(image, kernel):
    height, width = kernel.shape
    rows, columns = image.shape[0] // height, image.shape[1] // width
    return np.array(
        [
            [
                np.sum(image[r * height : (r + 1) * height, c * width : (c + 1) * width] * kernel)
                for c in range(columns)
            ]
            for r in range(rows)
        ]
    )


@wrong("corr2d", hint="windows that hang over the border")
def corr2d_same(image, kernel):
    return signal.correlate2d(image, kernel, mode="same")


@wrong("corr2d", hint="windows that hang over the border")
def corr2d_full(image, kernel):
    return signal.correlate2d(image, kernel, mode="full")


@wrong("corr2d", hint="windows that hang over the border")
def corr2d_padded_after(image, kernel):
    padded = np.pad(image, ((0, kernel.shape[0] - 1), (0, kernel.shape[1] - 1)))
    return slide(padded, kernel, *image.shape)


@wrong("corr2d", hint="A response may be negative")
def corr2d_rectified(image, kernel):
    return np.maximum(0, slide(image, kernel, *places(image, kernel)))


@wrong("corr2d", hint="square kernel only")
def corr2d_square_kernels_only(image, kernel):
    size = kernel.shape[0]
    rows, columns = image.shape[0] - size + 1, image.shape[1] - size + 1
    out = np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            out[r, c] = np.sum(image[r : r + size, c : c + size] * kernel)
    return out


@wrong("corr2d", hint="writes into its input")
def corr2d_changes_the_kernel(image, kernel):
    kernel[:] = np.sort(kernel, axis=None).reshape(kernel.shape)
    return slide(image, kernel, *places(image, kernel))


@wrong("corr2d", hint="writes into its input")
def corr2d_output_in_the_image(image, kernel):
    rows, columns = places(image, kernel)
    image[:rows, :columns] = slide(image, kernel, rows, columns).astype(image.dtype)
    return image[:rows, :columns]


@wrong("corr2d", hint="does it end with a return".capitalize())
def corr2d_no_return(image, kernel):
    slide(image, kernel, *places(image, kernel))


@wrong("corr2d", hint="not added up to one number")
def corr2d_products(image, kernel):
    rows, columns = places(image, kernel)
    (height, width), kernel = kernel.shape, kernel
    return [[image[r : r + height, c : c + width] * kernel for c in range(columns)] for r in range(rows)]


@wrong("corr2d", hint="use np.sum")
def corr2d_sum_of_python(image, kernel):
    return [[sum(window) for window in row] for row in corr2d_products(image, kernel)]


@wrong("corr2d", hint="before its loops are done")
def corr2d_return_in_the_inner_loop(image, kernel):
    out = np.zeros(places(image, kernel))
    out[0, 0] = slide(image, kernel, 1, 1)[0, 0]
    return out


@wrong("corr2d", hint="before its loops are done")
def corr2d_return_in_the_outer_loop(image, kernel):
    out = np.zeros(places(image, kernel))
    out[0] = slide(image, kernel, 1, out.shape[1])[0]
    return out


@wrong("corr2d", hint="before its loops are done")
def corr2d_returns_the_first_sum(image, kernel):
    return slide(image, kernel, 1, 1)[0, 0]


@wrong("corr2d", hint="uint8 holds 0 to 255")
def corr2d_in_bytes(image, kernel):
    out = np.zeros(places(image, kernel), dtype=np.uint8)
    for (r, c), value in np.ndenumerate(slide(image, kernel, *out.shape)):
        out[r, c] = np.int64(value)
    return out


@wrong("corr2d", hint="windows that hang over the border")
def corr2d_with_ndimage(image, kernel):
    return ndimage.correlate(image, kernel)


@wrong("corr2d", hint="windows that hang over the border")
def corr2d_with_the_other_of_ndimage(image, kernel):
    return ndimage.convolve(image, kernel)


# true_conv2d


@right("true_conv2d")
def true_conv2d_with_scipy(image, kernel):
    return signal.convolve2d(image, kernel, mode="valid")


@right("true_conv2d")
def true_conv2d_half_a_turn(image, kernel):
    return slide(image, np.rot90(kernel, 2), *places(image, kernel))


@right("true_conv2d")
def true_conv2d_backwards_indices(image, kernel):
    (height, width), (rows, columns) = kernel.shape, places(image, kernel)
    out = [[0.0] * columns for _ in range(rows)]
    for r in range(rows):
        for c in range(columns):
            for i in range(height):
                for j in range(width):
                    out[r][c] += float(image[r + i, c + j] * kernel[height - 1 - i, width - 1 - j])
    return out


@right("true_conv2d")
def true_conv2d_image_and_output_flipped(image, kernel):
    return slide(image[::-1, ::-1], kernel, *places(image, kernel))[::-1, ::-1]


@right("true_conv2d")
def true_conv2d_in_single_precision(image, kernel):
    return slide(image, np.flip(kernel), *places(image, kernel)).astype(np.float32)


@wrong("true_conv2d", hint="the kernel was not flipped")
def true_conv2d_not_flipped(image, kernel):
    return signal.correlate2d(image, kernel, mode="valid")


@wrong("true_conv2d", hint="Only the rows were flipped")
def true_conv2d_rows(image, kernel):
    return slide(image, kernel[::-1], *places(image, kernel))


@wrong("true_conv2d", hint="Only the columns were flipped")
def true_conv2d_columns(image, kernel):
    return slide(image, kernel[:, ::-1], *places(image, kernel))


@wrong("true_conv2d", hint="A flip keeps its shape")
def true_conv2d_transposed(image, kernel):
    return slide(image, kernel.T, *places(image, kernel.T))


@wrong("true_conv2d", hint="other diagonal")
def true_conv2d_transposed_and_flipped(image, kernel):
    return slide(image, np.flip(kernel).T, *places(image, kernel.T))


@wrong("true_conv2d", hint="half a turn")
def true_conv2d_quarter_turn(image, kernel):
    return slide(image, np.rot90(kernel), *places(image, kernel.T))


@wrong("true_conv2d", hint="This is the cross-correlation, flipped")
def true_conv2d_output_flipped(image, kernel):
    return np.flip(slide(image, kernel, *places(image, kernel)))


@wrong("true_conv2d", hint="You flipped the image")
def true_conv2d_image_flipped(image, kernel):
    return slide(image[::-1, ::-1], kernel, *places(image, kernel))


@wrong("true_conv2d", hint="or image and kernel both")
def true_conv2d_both_flipped(image, kernel):
    return slide(np.flip(image), np.flip(kernel), *places(image, kernel))


@wrong("true_conv2d", hint="windows that hang over the border")
def true_conv2d_same(image, kernel):
    padded = np.pad(image, [((k - 1) // 2, k - 1 - (k - 1) // 2) for k in kernel.shape])
    return slide(padded, np.flip(kernel), *image.shape)


@wrong("true_conv2d", hint="windows that hang over the border")
def true_conv2d_full(image, kernel):
    return signal.convolve2d(image, kernel)


@wrong("true_conv2d", hint="The last row and the last column are missing")
def true_conv2d_too_small(image, kernel):
    rows, columns = places(image, kernel)
    return slide(image, np.flip(kernel), rows - 1, columns - 1)


@wrong("true_conv2d", hint="The fractions are cut off")
def true_conv2d_integers(image, kernel):
    return slide(image, np.flip(kernel), *places(image, kernel)).astype(image.dtype)


@wrong("true_conv2d", hint="writes into its input")
def true_conv2d_flips_in_place(image, kernel):
    kernel[:] = kernel[::-1, ::-1].copy()
    return slide(image, kernel, *places(image, kernel))


@wrong("true_conv2d", hint="not added up to one number")
def true_conv2d_products(image, kernel):
    rows, columns = places(image, kernel)
    (height, width), kernel = kernel.shape, np.flip(kernel)
    return [[image[r : r + height, c : c + width] * kernel for c in range(columns)] for r in range(rows)]


@wrong("true_conv2d", hint="use np.sum")
def true_conv2d_sum_of_python(image, kernel):
    return [[sum(window) for window in row] for row in true_conv2d_products(image, kernel)]


@wrong("true_conv2d", hint="before its loops are done")
def true_conv2d_return_in_the_inner_loop(image, kernel):
    out = np.zeros(places(image, kernel))
    out[0, 0] = slide(image, np.flip(kernel), 1, 1)[0, 0]
    return out


@wrong("true_conv2d", hint="before its loops are done")
def true_conv2d_return_in_the_outer_loop(image, kernel):
    out = np.zeros(places(image, kernel))
    out[0] = slide(image, np.flip(kernel), 1, out.shape[1])[0]
    return out


@wrong("true_conv2d", hint="before its loops are done")
def true_conv2d_returns_the_first_sum(image, kernel):
    return slide(image, np.flip(kernel), 1, 1)[0, 0]


@wrong("true_conv2d", hint="uint8 holds 0 to 255")
def true_conv2d_in_bytes(image, kernel):
    out = np.zeros(places(image, kernel), dtype=np.uint8)
    for (r, c), value in np.ndenumerate(slide(image, np.flip(kernel), *out.shape)):
        out[r, c] = np.int64(value)
    return out


@wrong("true_conv2d", hint="windows that hang over the border")
def true_conv2d_with_ndimage(image, kernel):
    return ndimage.convolve(image, kernel)


@wrong("true_conv2d", hint="windows that hang over the border")
def true_conv2d_with_the_other_of_ndimage(image, kernel):
    return ndimage.correlate(image, np.flip(kernel))


# is_shift_equivariant


def shifted(array, shift):
    down, right = shift
    out = np.zeros(array.shape)
    out[down:, right:] = array[: array.shape[0] - down, : array.shape[1] - right]
    return out


def inside(array, margin):
    return array[margin : array.shape[0] - margin, margin : array.shape[1] - margin]


@right("is_shift_equivariant")
def equivariant_in_loops(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    (height, width), (down, right) = image.shape, shift
    moved = np.zeros_like(image)
    for row in range(down, height):
        for col in range(right, width):
            moved[row, col] = image[row - down, col - right]
    before, after = fn(moved), fn(image)
    for row in range(margin, height - margin):
        for col in range(margin, width - margin):
            expected = after[row - down, col - right] if row >= down and col >= right else 0
            if abs(before[row, col] - expected) > tol:
                return False
    return True


@right("is_shift_equivariant")
def equivariant_with_roll(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    def move(array):
        out = np.roll(array, shift, axis=(0, 1)).astype(float)
        out[: shift[0]] = 0
        out[:, : shift[1]] = 0
        return out

    difference = inside(move(fn(image)) - fn(move(image)), margin)
    return np.max(np.abs(difference), initial=0) <= tol


@right("is_shift_equivariant")
def equivariant_with_allclose(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    one, two = fn(shifted(image, shift)), shifted(fn(image), shift)
    return int(np.allclose(inside(one, margin), inside(two, margin), rtol=0, atol=tol))


@wrong("is_shift_equivariant", hint="that asks for invariance")
def equivariant_output_not_shifted(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift)) - fn(image)
    return bool((np.abs(inside(difference, margin)) <= tol).all())


@wrong("is_shift_equivariant", hint="You compared sums")
def equivariant_sums(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    one, two = fn(shifted(image, shift)), shifted(fn(image), shift)
    return abs(inside(one, margin).sum() - inside(two, margin).sum()) <= tol


@wrong("is_shift_equivariant", hint="You compared sums")
def equivariant_sums_of_everything(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    return abs(fn(shifted(image, shift)).sum() - shifted(fn(image), shift).sum()) <= tol


@wrong("is_shift_equivariant", hint="You compared means")
def equivariant_means(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    one, two = fn(shifted(image, shift)), shifted(fn(image), shift)
    return abs(inside(one, margin).mean() - inside(two, margin).mean()) <= tol


@wrong("is_shift_equivariant", hint="You averaged the differences")
def equivariant_mean_difference(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift)) - shifted(fn(image), shift)
    return np.abs(inside(difference, margin)).mean() <= tol


@wrong("is_shift_equivariant", hint="You compared up to the border")
def equivariant_at_the_border(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    return np.allclose(fn(shifted(image, shift)), shifted(fn(image), shift), rtol=0, atol=tol)


@wrong("is_shift_equivariant", hint="back in on the other side")
def equivariant_rolled(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    one, two = fn(np.roll(image, shift, (0, 1))), np.roll(fn(image), shift, (0, 1))
    return bool((np.abs(inside(one - two, margin)) <= tol).all())


@wrong("is_shift_equivariant", hint="down comes first")
def equivariant_axes_swapped(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift[::-1])) - shifted(fn(image), shift[::-1])
    return bool((np.abs(inside(difference, margin)) <= tol).all())


def back(array, shift):
    return shifted(array[::-1, ::-1], shift)[::-1, ::-1]


@wrong("is_shift_equivariant", hint="up and to the left")
def equivariant_other_way(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(back(image, shift)) - back(fn(image), shift)
    return bool((np.abs(inside(difference, margin)) <= tol).all())


@wrong("is_shift_equivariant", hint="You shift the output back")
def equivariant_output_shifted_back(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift)) - back(fn(image), shift)
    return bool((np.abs(inside(difference, margin)) <= tol).all())


@wrong("is_shift_equivariant", hint="You undo the shift")
def equivariant_shift_undone(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = back(fn(shifted(image, shift)), shift) - fn(image)
    return bool((np.abs(inside(difference, margin)) <= tol).all())


@wrong("is_shift_equivariant", hint="absolute value")
def equivariant_signed(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift)) - shifted(fn(image), shift)
    return bool((inside(difference, margin) <= tol).all())


@wrong("is_shift_equivariant", hint="All of them must")
def equivariant_any(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift)) - shifted(fn(image), shift)
    return bool((np.abs(inside(difference, margin)) <= tol).any())


@wrong("is_shift_equivariant", hint="<=, not <")
def equivariant_below_tol(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift)) - shifted(fn(image), shift)
    return bool((np.abs(inside(difference, margin)) < tol).all())


@wrong("is_shift_equivariant", hint="Your tolerance is fixed")
def equivariant_plain_allclose(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    one, two = fn(shifted(image, shift)), shifted(fn(image), shift)
    return np.allclose(inside(one, margin), inside(two, margin))


@wrong("is_shift_equivariant", hint="a tolerance of its own")
def equivariant_relative_tolerance(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    one, two = fn(shifted(image, shift)), shifted(fn(image), shift)
    return np.allclose(inside(one, margin), inside(two, margin), atol=tol)


@wrong("is_shift_equivariant", hint="asking for equality")
def equivariant_exactly(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    return np.array_equal(
        inside(fn(shifted(image, shift)), margin), inside(shifted(fn(image), shift), margin)
    )


@wrong("is_shift_equivariant", hint="With margin 0 nothing is left")
def equivariant_negative_slice(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift)) - shifted(fn(image), shift)
    return bool((np.abs(difference[margin:-margin, margin:-margin]) <= tol).all())


@wrong("is_shift_equivariant", hint="at the top and left only")
def equivariant_two_margins(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift)) - shifted(fn(image), shift)
    return bool((np.abs(difference[margin:, margin:]) <= tol).all())


@wrong("is_shift_equivariant", hint="one pixel too wide")
def equivariant_wide_margin(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift)) - shifted(fn(image), shift)
    return bool((np.abs(inside(difference, margin + 1)) <= tol).all())


@wrong("is_shift_equivariant", hint="Your margin is fixed")
def equivariant_fixed_margin(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, shift)) - shifted(fn(image), shift)
    return bool((np.abs(difference[4:-4, 4:-4]) <= tol).all())


@wrong("is_shift_equivariant", hint="Your shift is fixed")
def equivariant_fixed_shift(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, (1, 2))) - shifted(fn(image), (1, 2))
    return bool((np.abs(inside(difference, margin)) <= tol).all())


@wrong("is_shift_equivariant", hint="True whatever fn does")
def equivariant_always(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    return True


@wrong("is_shift_equivariant", hint="Return one verdict")
def equivariant_array(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    return np.abs(inside(fn(shifted(image, shift)) - shifted(fn(image), shift), margin)) <= tol


@wrong("is_shift_equivariant", hint="writes into its input")
def equivariant_in_place(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    output = shifted(fn(image), shift)
    image[:] = shifted(image, shift).astype(image.dtype)
    return bool((np.abs(inside(fn(image) - output, margin)) <= tol).all())


@wrong("is_shift_equivariant", hint="With shift 0, [:-0] is empty")
def equivariant_negative_end_of_the_shift(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    def move(array):
        out = np.zeros(array.shape)
        out[shift[0] :, shift[1] :] = array[: -shift[0], : -shift[1]]
        return out

    difference = fn(move(image)) - move(fn(image))
    return bool((np.abs(inside(difference, margin)) <= tol).all())


@wrong("is_shift_equivariant", hint="Give fn the whole image")
def equivariant_cropped_first(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(inside(shifted(image, shift), margin)) - shifted(fn(inside(image, margin)), shift)
    return bool((np.abs(difference) <= tol).all())


@wrong("is_shift_equivariant", hint="Are shift and margin used")
def equivariant_defaults_only(fn, image, shift=(1, 2), margin=4, tol=1e-9):
    difference = fn(shifted(image, (1, 2))) - shifted(fn(image), (1, 2))
    return bool((np.abs(inside(difference, 4)) <= 1e-9).all())


SINGLE = "the axis of images and that of channels have length 1 here: first and last are the same"
EQUIVALENT = {
    "true_conv2d": {
        f"return functional.conv2d(image[None, None], flipped[None, None])[0, 0]  =>  "
        f"return functional.conv2d(image[None, None], flipped[None, None])[{index}]": SINGLE
        for index in ("-1, 0", "0, -1")
    },
}
