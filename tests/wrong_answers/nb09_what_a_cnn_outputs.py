"""Answers to the exercises of notebook 09."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.wrong_answers import right, wrong

# fc_to_conv


def converted(linear, in_shape, weight=None, bias=True, kernel=None, **settings):
    """A convolution with this weight instead of the right one."""
    channels, height, width = in_shape
    bias = bias and linear.bias is not None
    conv = nn.Conv2d(channels, linear.out_features, kernel or (height, width), bias=bias, **settings)
    weight = linear.weight.reshape(-1, *in_shape) if weight is None else weight
    with torch.no_grad():
        conv.weight.copy_(weight)
        if bias:
            conv.bias.copy_(linear.bias)
    return conv


@right("fc_to_conv")
def fc_with_parameters(linear, in_shape):
    conv = nn.Conv2d(in_shape[0], linear.out_features, in_shape[1:])
    conv.weight = nn.Parameter(linear.weight.detach().clone().view(-1, *in_shape))
    conv.bias = None if linear.bias is None else nn.Parameter(linear.bias.detach().clone())
    return conv


@right("fc_to_conv")
def fc_sharing_its_weights(linear, in_shape):
    conv = nn.Conv2d(in_shape[0], linear.out_features, in_shape[1:])
    conv.weight.data = linear.weight.data.unflatten(1, in_shape)
    conv.bias.data = torch.zeros(linear.out_features) if linear.bias is None else linear.bias.data
    return conv


@right("fc_to_conv")
def fc_in_loops(linear, in_shape):
    channels, height, width = in_shape
    conv = nn.Conv2d(channels, linear.out_features, (height, width), bias=linear.bias is not None)
    state = {"weight": torch.zeros(linear.out_features, *in_shape)}
    for c in range(channels):
        for i in range(height):
            for j in range(width):
                state["weight"][:, c, i, j] = linear.weight[:, (c * height + i) * width + j]
    if linear.bias is not None:
        state["bias"] = linear.bias
    conv.load_state_dict(state)
    return conv


@right("fc_to_conv")
def fc_in_double(linear, in_shape):
    return converted(linear, in_shape).double()


@wrong("fc_to_conv", hint="as if the channels came last")
def fc_channels_last(linear, in_shape):
    c, h, w = in_shape
    return converted(linear, in_shape, linear.weight.reshape(-1, h, w, c).permute(0, 3, 1, 2))


@wrong("fc_to_conv", hint="column by column")
def fc_columns_first(linear, in_shape):
    c, h, w = in_shape
    return converted(linear, in_shape, linear.weight.reshape(-1, c, w, h).transpose(2, 3))


@wrong("fc_to_conv", hint="Reshape linear.weight, not its transpose")
def fc_outputs_mixed(linear, in_shape):
    return converted(linear, in_shape, linear.weight.T.reshape(-1, *in_shape))


@wrong("fc_to_conv", hint="does not flip")
def fc_flipped(linear, in_shape):
    return converted(linear, in_shape, linear.weight.reshape(-1, *in_shape).flip(2, 3))


@wrong("fc_to_conv", hint="Height and width of the kernel are swapped")
def fc_kernel_turned(linear, in_shape):
    c, h, w = in_shape
    return converted(linear, in_shape, linear.weight.reshape(-1, c, w, h), kernel=(w, h))


@wrong("fc_to_conv", hint="One kernel for each output")
def fc_one_by_one(linear, in_shape):
    conv = nn.Conv2d(linear.in_features, linear.out_features, 1)
    conv.weight.data = linear.weight.data[:, :, None, None]
    conv.bias.data = linear.bias.data
    return conv


@wrong("fc_to_conv", hint="The bias was not taken over")
def fc_no_bias(linear, in_shape):
    return converted(linear, in_shape, bias=False)


@wrong("fc_to_conv", hint="The bias was not taken over")
def fc_random_bias(linear, in_shape):
    conv = nn.Conv2d(in_shape[0], linear.out_features, in_shape[1:], bias=linear.bias is not None)
    conv.weight.data = linear.weight.data.reshape(conv.weight.shape)
    return conv


@wrong("fc_to_conv", hint="linear.bias is None")
def fc_bias_where_none_is(linear, in_shape):
    conv = nn.Conv2d(in_shape[0], linear.out_features, in_shape[1:])
    conv.weight.data = linear.weight.data.reshape(conv.weight.shape)
    if linear.bias is not None:
        conv.bias.data = linear.bias.data
    return conv


@wrong("fc_to_conv", hint="Your code stopped with an error")
def fc_always_a_bias(linear, in_shape):
    conv = nn.Conv2d(in_shape[0], linear.out_features, in_shape[1:])
    with torch.no_grad():
        conv.weight.copy_(linear.weight.reshape(conv.weight.shape))
        conv.bias.copy_(linear.bias)
    return conv


@wrong("fc_to_conv", hint="starts with random ones")
def fc_nothing_copied(linear, in_shape):
    return nn.Conv2d(in_shape[0], linear.out_features, in_shape[1:])


@wrong("fc_to_conv", hint="Leave stride, padding")
def fc_padded(linear, in_shape):
    return converted(linear, in_shape, padding=1)


@wrong("fc_to_conv", hint="Leave stride, padding")
def fc_strided(linear, in_shape):
    return converted(linear, in_shape, stride=in_shape[1:])


@wrong("fc_to_conv", hint="Return the layer itself")
def fc_weight_only(linear, in_shape):
    return linear.weight.reshape(-1, *in_shape)


@wrong("fc_to_conv", hint="Your function changes the linear layer")
def fc_linear_changed(linear, in_shape):
    conv = converted(linear, in_shape)
    nn.init.zeros_(linear.weight)
    return conv


# predict_mask


@right("predict_mask")
def mask_by_sorting(scores):
    return scores.argsort(dim=1, descending=True)[:, 0]


@right("predict_mask")
def mask_of_probabilities(scores):
    return F.softmax(scores.double(), dim=1).max(dim=1).indices


@right("predict_mask")
def mask_with_numpy(scores):
    return np.argmax(scores.numpy(), axis=-3).astype(np.uint8)


@right("predict_mask")
def mask_as_lists(scores):
    n, k, h, w = scores.shape
    return [
        [[max(range(k), key=lambda c: float(scores[i, c, r, j])) for j in range(w)] for r in range(h)]
        for i in range(n)
    ]


@wrong("predict_mask", hint="along the rows")
def mask_over_rows(scores):
    return scores.argmax(2)


@wrong("predict_mask", hint="along the columns")
def mask_over_columns(scores):
    return scores.argmax(-1)


@wrong("predict_mask", hint="along the images of the batch")
def mask_over_batch(scores):
    return scores.argmax(0)


@wrong("predict_mask", hint="softmax over the batch")
def mask_softmax_over_batch(scores):
    return F.softmax(scores.double(), dim=0).argmax(1)


@wrong("predict_mask", hint="softmax over rows or columns")
def mask_softmax_over_columns(scores):
    return F.softmax(scores.double(), dim=-1).argmax(1)


@wrong("predict_mask", hint="largest score itself")
def mask_largest(scores):
    return scores.max(dim=1).values


@wrong("predict_mask", hint="Wanted are the indices")
def mask_values_and_indices(scores):
    return torch.max(scores, 1)


@wrong("predict_mask", hint="axis of the classes")
def mask_without_an_axis(scores):
    return scores.argmax()


@wrong("predict_mask", hint="smallest score")
def mask_smallest(scores):
    return scores.argmin(1)


@wrong("predict_mask", hint="counted from 1")
def mask_from_one(scores):
    return scores.argmax(1) + 1


@wrong("predict_mask", hint="with length 1")
def mask_axis_kept(scores):
    return scores.argmax(1, keepdim=True)


@wrong("predict_mask", hint="K masks of 0 and 1")
def mask_one_hot(scores):
    return F.one_hot(scores.argmax(1), scores.shape[1]).movedim(-1, 1)


@wrong("predict_mask", hint="return probabilities")
def mask_probabilities(scores):
    return F.softmax(scores.double(), dim=1)


@wrong("predict_mask", hint="One answer for each whole image")
def mask_of_images(scores):
    return scores.double().mean((2, 3)).argmax(1)


@wrong("predict_mask", hint="Only the first image")
def mask_first_image(scores):
    return scores[0].argmax(0)


@wrong("predict_mask", hint="absolute score")
def mask_absolute(scores):
    return scores.abs().argmax(1)


@wrong("predict_mask", hint="compare the scores with each other")
def mask_after_relu(scores):
    return F.relu(scores).argmax(1)


@wrong("predict_mask", hint="Convert the result")
def mask_floats(scores):
    return scores.argmax(1).float()


@wrong("predict_mask", hint="writes into its input")
def mask_in_place(scores):
    mask = scores.argmax(1)
    scores -= 1
    return mask


# iou


@right("iou")
def iou_by_bincount(prediction, target, num_classes):
    pairs = np.bincount((target * num_classes + prediction).flatten(), minlength=num_classes**2)
    table = pairs.reshape(num_classes, num_classes)
    both = np.diag(table)
    with np.errstate(invalid="ignore"):
        return both / (table.sum(0) + table.sum(1) - both)


@right("iou")
def iou_in_torch(prediction, target, num_classes):
    p, t = (F.one_hot(mask, num_classes).flatten(0, -2).bool() for mask in (prediction, target))
    return (p & t).sum(0) / (p | t).sum(0)


@right("iou")
def iou_with_sets(prediction, target, num_classes):
    out = []
    for k in range(num_classes):
        p, t = ({i for i, v in enumerate(mask.flatten().tolist()) if v == k} for mask in (prediction, target))
        out.append(len(p & t) / len(p | t) if p | t else float("nan"))
    return out


def counted(prediction, target, k):
    return prediction == k, target == k


def each_class(score):
    def iou(prediction, target, num_classes):
        return [float(score(*counted(prediction, target, k))) for k in range(num_classes)]

    return iou


@wrong("iou", hint="do not divide")
def iou_zero_division(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).sum().item() / (p | t).sum().item())(
        prediction, target, num_classes
    )


@wrong("iou", hint="You return one number")
def iou_mean(prediction, target, num_classes):
    return np.nanmean(iou_in_torch(prediction, target, num_classes))


@wrong("iou", hint="share of pixels that agree")
def iou_accuracy(prediction, target, num_classes):
    return (prediction == target).double().mean()


@wrong("iou", hint="one IoU over all pixels")
def iou_global(prediction, target, num_classes):
    both = (prediction == target).sum()
    return both / (2 * target.numel() - both)


@wrong("iou", hint="not 0")
def iou_zero_for_absent(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).sum() / (p | t).sum().clamp(min=1))(
        prediction, target, num_classes
    )


@wrong("iou", hint="not 0")
def iou_small_number_added(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).sum() / ((p | t).sum() + 1e-9))(prediction, target, num_classes)


@wrong("iou", hint="not 1")
def iou_one_for_absent(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).sum() / (p | t).sum() if (p | t).any() else 1)(
        prediction, target, num_classes
    )


@wrong("iou", hint="A class in one of them only has IoU 0")
def iou_nan_where_no_target(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).sum() / (p | t).sum() if t.any() else np.nan)(
        prediction, target, num_classes
    )


@wrong("iou", hint="A class in one of them only has IoU 0")
def iou_nan_where_no_overlap(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).sum() / (p | t).sum() if (p & t).any() else np.nan)(
        prediction, target, num_classes
    )


@wrong("iou", hint="recall")
def iou_recall(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).sum() / t.sum())(prediction, target, num_classes)


@wrong("iou", hint="precision")
def iou_precision(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).sum() / p.sum())(prediction, target, num_classes)


@wrong("iou", hint="counted twice")
def iou_sum_for_union(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).sum() / (p.sum() + t.sum()))(prediction, target, num_classes)


@wrong("iou", hint="pixels in one mask only")
def iou_by_the_difference(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).sum() / (p ^ t).sum())(prediction, target, num_classes)


@wrong("iou", hint="1 - IoU")
def iou_distance(prediction, target, num_classes):
    return 1 - iou_in_torch(prediction, target, num_classes)


@wrong("iou", hint="Dice")
def iou_dice(prediction, target, num_classes):
    return each_class(lambda p, t: 2 * (p & t).sum() / (p.sum() + t.sum()))(prediction, target, num_classes)


@wrong("iou", hint="divide by all pixels")
def iou_of_all_pixels(prediction, target, num_classes):
    return each_class(lambda p, t: (p & t).double().mean())(prediction, target, num_classes)


@wrong("iou", hint="'class or not' agrees")
def iou_binary_accuracy(prediction, target, num_classes):
    return each_class(lambda p, t: (p == t).double().mean())(prediction, target, num_classes)


@wrong("iou", hint="Class 0 is missing")
def iou_without_background(prediction, target, num_classes):
    return iou_in_torch(prediction, target, num_classes)[1:]


@wrong("iou", hint="counted from 0")
def iou_classes_from_one(prediction, target, num_classes):
    return iou_in_torch(prediction, target, num_classes + 1)[1:]


@wrong("iou", hint="left out")
def iou_present_classes(prediction, target, num_classes):
    found = iou_in_torch(prediction, target, num_classes)
    return found[~found.isnan()]


@wrong("iou", hint="last class is missing")
def iou_last_class_missing(prediction, target, num_classes):
    return iou_in_torch(prediction, target, num_classes)[:-1]


@wrong("iou", hint="average over the images")
def iou_per_image(prediction, target, num_classes):
    rows = [iou_in_torch(p, t, num_classes) for p, t in zip(prediction, target, strict=True)]
    return torch.stack(rows).nanmean(0)


@wrong("iou", hint="Only the first image")
def iou_first_image(prediction, target, num_classes):
    return iou_in_torch(prediction[0], target[0], num_classes)


@wrong("iou", hint="fractions are cut off")
def iou_whole_numbers(prediction, target, num_classes):
    return each_class(
        lambda p, t: (p & t).sum() // (p | t).sum() if (p | t).any() else torch.tensor(torch.nan)
    )(prediction, target, num_classes)


@wrong("iou", hint="writes into its input")
def iou_in_place(prediction, target, num_classes):
    out = iou_in_torch(prediction, target, num_classes)
    prediction[prediction == target] = 0
    return out


# upsample_nearest


@right("upsample_nearest")
def upsample_with_kron(x, factor):
    return np.kron(x, np.ones((factor, factor)))


@right("upsample_nearest")
def upsample_with_torch(x, factor):
    x = torch.from_numpy(x)
    return x.repeat_interleave(factor, dim=-2).repeat_interleave(factor, dim=-1)


@right("upsample_nearest")
def upsample_with_interpolate(x, factor):
    maps = torch.from_numpy(x).double().reshape(1, -1, *x.shape[-2:])
    out = F.interpolate(maps, scale_factor=factor, mode="nearest")
    return out.reshape(*x.shape[:-2], *out.shape[-2:])


@right("upsample_nearest")
def upsample_in_loops(x, factor):
    out = np.empty((*x.shape[:-2], factor * x.shape[-2], factor * x.shape[-1]))
    for row in range(out.shape[-2]):
        for column in range(out.shape[-1]):
            out[..., row, column] = x[..., row // factor, column // factor]
    return out


@wrong("upsample_nearest", hint="side by side")
def upsample_tiled(x, factor):
    return np.tile(x, (factor, factor))


@wrong("upsample_nearest", hint="Only the rows")
def upsample_rows(x, factor):
    return np.repeat(x, factor, axis=-2)


@wrong("upsample_nearest", hint="Only the columns")
def upsample_columns(x, factor):
    return np.repeat(x, factor, axis=-1)


@wrong("upsample_nearest", hint="first two axes")
def upsample_first_axes(x, factor):
    return x.repeat(factor, 0).repeat(factor, 1)


@wrong("upsample_nearest", hint="np.repeat needs its axis")
def upsample_flattened(x, factor):
    return np.repeat(x, factor)


@wrong("upsample_nearest", hint="All axes are repeated")
def upsample_all_axes(x, factor):
    for axis in range(x.ndim):
        x = np.repeat(x, factor, axis)
    return x


@wrong("upsample_nearest", hint="stand zeros")
def upsample_zeros_between(x, factor):
    out = np.zeros((*x.shape[:-2], factor * x.shape[-2], factor * x.shape[-1]))
    out[..., ::factor, ::factor] = x
    return out


@wrong("upsample_nearest", hint="Rows are repeated as a block")
def upsample_rows_as_block(x, factor):
    wide = np.repeat(x, factor, axis=-1)
    return np.concatenate([wide] * factor, axis=-2)


@wrong("upsample_nearest", hint="Columns are repeated as a block")
def upsample_columns_as_block(x, factor):
    tall = np.repeat(x, factor, axis=-2)
    return np.concatenate([tall] * factor, axis=-1)


@wrong("upsample_nearest", hint="Neighbours are mixed")
def upsample_bilinear(x, factor):
    maps = torch.from_numpy(x).double().reshape(1, -1, *x.shape[-2:])
    out = F.interpolate(maps, scale_factor=factor, mode="bilinear")
    return out.reshape(*x.shape[:-2], *out.shape[-2:])


@wrong("upsample_nearest", hint="factor is fixed")
def upsample_twice(x, factor):
    return x.repeat(2, -1).repeat(2, -2)


@wrong("upsample_nearest", hint="fractions are cut off")
def upsample_integers(x, factor):
    return x.repeat(factor, -1).repeat(factor, -2).astype(int)


# conv_transpose2d


def pair(stride):
    return (stride, stride) if isinstance(stride, int) else stride


def stamped(input, weight, stride, *, size=None, start=None, add=True):
    """The loops of the solution, with one thing changed."""
    (n, _, h, w), (_, c_out, kh, kw), (sh, sw) = input.shape, weight.shape, pair(stride)
    high, wide = size or ((h - 1) * sh + kh, (w - 1) * sw + kw)
    out = np.zeros((n, c_out, high, wide))
    for i in range(h):
        for j in range(w):
            top, left = start(i, j) if start else (i * sh, j * sw)
            stamp = np.einsum("nc,cohw->nohw", input[:, :, i, j], weight)
            place = out[:, :, top : top + kh, left : left + kw]
            place[:] = (place if add else 0) + stamp[:, :, : place.shape[2], : place.shape[3]]
    return out


@right("conv_transpose2d")
def transposed_by_torch(input, weight, stride):
    return F.conv_transpose2d(
        torch.from_numpy(input).double(), torch.from_numpy(weight).double(), stride=stride
    )


@right("conv_transpose2d")
def transposed_by_autograd(input, weight, stride):
    (n, _, h, w), (_, c_out, kh, kw), (sh, sw) = input.shape, weight.shape, pair(stride)
    image = torch.zeros(
        n, c_out, (h - 1) * sh + kh, (w - 1) * sw + kw, dtype=torch.float64, requires_grad=True
    )
    small = F.conv2d(image, torch.from_numpy(weight).double(), stride=stride)
    small.backward(torch.from_numpy(input).double())
    return image.grad


@right("conv_transpose2d")
def transposed_zeros_between(input, weight, stride):
    (n, c_in, h, w), (_, _, kh, kw), (sh, sw) = input.shape, weight.shape, pair(stride)
    spread = torch.zeros(n, c_in, (h - 1) * sh + 1, (w - 1) * sw + 1, dtype=torch.float32)
    spread[:, :, ::sh, ::sw] = torch.from_numpy(input)
    flipped = torch.from_numpy(weight).float().flip(2, 3).transpose(0, 1)
    return F.conv2d(spread, flipped, padding=(kh - 1, kw - 1))


@right("conv_transpose2d")
def transposed_tap_by_tap(input, weight, stride):
    (n, _, h, w), (_, c_out, kh, kw), (sh, sw) = input.shape, weight.shape, pair(stride)
    out = np.zeros((n, c_out, (h - 1) * sh + kh, (w - 1) * sw + kw))
    for a in range(kh):
        for b in range(kw):
            taps = np.einsum("nchw,co->nohw", input, weight[:, :, a, b])
            out[:, :, a : a + (h - 1) * sh + 1 : sh, b : b + (w - 1) * sw + 1 : sw] += taps
    return out


@wrong("conv_transpose2d", hint="kernel is flipped")
def transposed_flipped(input, weight, stride):
    return stamped(input, weight[:, :, ::-1, ::-1], stride)


@wrong("conv_transpose2d", hint="kernel is flipped")
def transposed_forward_without_flip(input, weight, stride):
    return transposed_zeros_between(input, weight[:, :, ::-1, ::-1].copy(), stride)


@wrong("conv_transpose2d", hint="+=, not =")
def transposed_overwritten(input, weight, stride):
    return stamped(input, weight, stride, add=False)


@wrong("conv_transpose2d", hint="the stride plays no part")
def transposed_no_stride(input, weight, stride):
    return stamped(input, weight, 1)


@wrong("conv_transpose2d", hint="The size is right")
def transposed_no_stride_in_the_index(input, weight, stride):
    return stamped(input, weight, stride, start=lambda i, j: (i, j))


@wrong("conv_transpose2d", hint="Both axes use the first number")
def transposed_one_stride(input, weight, stride):
    return stamped(input, weight, pair(stride)[0])


@wrong("conv_transpose2d", hint="are swapped: it is (height, width)")
def transposed_stride_swapped(input, weight, stride):
    return stamped(input, weight, pair(stride)[::-1])


@wrong("conv_transpose2d", hint="a kernel apart")
def transposed_side_by_side(input, weight, stride):
    return stamped(input, weight, weight.shape[2:])


@wrong("conv_transpose2d", hint="Yours is n s.")
def transposed_n_times_s(input, weight, stride):
    (h, w), (sh, sw) = input.shape[2:], pair(stride)
    return stamped(input, weight, stride, size=(h * sh, w * sw))


@wrong("conv_transpose2d", hint="Yours is n s + k")
def transposed_n_s_plus_k(input, weight, stride):
    (h, w), (kh, kw), (sh, sw) = input.shape[2:], weight.shape[2:], pair(stride)
    return stamped(input, weight, stride, size=(h * sh + kh, w * sw + kw))


@wrong("conv_transpose2d", hint="taken for (C_out, C_in)")
def transposed_outputs_first(input, weight, stride):
    return stamped(input, weight.swapaxes(0, 1), stride)


@wrong("conv_transpose2d", hint="Only the first input channel")
def transposed_first_channel(input, weight, stride):
    return stamped(input[:, :1], weight[:1], stride)


@wrong("conv_transpose2d", hint="Only the first image")
def transposed_first_image(input, weight, stride):
    return stamped(input[:1], weight, stride)


@wrong("conv_transpose2d", hint="kernel is transposed")
def transposed_kernel_transposed(input, weight, stride):
    return stamped(input, weight.swapaxes(2, 3), stride)


@wrong("conv_transpose2d", hint="fractions are cut off")
def transposed_integers(input, weight, stride):
    return stamped(input, weight, stride).astype(weight.dtype)


@wrong("conv_transpose2d", hint="not zeros_like")
def transposed_added_to_integers(input, weight, stride):
    (n, _, h, w), (_, c_out, kh, kw), (sh, sw) = input.shape, weight.shape, np.broadcast_to(stride, 2)
    out = np.zeros((n, c_out, (h - 1) * sh + kh, (w - 1) * sw + kw), input.dtype)
    for i, j in np.ndindex(h, w):
        stamp = np.einsum("nc,cohw->nohw", input[:, :, i, j], weight)
        out[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw] += stamp
    return out


@wrong("conv_transpose2d", hint="torch computes with one type only")
def transposed_by_torch_in_two_types(input, weight, stride):
    return F.conv_transpose2d(torch.from_numpy(input), torch.from_numpy(weight), stride=stride)


@wrong("conv_transpose2d", hint="take one number for both axes")
def transposed_pairs_alone(input, weight, stride):
    sh, sw = stride
    return stamped(input, weight, (sh, sw))


@wrong("conv_transpose2d", hint="take (height, width) pairs")
def transposed_numbers_alone(input, weight, stride):
    return stamped(input, weight, int(stride))


@wrong("conv_transpose2d", hint="ordinary convolution")
def transposed_forward(input, weight, stride):
    return F.conv2d(
        torch.from_numpy(input).double(), torch.from_numpy(weight).double().transpose(0, 1), stride=stride
    )


@wrong("conv_transpose2d", hint="writes into its input")
def transposed_in_place(input, weight, stride):
    out = stamped(input, weight, stride)
    weight[:] = weight[:, :, ::-1, ::-1].copy()
    return out


EQUIVALENT = {
    "iou": {
        "p, t = (prediction == k, target == k)  =>  p, t = (target == k, prediction == k)": (
            "intersection and union are symmetric in prediction and target"
        ),
    },
}
