"""Answers to the exercises of notebook 07."""

import numpy as np
from scipy import signal

from cnnlib import functional
from tests.wrong_answers import right, wrong

# conv2d_backward


def pair(value):
    return tuple(int(v) for v in np.broadcast_to(value, 2))


def pad(input, padding):
    (ph, pw) = pair(padding)
    return np.pad(input, ((0, 0), (0, 0), (ph, ph), (pw, pw)))


def crop(grad, input, padding):
    (ph, pw), (height, width) = pair(padding), input.shape[2:]
    return grad[:, :, ph : ph + height, pw : pw + width]


def weight_gradient(grad_output, input, weight, stride, padding):
    """The right one, window by window."""
    (sh, sw), padded = pair(stride), pad(input, padding)
    grad = np.zeros(weight.shape)
    for u, v in np.ndindex(weight.shape[2:]):
        rows = slice(u, u + sh * (grad_output.shape[2] - 1) + 1, sh)
        columns = slice(v, v + sw * (grad_output.shape[3] - 1) + 1, sw)
        grad[:, :, u, v] = np.einsum("noij,ncij->oc", grad_output, padded[:, :, rows, columns])
    return grad


def input_gradient(grad_output, input, weight, stride, padding):
    """The right one, by a full convolution of the dilated gradient."""
    (sh, sw), padded = pair(stride), pad(input, padding)
    n, o, rows, columns = grad_output.shape
    spread = np.zeros((n, o, sh * (rows - 1) + 1, sw * (columns - 1) + 1))
    spread[:, :, ::sh, ::sw] = grad_output
    grad = np.zeros(padded.shape)
    for image in range(n):
        for channel in range(input.shape[1]):
            for out in range(o):
                part = signal.convolve2d(spread[image, out], weight[out, channel], mode="full")
                grad[image, channel, : part.shape[0], : part.shape[1]] += part
    return crop(grad, input, padding)


def bias_gradient(grad_output):
    return grad_output.sum((0, 2, 3))


@right("conv2d_backward")
def backward_by_convolutions(grad_output, input, weight, stride, padding):
    return (
        input_gradient(grad_output, input, weight, stride, padding),
        weight_gradient(grad_output, input, weight, stride, padding),
        bias_gradient(grad_output),
    )


@right("conv2d_backward")
def backward_of_the_package_in_a_list(grad_output, input, weight, stride, padding):
    return list(functional.conv2d_backward(grad_output, input, weight, stride, padding))


@right("conv2d_backward")
def backward_by_columns(grad_output, input, weight, stride, padding):
    k = weight.shape[2:]
    columns = functional.im2col(input, k, 1, padding, stride)
    g = grad_output.reshape(*grad_output.shape[:2], -1)
    back = np.einsum("ok,nol->nkl", weight.reshape(len(weight), -1), g)
    grad_input = functional.col2im(back, input.shape[2:], k, 1, padding, stride)
    grad_weight = np.einsum("nol,nkl->ok", g, columns).reshape(weight.shape)
    return grad_input, grad_weight, g.sum((0, 2))


@right("conv2d_backward")
def backward_as_nested_lists(grad_output, input, weight, stride, padding):
    grads = functional.conv2d_backward(grad_output, input, weight, stride, padding)
    return tuple(grad.tolist() for grad in grads)


@right("conv2d_backward")
def backward_with_torch(grad_output, input, weight, stride, padding):
    import torch

    x, w = torch.tensor(input, dtype=torch.float32), torch.tensor(weight, dtype=torch.float32)
    b = torch.zeros(len(weight), requires_grad=True)
    out = torch.nn.functional.conv2d(x.requires_grad_(), w.requires_grad_(), b, stride, padding)
    return torch.autograd.grad(out, (x, w, b), torch.tensor(grad_output, dtype=torch.float32))


@right("conv2d_backward")
def backward_with_a_list_for_the_bias(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    return grads[0].tolist(), np.asfortranarray(grads[1]), [float(b) for b in grads[2]]


def loops(grad_output, input, weight, stride, padding, use=None, spread=None):
    """Scatter as students do; `use` changes the kernel, `spread` the stride of grad_input."""
    (sh, sw), padded = pair(spread or stride), pad(input, padding)
    grad, (kh, kw) = np.zeros(padded.shape), weight.shape[2:]
    for n, o, i, j in np.ndindex(grad_output.shape):
        kernel = use(weight[o]) if use else weight[o]
        grad[n, :, i * sh : i * sh + kh, j * sw : j * sw + kw] += grad_output[n, o, i, j] * kernel
    return grad


def others(grad_output, input, weight, stride, padding):
    return weight_gradient(grad_output, input, weight, stride, padding), bias_gradient(grad_output)


@wrong("conv2d_backward", hint="grad_input is the right one for the flipped kernel")
def backward_flip_forgotten(grad_output, input, weight, stride, padding):
    (sh, sw), (kh, kw) = pair(stride), weight.shape[2:]
    n, o, rows, columns = grad_output.shape
    spread = np.zeros((n, o, sh * (rows - 1) + 1, sw * (columns - 1) + 1))
    spread[:, :, ::sh, ::sw] = grad_output
    swapped = weight.swapaxes(0, 1)  # a correlation where a convolution is needed
    part = functional.conv2d(spread, swapped, padding=(kh - 1, kw - 1))
    grad = np.zeros(pad(input, padding).shape)
    grad[:, :, : part.shape[2], : part.shape[3]] = part
    args = grad_output, input, weight, stride, padding
    return crop(grad, input, padding), *others(*args)


@wrong("conv2d_backward", hint="grad_input is the right one for the flipped kernel")
def backward_flipped_scatter(grad_output, input, weight, stride, padding):
    args = grad_output, input, weight, stride, padding
    return crop(loops(*args, use=lambda w: w[:, ::-1, ::-1]), input, padding), *others(*args)


@wrong("conv2d_backward", hint="grad_weight is the right one for the flipped kernel")
def backward_weight_flipped(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    return grads[0], np.flip(grads[1], (2, 3)), grads[2]


@wrong("conv2d_backward", hint="The stride is missing in grad_input")
def backward_stride_not_dilated(grad_output, input, weight, stride, padding):
    args = grad_output, input, weight, stride, padding
    return crop(loops(*args, spread=1), input, padding), *others(*args)


@wrong("conv2d_backward", hint="The stride is missing in grad_input")
def backward_stride_not_dilated_full(grad_output, input, weight, stride, padding):
    (kh, kw), (ph, pw) = weight.shape[2:], pair(padding)
    flipped = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
    grad = functional.conv2d(grad_output, flipped, padding=(kh - 1, kw - 1))
    grad = grad[:, :, ph : grad.shape[2] - ph, pw : grad.shape[3] - pw]
    return grad, *others(grad_output, input, weight, stride, padding)


@wrong("conv2d_backward", hint="The stride is missing in grad_weight")
def backward_stride_missing_in_weight(grad_output, input, weight, stride, padding):
    args = grad_output, input, weight, stride, padding
    return (
        input_gradient(*args),
        weight_gradient(grad_output, input, weight, 1, padding),
        bias_gradient(grad_output),
    )


@wrong("conv2d_backward", hint="The stride is missing in grad_input and grad_weight")
def backward_stride_missing_in_both(grad_output, input, weight, stride, padding):
    return backward_by_convolutions(grad_output, input, weight, 1, padding)


@wrong("conv2d_backward", hint="cut the padding off")
def backward_unpad_forgotten(grad_output, input, weight, stride, padding):
    args = grad_output, input, weight, stride, padding
    return loops(*args), *others(*args)


@wrong("conv2d_backward", hint="cut the padding off")
def backward_unpad_one_axis(grad_output, input, weight, stride, padding):
    args, ph = (grad_output, input, weight, stride, padding), pair(padding)[0]
    return loops(*args)[:, :, ph : ph + input.shape[2]], *others(*args)


@wrong("conv2d_backward", hint="cut the padding off")
def backward_unpad_at_the_wrong_corner(grad_output, input, weight, stride, padding):
    args = grad_output, input, weight, stride, padding
    return loops(*args)[:, :, : input.shape[2], : input.shape[3]], *others(*args)


@wrong("conv2d_backward", hint="Where p is 0 that keeps nothing")
def backward_unpad_with_minus_zero(grad_output, input, weight, stride, padding):
    args, (ph, pw) = (grad_output, input, weight, stride, padding), pair(padding)
    return loops(*args)[:, :, ph:-ph, pw:-pw], *others(*args)


@wrong("conv2d_backward", hint="smaller than the input")
def backward_only_what_is_read(grad_output, input, weight, stride, padding):
    (sh, sw), (ph, pw) = pair(stride), pair(padding)
    (_, _, rows, columns), (_, _, kh, kw) = grad_output.shape, weight.shape
    grad = input_gradient(grad_output, input, weight, stride, padding)
    grad = grad[:, :, : sh * (rows - 1) + kh - ph, : sw * (columns - 1) + kw - pw]
    return grad, *others(grad_output, input, weight, stride, padding)


@wrong("conv2d_backward", hint="You took a mean")
def backward_mean_over_the_batch(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    return tuple(grad / len(input) for grad in grads)


@wrong("conv2d_backward", hint="You took a mean")
def backward_mean_weight(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    return grads[0], grads[1] / (grad_output.size / len(weight)), grads[2]


@wrong("conv2d_backward", hint="You took a mean")
def backward_mean_bias(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    return grads[0], grads[1], grad_output.mean(axis=(0, 2, 3))


@wrong("conv2d_backward", hint="In grad_input only the last window is left")
def backward_assigns_input(grad_output, input, weight, stride, padding):
    args, (sh, sw), (kh, kw) = (grad_output, input, weight, stride, padding), pair(stride), weight.shape[2:]
    grad = np.zeros(pad(input, padding).shape)
    for n, o, i, j in np.ndindex(grad_output.shape):
        grad[n, :, i * sh : i * sh + kh, j * sw : j * sw + kw] = grad_output[n, o, i, j] * weight[o]
    return crop(grad, input, padding), *others(*args)


@wrong("conv2d_backward", hint="In grad_weight only the last window is left")
def backward_assigns_weight(grad_output, input, weight, stride, padding):
    (sh, sw), (kh, kw), padded = pair(stride), weight.shape[2:], pad(input, padding)
    grad = np.zeros(weight.shape)
    for n, o, i, j in np.ndindex(grad_output.shape):
        grad[o] = grad_output[n, o, i, j] * padded[n, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
    return input_gradient(grad_output, input, weight, stride, padding), grad, bias_gradient(grad_output)


@wrong("conv2d_backward", hint="from one image only")
def backward_first_image_only(grad_output, input, weight, stride, padding):
    args = grad_output, input, weight, stride, padding
    one = weight_gradient(grad_output[:1], input[:1], weight, stride, padding)
    return input_gradient(*args), one, bias_gradient(grad_output)


@wrong("conv2d_backward", hint="one number per output channel")
def backward_bias_per_image(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    return grads[0], grads[1], grad_output.sum((2, 3))


@wrong("conv2d_backward", hint="Each channel has a bias of its own")
def backward_one_bias(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    return grads[0], grads[1], grad_output.sum()


@wrong("conv2d_backward", hint="The order of the results")
def backward_results_swapped(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    return grads[1], grads[0], grads[2]


@wrong("conv2d_backward", hint="The order of the results")
def backward_results_reversed(grad_output, input, weight, stride, padding):
    return backward_by_convolutions(grad_output, input, weight, stride, padding)[::-1]


@wrong("conv2d_backward", hint="from one output channel only")
def backward_one_output_channel(grad_output, input, weight, stride, padding):
    one = input_gradient(grad_output[:, :1], input, weight[:1], stride, padding)
    return one, *others(grad_output, input, weight, stride, padding)


@wrong("conv2d_backward", hint="NumPy does not add those to an array of integers")
def backward_zeros_like(grad_output, input, weight, stride, padding):
    args, (sh, sw), (kh, kw) = (grad_output, input, weight, stride, padding), pair(stride), weight.shape[2:]
    grad = np.zeros_like(pad(input, padding))
    for n, o, i, j in np.ndindex(grad_output.shape):
        grad[n, :, i * sh : i * sh + kh, j * sw : j * sw + kw] += grad_output[n, o, i, j] * weight[o]
    return crop(grad, input, padding), *others(*args)


@wrong("conv2d_backward", hint="The fractions of grad_input are cut off")
def backward_integers(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    return grads[0].astype(input.dtype), grads[1], grads[2]


@wrong("conv2d_backward", hint="Height and width of the stride are swapped")
def backward_stride_swapped(grad_output, input, weight, stride, padding):
    args = grad_output, input, weight, pair(stride)[::-1], padding
    (sh, sw), grad_weight, padded = pair(stride), np.zeros(weight.shape), pad(input, padding)
    grad, (kh, kw) = np.zeros(padded.shape), weight.shape[2:]
    for n, o, i, j in np.ndindex(grad_output.shape):
        rows, columns = slice(i * sw, i * sw + kh), slice(j * sh, j * sh + kw)
        grad[n, :, rows, columns] += grad_output[n, o, i, j] * weight[o]
        grad_weight[o] += grad_output[n, o, i, j] * padded[n, :, rows, columns]
    return crop(grad, args[1], padding), grad_weight, bias_gradient(grad_output)


@wrong("conv2d_backward", hint="take one number for both axes")
def backward_pairs_only(grad_output, input, weight, stride, padding):
    (sh, sw), (ph, pw) = stride, padding
    return backward_by_convolutions(grad_output, input, weight, (sh, sw), (ph, pw))


@wrong("conv2d_backward", hint="take (height, width) pairs")
def backward_numbers_only(grad_output, input, weight, stride, padding):
    return backward_by_convolutions(grad_output, input, weight, int(stride), int(padding))


@wrong("conv2d_backward", hint="grad_output plays no part")
def backward_without_grad_output(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    ones = np.ones(grad_output.shape)
    return grads[0], weight_gradient(ones, input, weight, stride, padding), grads[2]


@wrong("conv2d_backward", hint="All your signs are turned")
def backward_downhill(grad_output, input, weight, stride, padding):
    return tuple(-g for g in backward_by_convolutions(grad_output, input, weight, stride, padding))


@wrong("conv2d_backward", hint="writes into its input")
def backward_in_place(grad_output, input, weight, stride, padding):
    grads = backward_by_convolutions(grad_output, input, weight, stride, padding)
    input[...] = 0
    return grads


@wrong("conv2d_backward", hint="from the input without its padding")
def backward_unpadded(grad_output, input, weight, stride, padding):
    (sh, sw), (kh, kw), grad = pair(stride), weight.shape[2:], np.zeros(weight.shape)
    for n, o, i, j in np.ndindex(grad_output.shape):
        grad[o] += grad_output[n, o, i, j] * input[n, :, i * sh : i * sh + kh, j * sw : j * sw + kw]
    return input_gradient(grad_output, input, weight, stride, padding), grad, bias_gradient(grad_output)


@wrong("conv2d_backward", hint="Does it end with a return")
def backward_no_return(grad_output, input, weight, stride, padding):
    backward_by_convolutions(grad_output, input, weight, stride, padding)


# gradient_check


def ratio(n, g):
    total = np.linalg.norm(n) + np.linalg.norm(g)
    return np.linalg.norm(n - g) / total if total > 0 else 0.0


def central(fn, x, eps):
    n = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        saved, moved = x[index], x.copy()
        moved[index] = saved + eps
        up = fn(moved)
        moved[index] = saved - eps
        n[index] = (up - fn(moved)) / (2 * eps)
    return n


@right("gradient_check")
def check_in_place_and_put_back(fn, x, grad, eps=1e-5):
    n, flat = np.zeros_like(x), x.reshape(-1)
    for i in range(flat.size):
        saved = flat[i]
        flat[i] = saved + eps
        up = fn(x)
        flat[i] = saved - eps
        n.reshape(-1)[i] = (up - fn(x)) / (2 * eps)
        flat[i] = saved
    return ratio(n, grad)


@right("gradient_check")
def check_with_unit_steps(fn, x, grad, eps=1e-5):
    steps = eps * np.eye(x.size).reshape(-1, *x.shape)
    n = np.array([(fn(x + step) - fn(x - step)) / 2 / eps for step in steps])
    g = grad.ravel()
    return float(np.sqrt(np.sum((n - g) ** 2)) / max(1e-12, np.sqrt(np.sum(n**2)) + np.sqrt(np.sum(g**2))))


@right("gradient_check")
def check_returned_in_single_precision(fn, x, grad, eps=1e-5):
    return np.float32(ratio(central(fn, x, eps), grad))


@wrong("gradient_check", hint="one-sided differences")
def check_forward(fn, x, grad, eps=1e-5):
    n = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.copy()
        moved[index] += eps
        n[index] = (fn(moved) - fn(x)) / eps
    return ratio(n, grad)


@wrong("gradient_check", hint="one-sided differences")
def check_backward(fn, x, grad, eps=1e-5):
    n = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.copy()
        moved[index] -= eps
        n[index] = (fn(x) - fn(moved)) / eps
    return ratio(n, grad)


@wrong("gradient_check", hint="lie 2 * eps apart")
def check_divided_by_eps(fn, x, grad, eps=1e-5):
    return ratio(2 * central(fn, x, eps), grad)


@wrong("gradient_check", hint="half of the right ones")
def check_forward_by_two_eps(fn, x, grad, eps=1e-5):
    n = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        moved = x.copy()
        moved[index] += eps
        n[index] = (fn(moved) - fn(x)) / (2 * eps)
    return ratio(n, grad)


@wrong("gradient_check", hint="slopes of nearly 0")
def check_one_array_for_both(fn, x, grad, eps=1e-5):
    n = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        ahead = behind = x.copy()
        ahead[index] += eps
        behind[index] -= eps
        n[index] = (fn(ahead) - fn(behind)) / (2 * eps)
    return ratio(n, grad)


@wrong("gradient_check", hint="slopes of nearly 0")
def check_brackets(fn, x, grad, eps=1e-5):
    return ratio(central(fn, x, eps) * (2 * eps) / 2 * eps, grad)


@wrong("gradient_check", hint="fn(x + eps) comes first")
def check_sign(fn, x, grad, eps=1e-5):
    return ratio(-central(fn, x, eps), grad)


@wrong("gradient_check", hint="Single precision")
def check_single_x(fn, x, grad, eps=1e-5):
    return ratio(central(fn, x.astype(np.float32), eps), grad)


@wrong("gradient_check", hint="Single precision")
def check_single_slopes(fn, x, grad, eps=1e-5):
    return ratio(central(fn, x, eps).astype(np.float32), grad)


@wrong("gradient_check", hint="writes into its input")
def check_x_left_changed(fn, x, grad, eps=1e-5):
    n = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        x[index] += eps
        up = fn(x)
        x[index] -= 2 * eps
        n[index] = (up - fn(x)) / (2 * eps)
    return ratio(n, grad)


@wrong("gradient_check", hint="stay moved")
def check_copy_left_changed(fn, x, grad, eps=1e-5):
    n, x = np.zeros(x.shape), x.copy()
    for index in np.ndindex(x.shape):
        x[index] += eps
        up = fn(x)
        x[index] -= 2 * eps
        n[index] = (up - fn(x)) / (2 * eps)
    return ratio(n, grad)


@wrong("gradient_check", hint="several entries at once")
def check_all_at_once(fn, x, grad, eps=1e-5):
    n = np.ones(x.shape) * (fn(x + eps) - fn(x - eps)) / (2 * eps)
    return ratio(n, grad)


@wrong("gradient_check", hint="several entries at once")
def check_rows(fn, x, grad, eps=1e-5):
    n = np.zeros(x.shape)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        n[i] = (fn(up) - fn(down)) / (2 * eps)
    return ratio(n, grad)


@wrong("gradient_check", hint="Use the argument eps")
def check_own_eps(fn, x, grad, eps=1e-5):
    return ratio(central(fn, x, 1e-5), grad)


@wrong("gradient_check", hint="largest difference")
def check_largest(fn, x, grad, eps=1e-5):
    return np.abs(central(fn, x, eps) - grad).max()


@wrong("gradient_check", hint="mean difference")
def check_root_mean_square(fn, x, grad, eps=1e-5):
    return np.sqrt(np.mean((central(fn, x, eps) - grad) ** 2))


@wrong("gradient_check", hint="square of the ratio")
def check_squared(fn, x, grad, eps=1e-5):
    return ratio(central(fn, x, eps), grad) ** 2


@wrong("gradient_check", hint="Not its half")
def check_by_the_mean_norm(fn, x, grad, eps=1e-5):
    return 2 * ratio(central(fn, x, eps), grad)


@wrong("gradient_check", hint="One number is asked for")
def check_entry_by_entry(fn, x, grad, eps=1e-5):
    n = central(fn, x, eps)
    return np.abs(n - grad) / np.maximum(np.abs(n) + np.abs(grad), 1e-12)


@wrong("gradient_check", hint="distance itself")
def check_distance(fn, x, grad, eps=1e-5):
    return np.linalg.norm(central(fn, x, eps) - grad)


@wrong("gradient_check", hint="the sum of the two norms")
def check_by_one_norm(fn, x, grad, eps=1e-5):
    return np.linalg.norm(central(fn, x, eps) - grad) / max(1e-12, np.linalg.norm(grad))


@wrong("gradient_check", hint="the sum of the two norms")
def check_by_the_larger_norm(fn, x, grad, eps=1e-5):
    n = central(fn, x, eps)
    return np.linalg.norm(n - grad) / max(np.linalg.norm(n), np.linalg.norm(grad), 1e-12)


@wrong("gradient_check", hint="brackets: a / b + c")
def check_brackets_below(fn, x, grad, eps=1e-5):
    n = central(fn, x, eps)
    return np.linalg.norm(n - grad) / np.linalg.norm(n) + np.linalg.norm(grad)


@wrong("gradient_check", hint="root of the sum of squares")
def check_sums_of_magnitudes(fn, x, grad, eps=1e-5):
    n = central(fn, x, eps)
    return np.abs(n - grad).sum() / (np.abs(n).sum() + np.abs(grad).sum())


@wrong("gradient_check", hint="root of the sum of squares")
def check_squares(fn, x, grad, eps=1e-5):
    n = central(fn, x, eps)
    return np.sum((n - grad) ** 2) / (np.sum(n**2) + np.sum(grad**2))


@wrong("gradient_check", hint="averaged over entries")
def check_per_entry(fn, x, grad, eps=1e-5):
    n = central(fn, x, eps)
    return np.max(np.abs(n - grad) / (np.abs(n) + np.abs(grad) + 1e-30))


@wrong("gradient_check", hint="You compared two lengths")
def check_lengths(fn, x, grad, eps=1e-5):
    n, g = np.linalg.norm(central(fn, x, eps)), np.linalg.norm(grad)
    return abs(n - g) / (n + g)


@wrong("gradient_check", hint="not a verdict")
def check_verdict(fn, x, grad, eps=1e-5):
    return bool(ratio(central(fn, x, eps), grad) < 1e-6)


@wrong("gradient_check", hint="instead of dividing 0 by 0")
def check_zero_by_zero(fn, x, grad, eps=1e-5):
    n = central(fn, x, eps)
    return np.linalg.norm(n - grad) / (np.linalg.norm(n) + np.linalg.norm(grad))


@wrong("gradient_check", hint="below 1e-9")
def check_large_default(fn, x, grad, eps=1e-3):
    return ratio(central(fn, x, eps), grad)


# learn_kernel


def descend(image, target, kernel_size, steps, rate=0.2, start=0.0, respond=None, sign=1.0):
    """Plain gradient descent on the mean squared error, in loops over the kernel."""
    height, width = pair(kernel_size)
    kernel = np.full((height, width), start)
    for _ in range(steps):
        error = signal.correlate2d(image, kernel, mode="valid") - target
        grad = signal.correlate2d(image, error, mode="valid") * 2 / error.size
        kernel = kernel - sign * rate * grad
    return kernel


@right("learn_kernel")
def learn_by_descent(image, target, kernel_size, steps=200):
    return descend(image, target, kernel_size, steps).tolist()


@right("learn_kernel")
def learn_by_least_squares(image, target, kernel_size, steps=200):
    height, width = pair(kernel_size)
    windows = np.lib.stride_tricks.sliding_window_view(image, (height, width)).reshape(-1, height * width)
    return np.linalg.lstsq(windows, target.ravel(), rcond=None)[0].reshape(height, width)


@right("learn_kernel")
def learn_one_number_at_a_time(image, target, kernel_size, steps=200):
    height, width = pair(kernel_size)
    kernel, error = np.zeros((height, width)), -target.copy()
    for _ in range(steps // 10):
        for i, j in np.ndindex(kernel.shape):
            seen = image[i : i + target.shape[0], j : j + target.shape[1]]
            change = -np.sum(error * seen) / np.sum(seen * seen)
            kernel[i, j] += change
            error += change * seen
    return kernel.astype(np.float32)


@right("learn_kernel")
def learn_with_torch(image, target, kernel_size, steps=200):
    import torch

    torch.manual_seed(0)
    layer = torch.nn.Conv2d(1, 1, pair(kernel_size), bias=False)
    x, goal = (torch.tensor(a[None, None], dtype=torch.float32) for a in (image, target))
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.3)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(layer(x), goal).backward()
        optimizer.step()
    return layer.weight[0, 0]


@wrong("learn_kernel", hint="flipped in both axes")
def learn_flipped(image, target, kernel_size, steps=200):
    return learn_by_least_squares(image, target, kernel_size)[::-1, ::-1]


@wrong("learn_kernel", hint="upside down")
def learn_upside_down(image, target, kernel_size, steps=200):
    return learn_by_least_squares(image, target, kernel_size)[::-1]


@wrong("learn_kernel", hint="mirrored left to right")
def learn_mirrored(image, target, kernel_size, steps=200):
    return learn_by_least_squares(image, target, kernel_size)[:, ::-1]


@wrong("learn_kernel", hint="The kernel blew up")
def learn_too_fast(image, target, kernel_size, steps=200):
    return descend(image, target, kernel_size, steps, rate=1.5)


@wrong("learn_kernel", hint="The kernel blew up")
def learn_with_a_sum(image, target, kernel_size, steps=200):
    return descend(image, target, kernel_size, steps, rate=0.2 * target.size)


@wrong("learn_kernel", hint="uphill")
def learn_uphill(image, target, kernel_size, steps=200):
    return descend(image, target, kernel_size, steps, sign=-1.0)


@wrong("learn_kernel", hint="On the way, not there yet")
def learn_too_slowly(image, target, kernel_size, steps=200):
    return descend(image, target, kernel_size, steps, rate=0.002)


@wrong("learn_kernel", hint="On the way, not there yet")
def learn_one_step(image, target, kernel_size, steps=200):
    return descend(image, target, kernel_size, 1)


@wrong("learn_kernel", hint="The kernel is still 0")
def learn_nothing(image, target, kernel_size, steps=200):
    return np.zeros(pair(kernel_size))


@wrong("learn_kernel", hint="The kernel is still 0")
def learn_a_lost_step(image, target, kernel_size, steps=200):
    kernel = np.zeros(pair(kernel_size))
    for _ in range(steps):
        error = signal.correlate2d(image, kernel, mode="valid") - target
        new = kernel - 0.4 * signal.correlate2d(image, error, mode="valid") / error.size  # noqa: F841
    return kernel


@wrong("learn_kernel", hint="whole numbers")
def learn_integers(image, target, kernel_size, steps=200):
    return np.rint(descend(image, target, kernel_size, steps)).astype(int)


@wrong("learn_kernel", hint="All numbers are equal")
def learn_one_number(image, target, kernel_size, steps=200):
    kernel = np.zeros(pair(kernel_size))
    for _ in range(steps):
        error = signal.correlate2d(image, kernel, mode="valid") - target
        kernel -= 0.4 * np.mean(signal.correlate2d(image, error, mode="valid")) / error.size
    return kernel


@wrong("learn_kernel", hint="one number for both sides, or (height, width)")
def learn_a_square(image, target, kernel_size, steps=200):
    return np.zeros((pair(kernel_size)[0],) * 2)


@wrong("learn_kernel", hint="one number for both sides, or (height, width)")
def learn_in_four_axes(image, target, kernel_size, steps=200):
    return descend(image, target, kernel_size, steps)[None, None]


@wrong("learn_kernel", hint="all zeros have")
def learn_noise(image, target, kernel_size, steps=200):
    return np.random.default_rng(0).normal(size=pair(kernel_size)) * 3


@wrong("learn_kernel", hint="sign turned")
def learn_the_negative(image, target, kernel_size, steps=200):
    return -learn_by_least_squares(image, target, kernel_size)


@wrong("learn_kernel", hint="writes into its input")
def learn_in_the_target(image, target, kernel_size, steps=200):
    kernel = learn_by_least_squares(image, target, kernel_size)
    target -= signal.correlate2d(image, kernel, mode="valid")
    return kernel


STEPS = "def learn_kernel(image, target, kernel_size, steps={}):"
START = "kernel = np.zeros(({}, 1, *np.broadcast_to(kernel_size, 2)))"
GRADIENT = "_, grad, _ = functional.conv2d_backward({} * error / error.size, x, kernel)"
LAST = "there is one kernel of one channel, so that its first is its last"
RATE = "another learning rate, with which it converges as well: any method that does is right"
NUMBER = "one step more or less, long after the kernel has been found"

SUM = "return (grad_input, grad_weight, grad_output.sum(axis=({}, 3)))"

EQUIVALENT = {
    "conv2d_backward": {
        f"{SUM.format('0, 2')}  =>  {SUM.format('2, 0')}": "a sum over axes does not depend on their order",
    },
    "gradient_check": {
        "def gradient_check(fn, x, grad, eps=1e-05):  =>  def gradient_check(fn, x, grad, eps=-1e-05):": (
            "central differences are the same for eps and -eps: both the difference and the divisor change sign"
        ),
    },
    "learn_kernel": {
        f"{STEPS.format(200)}  =>  {STEPS.format(201)}": NUMBER,
        f"{STEPS.format(200)}  =>  {STEPS.format(199)}": NUMBER,
        f"{START.format(1)}  =>  {START.format(2)}": "learns the same kernel twice and returns the first",
        "return kernel[0, 0]  =>  return kernel[-1, 0]": LAST,
        "return kernel[0, 0]  =>  return kernel[0, -1]": LAST,
        f"{GRADIENT.format(2)}  =>  {GRADIENT.format(3)}": RATE,
        f"{GRADIENT.format(2)}  =>  {GRADIENT.format(1)}": RATE,
    },
}
