"""Answers to the exercises of notebook 02."""

import numpy as np

from tests.wrong_answers import right, wrong

# fc_params


@right("fc_params")
def one_column_more(n_in, n_out):
    return np.zeros((n_out, 1)).size * (n_in + 1)


@right("fc_params")
def as_a_float(n_in, n_out):
    return float(sum(n_in + 1 for _ in range(n_out)))


@wrong("fc_params", hint="each output has a bias too")
def without_bias(n_in, n_out):
    return n_in * n_out


@wrong("fc_params", hint="one bias per input")
def bias_per_input(n_in, n_out):
    return n_in * n_out + n_in


@wrong("fc_params", hint="single bias")
def one_bias(n_in, n_out):
    return n_in * n_out + 1


@wrong("fc_params", hint="both sides")
def biases_on_both_sides(n_in, n_out):
    return n_in * n_out + n_in + n_out


@wrong("fc_params", hint="both sides")
def both_sizes_larger(n_in, n_out):
    return (n_in + 1) * (n_out + 1)


@wrong("fc_params", hint="multiply them")
def added(n_in, n_out):
    return n_in + n_out


@wrong("fc_params", hint="multiply them")
def added_with_biases(n_in, n_out):
    return n_in + n_out + n_out


@wrong("fc_params", hint="Does it end with a return")
def printed(n_in, n_out):
    str(n_in * n_out + n_out)


@wrong("fc_params", hint="inputs by themselves")
def inputs_squared(n_in, n_out):
    return n_in * n_in + n_out


@wrong("fc_params", hint="a bias for every weight")
def doubled(n_in, n_out):
    return 2 * n_in * n_out


@wrong("fc_params", hint="is a power")
def a_power(n_in, n_out):
    return n_in**n_out + n_out


# local_params


@right("local_params")
def counted_in_a_loop(n, k):
    return sum(k for start in range(n) if start + k <= n)


@right("local_params")
def counted_in_the_matrix(n, k):
    return int(sum(np.eye(n - k + 1, n, offset).sum() for offset in range(k)))


@wrong("local_params", hint="hang over the end")
def a_window_per_input(n, k):
    return n * k


@wrong("local_params", hint="One window is missing")
def one_window_too_few(n, k):
    return (n - k) * k


@wrong("local_params", hint="one window too many")
def one_window_too_many(n, k):
    return (n - k + 2) * k


@wrong("local_params", hint="You counted the windows")
def windows_only(n, k):
    return n - k + 1


@wrong("local_params", hint="biases too")
def with_biases(n, k):
    return (n - k + 1) * k + (n - k + 1)


@wrong("local_params", hint="full matrix")
def full_matrix(n, k):
    return n * (n - k + 1)


@wrong("local_params", hint="side by side")
def without_overlap(n, k):
    return (n // k) * k


@wrong("local_params", hint="That is one window")
def one_window(n, k):
    return k


@wrong("local_params", hint="`*` binds first")
def without_brackets(n, k):
    return n - k + 1 * k


@wrong("local_params", hint="n - 1 windows, whatever k is")
def n_less_one(n, k):
    return (n - 1) * k


# shared_params


@right("shared_params")
def length_of_the_kernel(k):
    return len(range(k))


@right("shared_params")
def as_numpy(k):
    return np.zeros(k).size


@wrong("shared_params", hint="bias too")
def with_a_bias(k):
    return k + 1


@wrong("shared_params", hint="one-dimensional")
def squared(k):
    return k * k


@wrong("shared_params", hint="one weight too few")
def one_too_few(k):
    return k - 1


@wrong("shared_params", hint="has k weights")
def one_weight(k):
    return 1


@wrong("shared_params", hint="k may be any number")
def always_three(k):
    return 3


# permute_pixels


@right("permute_pixels")
def flattened(images, permutation):
    return images.reshape(len(images), -1)[:, permutation].reshape(images.shape)


@right("permute_pixels")
def pixel_by_pixel(images, permutation):
    width = images.shape[2]
    out = images.copy()
    for image in range(len(images)):
        for i, source in enumerate(permutation):
            out[image, i // width, i % width] = images[image, source // width, source % width]
    return out


@right("permute_pixels")
def with_take(images, permutation):
    taken = np.take(images.reshape(len(images), -1), permutation, axis=1)
    return [image.reshape(images.shape[1:]).tolist() for image in taken]


@right("permute_pixels")
def by_scattering(images, permutation):
    inverse = np.argsort(permutation)
    out = np.zeros((len(images), images[0].size), images.dtype)
    out[:, inverse] = images.reshape(out.shape)
    return out.reshape(images.shape)


@wrong("permute_pixels", hint="shuffled in its own way")
def afresh_per_image(images, permutation):
    rng = np.random.default_rng(0)
    flat = images.reshape(len(images), -1)
    return np.stack([row[rng.permutation(permutation)] for row in flat]).reshape(images.shape)


@wrong("permute_pixels", hint="shuffled in its own way")
def afresh_and_flat(images, permutation):
    rng = np.random.default_rng(0)
    out = images.reshape(len(images), -1).copy()
    for row in out:
        rng.shuffle(row)
    return out.reshape(images.shape)


@wrong("permute_pixels", hint="That is the inverse")
def inverse(images, permutation):
    out = np.empty((len(images), images[0].size), images.dtype)
    out[:, permutation] = images.reshape(out.shape)
    return out.reshape(images.shape)


@wrong("permute_pixels", hint="order of the images")
def the_batch(images, permutation):
    return images[permutation]


@wrong("permute_pixels", hint="as they were")
def unchanged(images, permutation):
    return images.copy()


@wrong("permute_pixels", hint="Whole columns move")
def columns(images, permutation):
    width = images.shape[2]
    return images[:, :, permutation[permutation < width]]


@wrong("permute_pixels", hint="Whole rows move")
def rows(images, permutation):
    height = images.shape[1]
    return images[:, permutation[permutation < height]]


@wrong("permute_pixels", hint="numbered down the columns")
def column_order(images, permutation):
    flat = [image.ravel(order="F")[permutation] for image in images]
    return np.stack([f.reshape(images.shape[1:], order="F") for f in flat])


@wrong("permute_pixels", hint="the shape is not")
def left_flat(images, permutation):
    return images.reshape(len(images), -1)[:, permutation]


@wrong("permute_pixels", hint="Height and width are swapped")
def turned(images, permutation):
    n, height, width = images.shape
    return images.reshape(n, -1)[:, permutation].reshape(n, width, height)


@wrong("permute_pixels", hint="Only the first image is in your result")
def returns_in_the_loop(images, permutation):
    for image in images:
        return image.ravel()[permutation].reshape(image.shape)


@wrong("permute_pixels", hint="Only the first image is shuffled")
def first_only(images, permutation):
    out = images.copy()
    out[0] = images[0].ravel()[permutation].reshape(images[0].shape)
    return out


@wrong("permute_pixels", hint="writes into its input")
def in_place(images, permutation):
    for i, image in enumerate(images):
        images[i] = image.ravel()[permutation].reshape(image.shape)
    return images


@wrong("permute_pixels", hint="shuffled again for every further image")
def again_and_again(images, permutation):
    order, out = np.arange(permutation.size), []
    for image in images:
        order = order[permutation]
        out.append(image.ravel()[order].reshape(image.shape))
    return np.stack(out)


# shared_matrix


@right("shared_matrix")
def with_eye(kernel, n):
    return sum(w * np.eye(n - len(kernel) + 1, n, j) for j, w in enumerate(kernel))


@right("shared_matrix")
def as_lists(kernel, n):
    k = len(kernel)
    return [[0.0] * i + list(kernel) + [0.0] * (n - k - i) for i in range(n - k + 1)]


@right("shared_matrix")
def in_single_precision(kernel, n):
    k = len(kernel)
    out = np.zeros((n, n - k + 1), np.float32)
    for i in range(n - k + 1):
        out[i : i + k, i] = kernel
    return out.T


@wrong("shared_matrix", hint="kernel is flipped")
def flipped(kernel, n):
    k = len(kernel)
    out = np.zeros((n - k + 1, n))
    for i in range(n - k + 1):
        out[i, i : i + k] = kernel[::-1]
    return out


@wrong("shared_matrix", hint="wrap around")
def wraps_around(kernel, n):
    row = np.pad(kernel, (0, n - len(kernel)))
    return np.array([np.roll(row, i) for i in range(n)])


@wrong("shared_matrix", hint="one row per output, one column per input")
def transposed(kernel, n):
    k = len(kernel)
    out = np.zeros((n, n - k + 1))
    for i in range(n - k + 1):
        out[i : i + k, i] = kernel
    return out


@wrong("shared_matrix", hint="One row is missing")
def one_row_too_few(kernel, n):
    k = len(kernel)
    out = np.zeros((n - k, n))
    for i in range(n - k):
        out[i, i : i + k] = kernel
    return out


@wrong("shared_matrix", hint="Your last rows hold only a part")
def hangs_over(kernel, n):
    out = np.zeros((n, n))
    for i in range(n):
        for j, w in enumerate(kernel):
            if i + j < n:
                out[i, i + j] = w
    return out


@wrong("shared_matrix", hint="Your first and last rows")
def same_size(kernel, n):
    k = len(kernel)
    wide = np.zeros((n, n + k - 1))
    for i in range(n):
        wide[i, i : i + k] = kernel
    return wide[:, k // 2 : k // 2 + n]


@wrong("shared_matrix", hint="left end in every row")
def every_row_the_same(kernel, n):
    k = len(kernel)
    out = np.zeros((n - k + 1, n))
    out[:, :k] = kernel
    return out


@wrong("shared_matrix", hint="side by side")
def kernels_side_by_side(kernel, n):
    k = len(kernel)
    out = np.zeros((n // k, n // k * k))
    for i in range(n // k):
        out[i, i * k : (i + 1) * k] = kernel
    return out


@wrong("shared_matrix", hint="moves to the left")
def from_the_bottom(kernel, n):
    k = len(kernel)
    out = np.zeros((n - k + 1, n))
    for i in range(n - k + 1):
        out[n - k - i, i : i + k] = kernel
    return out


@wrong("shared_matrix", hint="fractions")
def of_integers(kernel, n):
    k = len(kernel)
    out = np.zeros((n - k + 1, n), dtype=int)
    for i in range(n - k + 1):
        out[i, i : i + k] = kernel
    return out


@wrong("shared_matrix", hint="ones where the kernel's values belong")
def a_mask(kernel, n):
    return sum(np.eye(n - len(kernel) + 1, n, j) for j in range(len(kernel)))


@wrong("shared_matrix", hint="same number")
def one_value(kernel, n):
    return sum(kernel[0] * np.eye(n - len(kernel) + 1, n, j) for j in range(len(kernel)))


@wrong("shared_matrix", hint="Start every row from zeros")
def one_list_for_all_rows(kernel, n):
    k, row, rows = len(kernel), [0] * n, []
    for i in range(n - k + 1):
        row[i : i + k] = kernel
        rows.append(row)
    return np.array(rows)


@wrong("shared_matrix", hint="one and the same list")
def one_list_cleared_every_time(kernel, n):
    k, row, rows = len(kernel), [0] * n, []
    for i in range(n - k + 1):
        row[:] = [0] * n
        row[i : i + k] = kernel
        rows.append(row)
    return rows


@wrong("shared_matrix", hint="Start every row from zeros")
def not_cleared(kernel, n):
    k, row, rows = len(kernel), np.zeros(n), []
    for i in range(n - k + 1):
        row[i : i + k] = kernel
        rows.append(row.copy())
    return np.array(rows)


@wrong("shared_matrix", hint="one column per row, not by k")
def moved_by_k(kernel, n):
    k = len(kernel)
    out = np.zeros((n - k + 1, n))
    for i in range(n - k + 1):
        for j in range(k):
            if i * k + j < n:
                out[i, i * k + j] = kernel[j]
    return out


@wrong("shared_matrix", hint="one column per row, not by k")
def moved_by_k_while_it_fits(kernel, n):
    k = len(kernel)
    out = np.zeros((n // k, n))
    for i in range(n // k):
        out[i, i * k : i * k + k] = kernel
    return out


EQUIVALENT = {
    "permute_pixels": {
        "flat = images.reshape(len(images), -1)  =>  flat = images.reshape(len(images), -2)": (
            "NumPy takes any negative size for the one that it works out"
        ),
    },
}
