"""Answers to the exercises of notebook 03."""

import numpy as np

from tests.wrong_answers import right, wrong

# response


@right("response")
def response_in_loops(patch, kernel):
    total = 0.0
    for c in range(patch.shape[0]):
        for i in range(patch.shape[1]):
            for j in range(patch.shape[2]):
                total += patch[c, i, j] * kernel[c, i, j]
    return total


@right("response")
def response_with_einsum(patch, kernel):
    return np.einsum("chw,chw->", patch, kernel)


@right("response")
def response_flattened(patch, kernel):
    return patch.ravel() @ kernel.ravel()


@right("response")
def response_in_single_precision(patch, kernel):
    return np.tensordot(np.float32(patch), np.float32(kernel), 3)


@right("response")
def response_channel_by_channel(patch, kernel):
    return sum((p * k).sum().item() for p, k in zip(patch, kernel, strict=True))


@wrong("response", hint="matrix product")
def response_matrix_product(patch, kernel):
    return patch @ kernel


@wrong("response", hint="matrix product")
def response_sum_of_matrix_product(patch, kernel):
    return np.sum(np.matmul(patch, kernel))


@wrong("response", hint="matrix product")
def response_np_dot(patch, kernel):
    return np.dot(patch, kernel)


@wrong("response", hint="mean of the products")
def response_mean(patch, kernel):
    return (patch * kernel).mean()


@wrong("response", hint="one number per channel")
def response_channels_not_summed(patch, kernel):
    return np.sum(patch * kernel, axis=(1, 2))


@wrong("response", hint="Only the first channel")
def response_first_channel(patch, kernel):
    total = 0
    for i in range(patch.shape[1]):
        for j in range(patch.shape[2]):
            total += patch[0, i, j] * kernel[0, i, j]
    return total


@wrong("response", hint="over the channels only")
def response_channels_only(patch, kernel):
    return sum(p * k for p, k in zip(patch, kernel, strict=True))


@wrong("response", hint="not yet added up")
def response_products(patch, kernel):
    return patch * kernel


@wrong("response", hint="the two sums")
def response_sum_times_sum(patch, kernel):
    return patch.sum() * kernel.sum()


@wrong("response", hint="channels were added before")
def response_channels_first(patch, kernel):
    return np.sum(np.sum(patch, axis=0) * np.sum(kernel, axis=0))


@wrong("response", hint="added patch and kernel")
def response_plus(patch, kernel):
    return np.sum(patch + kernel)


@wrong("response", hint="subtracted patch and kernel")
def response_difference(patch, kernel):
    return np.abs(patch - kernel).sum()


@wrong("response", hint="largest product")
def response_max(patch, kernel):
    return np.max(patch * kernel)


@wrong("response", hint="flipped")
def response_flipped(patch, kernel):
    return np.sum(patch * np.flip(kernel, (1, 2)))


@wrong("response", hint="The sign is lost")
def response_absolute(patch, kernel):
    return abs(np.sum(patch * kernel))


@wrong("response", hint="Negative products were left out")
def response_rectified(patch, kernel):
    products = patch * kernel
    return products[products > 0].sum()


@wrong("response", hint="divided by the lengths")
def response_cosine(patch, kernel):
    return np.sum(patch * kernel) / np.sqrt(np.sum(patch**2) * np.sum(kernel**2))


@wrong("response", hint="without its fractions")
def response_truncated(patch, kernel):
    return int(np.sum(patch * kernel))


@wrong("response", hint="writes into its input")
def response_in_place(patch, kernel):
    patch *= kernel.astype(patch.dtype)
    return patch.sum()


@wrong("response", hint="does it end with a return".capitalize())
def response_no_return(patch, kernel):
    print(end="")
    np.sum(patch * kernel)


@wrong("response", hint="starts again at 0 in every channel")
def response_last_channel(patch, kernel):
    for c in range(patch.shape[0]):
        total = 0
        for i in range(patch.shape[1]):
            for j in range(patch.shape[2]):
                total += patch[c, i, j] * kernel[c, i, j]
    return total


@wrong("response", hint="starts again at 0 in every row")
def response_last_row(patch, kernel):
    for c in range(patch.shape[0]):
        for i in range(patch.shape[1]):
            total = 0
            for j in range(patch.shape[2]):
                total += patch[c, i, j] * kernel[c, i, j]
    return total


@wrong("response", hint="return inside the loop")
def response_first_product(patch, kernel):
    total = 0
    for p, k in zip(patch.ravel(), kernel.ravel(), strict=True):
        total += p * k
        return total


@wrong("response", hint="flipped")
def response_columns_flipped(patch, kernel):
    return np.sum(patch * kernel[..., ::-1])


@wrong("response", hint="The kernel was transposed")
def response_transposed(patch, kernel):
    return np.sum(patch * kernel.transpose(0, 2, 1))


@wrong("response", hint="Negative responses were set to 0")
def response_never_negative(patch, kernel):
    return max(0, np.sum(patch * kernel))


# normalised_response


@right("normalised_response")
def normalised_with_z_scores(patch, kernel):
    for a in (patch, kernel):
        if np.std(a) <= 1e-12 * np.sqrt(np.mean(np.square(a))):
            return 0
    z = [(a - a.mean()) / a.std() for a in (patch, kernel)]
    return np.mean(z[0] * z[1])


@right("normalised_response")
def normalised_in_loops(patch, kernel):
    p, k = patch.ravel().tolist(), kernel.ravel().tolist()
    p_mean, k_mean = sum(p) / len(p), sum(k) / len(k)
    dot = sum((a - p_mean) * (b - k_mean) for a, b in zip(p, k, strict=True))
    p_energy, k_energy = sum((a - p_mean) ** 2 for a in p), sum((b - k_mean) ** 2 for b in k)
    if p_energy <= 1e-24 * sum(a * a for a in p) or k_energy <= 1e-24 * sum(b * b for b in k):
        return 0
    return dot / (p_energy * k_energy) ** 0.5


@right("normalised_response")
def normalised_unit_vectors(patch, kernel):
    def unit(values):
        centred = values - values.mean()
        length = np.linalg.norm(centred)
        return np.zeros_like(centred) if length <= 1e-12 * np.linalg.norm(values) else centred / length

    return np.vdot(unit(patch), unit(kernel))


@right("normalised_response")
def normalised_single_precision_after_centring(patch, kernel):
    if is_flat(patch) or is_flat(kernel):
        return 0
    p, k = np.float32(patch - patch.mean()), np.float32(kernel - kernel.mean())
    return np.sum(p * k) / (np.linalg.norm(p) * np.linalg.norm(k))


@right("normalised_response")
def normalised_single_precision_and_its_limit(patch, kernel):
    p, k = np.float32(patch), np.float32(kernel)
    p_centred, k_centred = p - p.mean(), k - k.mean()
    p_length, k_length = np.linalg.norm(p_centred), np.linalg.norm(k_centred)
    if p_length <= 1e-6 * np.linalg.norm(p) or k_length <= 1e-6 * np.linalg.norm(k):
        return 0
    return np.vdot(p_centred, k_centred) / (p_length * k_length)


def cosine(p, k):
    with np.errstate(all="ignore"):
        return np.sum(p * k) / (np.linalg.norm(p) * np.linalg.norm(k))


def is_flat(values):
    return np.linalg.norm(values - values.mean()) <= 1e-12 * np.linalg.norm(values)


@wrong("normalised_response", hint="zero by zero")
def normalised_unguarded(patch, kernel):
    return cosine(patch - patch.mean(), kernel - kernel.mean())


@wrong("normalised_response", hint="Neither mean")
def normalised_not_centred(patch, kernel):
    if is_flat(patch) or is_flat(kernel):
        return 0
    return cosine(patch, kernel)


@wrong("normalised_response", hint="Neither mean")
def normalised_not_centred_unguarded(patch, kernel):
    return cosine(patch, kernel)


@wrong("normalised_response", hint="Only the patch was centred")
def normalised_patch_only(patch, kernel):
    return cosine(patch - patch.mean(), kernel)


@wrong("normalised_response", hint="Only the patch was centred")
def normalised_patch_only_guarded(patch, kernel):
    return 0 if is_flat(patch) or is_flat(kernel) else cosine(patch - patch.mean(), kernel)


@wrong("normalised_response", hint="Only the kernel was centred")
def normalised_kernel_only(patch, kernel):
    return 0 if is_flat(patch) or is_flat(kernel) else cosine(patch, kernel - kernel.mean())


@wrong("normalised_response", hint="Each channel lost its own mean")
def normalised_per_channel(patch, kernel):
    p = patch - patch.mean(axis=(1, 2), keepdims=True)
    k = kernel - kernel.mean(axis=(1, 2), keepdims=True)
    return 0 if is_flat(patch) or is_flat(kernel) else cosine(p, k)


@wrong("normalised_response", hint="Each channel lost its own mean")
def normalised_per_channel_guarded_after(patch, kernel):
    p = patch - patch.mean(axis=(1, 2), keepdims=True)
    k = kernel - kernel.mean(axis=(1, 2), keepdims=True)
    lengths = np.linalg.norm(p) * np.linalg.norm(k)
    return 0 if lengths <= 1e-12 * np.linalg.norm(patch) * np.linalg.norm(kernel) else cosine(p, k)


@wrong("normalised_response", hint="Each pixel lost the mean of its channels")
def normalised_per_pixel(patch, kernel):
    return cosine(patch - patch.mean(axis=0), kernel - kernel.mean(axis=0))


@wrong("normalised_response", hint="not divided by the two lengths")
def normalised_not_divided(patch, kernel):
    return np.sum((patch - patch.mean()) * (kernel - kernel.mean()))


@wrong("normalised_response", hint="Centred, then averaged")
def normalised_covariance(patch, kernel):
    return np.mean((patch - patch.mean()) * (kernel - kernel.mean()))


@wrong("normalised_response", hint="a square root is missing")
def normalised_no_root(patch, kernel):
    p, k = patch - patch.mean(), kernel - kernel.mean()
    return 0 if is_flat(patch) or is_flat(kernel) else np.sum(p * k) / (np.sum(p**2) * np.sum(k**2))


@wrong("normalised_response", hint="the patch's length only")
def normalised_one_length(patch, kernel):
    p, k = patch - patch.mean(), kernel - kernel.mean()
    return 0 if is_flat(patch) else np.sum(p * k) / np.linalg.norm(p)


@wrong("normalised_response", hint="The two lengths were added")
def normalised_lengths_added(patch, kernel):
    p, k = patch - patch.mean(), kernel - kernel.mean()
    return 0 if is_flat(patch) or is_flat(kernel) else np.sum(p * k) / (np.linalg.norm(p) + np.linalg.norm(k))


@wrong("normalised_response", hint="before centring. Centre first")
def normalised_raw_lengths(patch, kernel):
    if is_flat(patch) or is_flat(kernel):
        return 0
    p, k = patch - patch.mean(), kernel - kernel.mean()
    return np.sum(p * k) / (np.linalg.norm(patch) * np.linalg.norm(kernel))


@wrong("normalised_response", hint="grows with the number of values")
def normalised_standard_deviations(patch, kernel):
    if is_flat(patch) or is_flat(kernel):
        return 0
    return np.sum((patch - patch.mean()) * (kernel - kernel.mean())) / (patch.std() * kernel.std())


@wrong("normalised_response", hint="The sign is lost")
def normalised_absolute(patch, kernel):
    if is_flat(patch) or is_flat(kernel):
        return 0
    return abs(cosine(patch - patch.mean(), kernel - kernel.mean()))


@wrong("normalised_response", hint="asks for exactly 0")
def normalised_guard_of_exact_zero(patch, kernel):
    p, k = patch - patch.mean(), kernel - kernel.mean()
    lengths = np.linalg.norm(p) * np.linalg.norm(k)
    return 0.0 if lengths == 0 else np.sum(p * k) / lengths


@wrong("normalised_response", hint="Use <=")
def normalised_guard_below(patch, kernel):
    p, k = patch - patch.mean(), kernel - kernel.mean()
    if np.linalg.norm(p) < 1e-12 * np.linalg.norm(patch) or np.linalg.norm(k) < 1e-12 * np.linalg.norm(
        kernel
    ):
        return 0.0
    return cosine(p, k)


@wrong("normalised_response", hint="A flat kernel divides by zero too")
def normalised_guard_of_patch_only(patch, kernel):
    return 0 if is_flat(patch) else cosine(patch - patch.mean(), kernel - kernel.mean())


@wrong("normalised_response", hint="a fixed number")
def normalised_absolute_limit(patch, kernel):
    p, k = patch - patch.mean(), kernel - kernel.mean()
    if np.linalg.norm(p) < 1e-12 or np.linalg.norm(k) < 1e-12:
        return 0
    return cosine(p, k)


@wrong("normalised_response", hint="add one below the line")
def normalised_epsilon(patch, kernel):
    p, k = patch - patch.mean(), kernel - kernel.mean()
    return np.sum(p * k) / (np.linalg.norm(p) * np.linalg.norm(k) + 1e-8)


@wrong("normalised_response", hint="writes into its input")
def normalised_in_place(patch, kernel):
    patch[:] = patch - patch.mean()
    kernel[:] = kernel - kernel.mean()
    return 0 if is_flat(patch) or is_flat(kernel) else cosine(patch, kernel)


@wrong("normalised_response", hint="put both lengths in one bracket")
def normalised_no_bracket(patch, kernel):
    p, k = patch - patch.mean(), kernel - kernel.mean()
    return 0 if is_flat(patch) or is_flat(kernel) else np.sum(p * k) / np.linalg.norm(p) * np.linalg.norm(k)


@wrong("normalised_response", hint="put both lengths in one bracket")
def normalised_no_bracket_unguarded(patch, kernel):
    p, k = patch - patch.mean(), kernel - kernel.mean()
    with np.errstate(all="ignore"):
        return np.sum(p * k) / np.linalg.norm(k) * np.linalg.norm(p)


@wrong("normalised_response", hint="too low a precision")
def normalised_two_decimals(patch, kernel):
    p, k = patch - patch.mean(), kernel - kernel.mean()
    return 0 if is_flat(patch) or is_flat(kernel) else round(cosine(p, k), 2)


@wrong("normalised_response", hint="too low a precision")
def normalised_in_single_precision(patch, kernel):
    p, k = np.float32(patch), np.float32(kernel)
    return 0 if is_flat(p) or is_flat(k) else cosine(p - p.mean(), k - k.mean())


# design_x_detector


@right("design_x_detector")
def x_less_its_mean():
    kernel = np.array([[1.0, -1, 1], [-1, 1, -1], [1, -1, 1]])
    return kernel - kernel.mean()


@right("design_x_detector")
def x_in_lists():
    return [[8, -10, 8], [-10, 8, -10], [8, -10, 8]]


@right("design_x_detector")
def x_in_single_precision():
    pattern = np.eye(3, dtype=np.float32) + np.eye(3, dtype=np.float32)[::-1]
    pattern = np.minimum(pattern, 1)
    return pattern / pattern.sum() - (1 - pattern) / (1 - pattern).sum()


@right("design_x_detector")
def x_with_a_quiet_middle():
    return np.array([[1, -1, 1], [-1, 0, -1], [1, -1, 1]]) * 0.5


@wrong("design_x_detector", hint="yours sum to 1")
def x_of_the_notebook():
    return np.array([[1, -1, 1], [-1, 1, -1], [1, -1, 1]])


@wrong("design_x_detector", hint="yours sum to 5")
def x_as_drawn():
    return np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]])


@wrong("design_x_detector", hint="yours sum to -1")
def x_too_dark():
    return np.array([[0.6, -1, 0.6], [-1, 0.6, -1], [0.6, -1, 0.6]])


@wrong("design_x_detector", hint="Large numbers belong where the X is bright")
def x_negative():
    return -np.array([[4, -5, 4], [-5, 4, -5], [4, -5, 4]])


@wrong("design_x_detector", hint="a single pixel beats the X")
def spot():
    return np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]])


@wrong("design_x_detector", hint="prefers a single diagonal")
def one_diagonal():
    return np.array([[2, -1, -1], [-1, 2, -1], [-1, -1, 2]])


@wrong("design_x_detector", hint="prefers a single diagonal")
def one_diagonal_and_a_little():
    return np.array([[3, -4, 1], [-4, 3, -3], [1, 0, 3]])


@wrong("design_x_detector", hint="One row or column is enough")
def one_column():
    return np.array([[2, -1, -1], [2, -1, -1], [2, -1, -1]])


@wrong("design_x_detector", hint="the ring of the O better")
def corners():
    return np.array([[1, 0, 1], [0, -4, 0], [1, 0, 1]])


@wrong("design_x_detector", hint="Large numbers belong where the X is bright")
def plus():
    return np.array([[-5, 4, -5], [4, 4, 4], [-5, 4, -5]])


@wrong("design_x_detector", hint="All nine numbers are 0")
def nothing():
    return np.zeros((3, 3))


@wrong("design_x_detector", hint="three rows of three numbers")
def five_by_five():
    x = np.maximum(np.eye(5), np.eye(5)[::-1])
    return x - x.mean()


@wrong("design_x_detector", hint="three rows of three numbers")
def flat_list():
    return [4, -5, 4, -5, 4, -5, 4, -5, 4]


@wrong("design_x_detector", hint="NaN or infinity")
def nan():
    kernel = np.zeros((3, 3))
    with np.errstate(invalid="ignore"):
        return kernel / kernel.sum()


@wrong("design_x_detector", hint="does it end with a return".capitalize())
def x_no_return():
    np.array([[4, -5, 4], [-5, 4, -5], [4, -5, 4]])
