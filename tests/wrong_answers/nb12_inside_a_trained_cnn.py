"""Answers to the exercises of notebook 12."""

from itertools import product

import numpy as np
import torch
import torch.nn.functional as F

from tests.wrong_answers import right, wrong

# feature_maps


def run(model, x):
    with torch.no_grad():
        return model(x)


@right("feature_maps")
def with_a_hook_function(model, layer, x):
    found = {}

    def keep(module, inputs, output):
        found["maps"] = output.detach().clone()

    handle = layer.register_forward_hook(keep)
    model(x)
    handle.remove()
    return found["maps"]


@right("feature_maps")
@torch.no_grad()
def with_a_try(model, layer, x):
    kept = []
    handle = layer.register_forward_hook(lambda m, i, o: kept.append(o.clone()))
    try:
        model(x)
    finally:
        handle.remove()
    return kept[0]


@right("feature_maps")
def by_replacing_forward(model, layer, x):
    forward, kept = layer.forward, []

    def spy(*inputs):
        output = forward(*inputs)
        kept.append(output.clone())
        return output

    layer.forward = spy
    run(model, x)
    del layer.forward
    return kept[0]


@wrong("feature_maps", hint="Your hook is still there")
def hook_left(model, layer, x):
    kept = []
    layer.register_forward_hook(lambda m, i, o: kept.append(o.clone()))
    run(model, x)
    return kept[-1]


@wrong("feature_maps", hint="hold on to the gradients")
def grad_kept(model, layer, x):
    kept = []
    handle = layer.register_forward_hook(lambda m, i, o: kept.append(o.clone()))
    model(x)
    handle.remove()
    return kept[0]


@wrong("feature_maps", hint="works in place")
def not_copied(model, layer, x):
    kept = []
    handle = layer.register_forward_hook(lambda m, i, o: kept.append(o))
    run(model, x)
    handle.remove()
    return kept[0]


@wrong("feature_maps", hint="goes into the layer")
def inputs(model, layer, x):
    kept = []
    handle = layer.register_forward_hook(lambda m, i, o: kept.append(i[0].clone()))
    run(model, x)
    handle.remove()
    return kept[0]


@wrong("feature_maps", hint="output of the whole model")
def scores(model, layer, x):
    return run(model, x)


@wrong("feature_maps", hint="run the whole model")
def layer_alone(model, layer, x):
    with torch.no_grad():
        return layer(x.clone()).clone()


@wrong("feature_maps", hint="stopped with an error")
def removed_too_early(model, layer, x):
    kept = []
    handle = layer.register_forward_hook(lambda m, i, o: kept.append(o.clone()))
    handle.remove()
    run(model, x)
    return kept[0]


@wrong("feature_maps", hint="another's hook")
def all_hooks_cleared(model, layer, x):
    kept = []
    layer.register_forward_hook(lambda m, i, o: kept.append(o.clone()))
    run(model, x)
    layer._forward_hooks.clear()
    return kept[0]


@wrong("feature_maps", hint="another layer, model.conv1")
def first_layer_always(model, layer, x):
    return with_a_hook_function(model, next(model.children()), x)


@wrong("feature_maps", hint="first image only")
def one_image(model, layer, x):
    return with_a_hook_function(model, layer, x)[0]


@wrong("feature_maps", hint="model's mode")
def left_in_training(model, layer, x):
    maps = with_a_hook_function(model, layer, x)
    model.train()
    return maps


@wrong("feature_maps", hint="stay switched off")
def gradients_off(model, layer, x):
    torch.set_grad_enabled(False)
    return with_a_hook_function(model, layer, x)


@wrong("feature_maps", hint="one tensor")
def whole_list(model, layer, x):
    return [with_a_hook_function(model, layer, x)]


@wrong("feature_maps", hint="in the middle of training")
def switched_to_eval(model, layer, x):
    model.eval()
    return with_a_hook_function(model, layer, x)


@wrong("feature_maps", hint="ran in training mode")
def run_in_training(model, layer, x):
    model.train()
    maps = with_a_hook_function(model, layer, x)
    model.eval()
    return maps


@wrong("feature_maps", hint="one after the other")
def modules_in_a_row(model, layer, x):
    with torch.no_grad():
        for module in model.children():
            x = module(x)
            if module is layer:
                return x.clone()


# top_patches


def pair(value):
    return (value, value) if isinstance(value, int) else value


def cut(images, n, top, left, size):
    far = 50
    padded = F.pad(images, (far, far, far, far))
    return padded[n, far + top : far + top + size[0], far + left : far + left + size[1]]


def best(maps, k):
    order = maps.flatten().argsort(descending=True)[:k]
    return [tuple(int(i) for i in np.unravel_index(int(flat), maps.shape)) for flat in order]


def patch(images, n, row, column, kernel_size, stride, padding):
    (sy, sx), (py, px) = pair(stride), pair(padding)
    return cut(images, n, row * sy - py, column * sx - px, pair(kernel_size))


@right("top_patches")
def with_unravel_index(maps, images, k, kernel_size, stride, padding):
    window = kernel_size, stride, padding
    return [(n, r, c, patch(images, n, r, c, *window)) for n, r, c in best(maps, k)]


@right("top_patches")
def sorted_places_pixel_by_pixel(maps, images, k, kernel_size, stride, padding):
    values, pixels = maps.numpy(), images.numpy()
    (kh, kw), (sy, sx), (py, px) = pair(kernel_size), pair(stride), pair(padding)
    places = sorted(np.ndindex(*values.shape), key=lambda p: -values[p])[:k]
    found = []
    for n, row, column in places:
        piece = np.zeros((kh, kw), dtype=pixels.dtype)
        for i, j in product(range(kh), range(kw)):
            y, x = row * sy - py + i, column * sx - px + j
            if 0 <= y < pixels.shape[1] and 0 <= x < pixels.shape[2]:
                piece[i, j] = pixels[n, y, x]
        found.append([n, row, column, piece])
    return tuple(found)


@right("top_patches")
def with_topk_and_tensors(maps, images, k, kernel_size, stride, padding):
    (kh, kw), (sy, sx), (py, px) = pair(kernel_size), pair(stride), pair(padding)
    images = F.pad(images, (px, px, py, py))
    _, oh, ow = maps.shape
    found = []
    for i in maps.flatten().topk(k).indices:
        n, row, column = i // (oh * ow), i // ow % oh, i % ow
        found.append((n, row, column, images[n, row * sy : row * sy + kh, column * sx : column * sx + kw]))
    return found


def best_of_each(maps):
    return [(n, *divmod(int(one.argmax()), maps.shape[2])) for n, one in enumerate(maps)]


def wrongly(hint, name, places=best, cutting=patch, order=lambda n, r, c: (n, r, c)):
    def answer(maps, images, k, kernel_size, stride, padding):
        window = kernel_size, stride, padding
        return [(*order(n, r, c), cutting(images, n, r, c, *window)) for n, r, c in places(maps, k)[:k]]

    answer.__name__ = name
    wrong("top_patches", hint=hint)(answer)


wrongly("smallest responses", "ascending", lambda maps, k: best(-maps, k))
wrongly("absolute values", "absolute", lambda maps, k: best(maps.abs(), k))
wrongly("best place of each image", "per_image", lambda maps, k: best_of_each(maps) * k)
wrongly("Row and column are swapped", "swapped", order=lambda n, r, c: (n, c, r))
wrongly(
    "The stride is not used",
    "no_stride",
    cutting=lambda images, n, r, c, k, s, p: patch(images, n, r, c, k, 1, p),
)
wrongly(
    "The padding is not used",
    "no_padding",
    cutting=lambda images, n, r, c, k, s, p: patch(images, n, r, c, k, s, 0),
)
wrongly("The padding was added", "padding_added", cutting=lambda images, n, r, c, k, s, p: patch(
    images, n, r, c, k, s, tuple(-v for v in pair(p))))  # fmt: skip
wrongly("is centred on", "centred", cutting=lambda images, n, r, c, k, s, p: patch(
    images, n, r, c, k, s, tuple(v // 2 for v in pair(k))))  # fmt: skip
wrongly("swapped when the patch is cut", "turned", cutting=lambda images, n, r, c, k, s, p: cut(
    images, n, c * pair(s)[1] - pair(p)[1], r * pair(s)[0] - pair(p)[0], pair(k)))  # fmt: skip


wrongly("dividing by the number of columns", "divided_by_the_height", lambda maps, k: [
    (i // maps[0].numel(), *divmod(i % maps[0].numel(), maps.shape[1]))
    for i in maps.flatten().argsort(descending=True)[:k].tolist()])  # fmt: skip
wrongly("in rising order", "rising", lambda maps, k: best(maps, k)[::-1])
wrongly("pairs are (height, width)", "stride_turned", cutting=lambda images, n, r, c, k, s, p: patch(
    images, n, r, c, k, pair(s)[::-1], p))  # fmt: skip
wrongly("pairs are (height, width)", "padding_turned", cutting=lambda images, n, r, c, k, s, p: patch(
    images, n, r, c, k, s, pair(p)[::-1]))  # fmt: skip
wrongly("out of the first image", "first_image", cutting=lambda images, n, *rest: patch(images, 0, *rest))
wrongly("two axes", "with_a_channel_axis", cutting=lambda *rest: patch(*rest)[None])


@wrong("top_patches", hint="out of the maps")
def cut_from_the_maps(maps, images, k, kernel_size, stride, padding):
    return with_unravel_index(maps, maps, k, kernel_size, stride, padding)


@wrong("top_patches", hint="repeats the border")
def border_repeated(maps, images, k, kernel_size, stride, padding):
    wide = F.pad(images[:, None], (20, 20, 20, 20), mode="replicate")[:, 0]
    (sy, sx), (py, px) = pair(stride), pair(padding)
    return [
        (n, r, c, cut(wide, n, 20 + r * sy - py, 20 + c * sx - px, pair(kernel_size)))
        for n, r, c in best(maps, k)
    ]


@wrong("top_patches", hint="of the map, not of the image")
def image_coordinates(maps, images, k, kernel_size, stride, padding):
    (sy, sx), (py, px) = pair(stride), pair(padding)
    window = kernel_size, stride, padding
    return [(n, r * sy - py, c * sx - px, patch(images, n, r, c, *window)) for n, r, c in best(maps, k)]


@wrong("top_patches", hint="pad the images")
def cut_at_the_border(maps, images, k, kernel_size, stride, padding):
    (kh, kw), (sy, sx), (py, px) = pair(kernel_size), pair(stride), pair(padding)
    found = []
    for n, row, column in best(maps, k):
        y, x = row * sy - py, column * sx - px
        found.append((n, row, column, images[n, max(y, 0) : y + kh, max(x, 0) : x + kw]))
    return found


@wrong("top_patches", hint="one tuple")
def patches_only(maps, images, k, kernel_size, stride, padding):
    return [place[3] for place in with_unravel_index(maps, images, k, kernel_size, stride, padding)]


@wrong("top_patches", hint="one tuple")
def one_too_few(maps, images, k, kernel_size, stride, padding):
    return with_unravel_index(maps, images, k - 1, kernel_size, stride, padding)


@wrong("top_patches", hint="stopped with an error")
def ints_only(maps, images, k, kernel_size, stride, padding):
    images = F.pad(images, (padding, padding, padding, padding))
    found = []
    for n, r, c in best(maps, k):
        y, x = r * stride, c * stride
        found.append((n, r, c, images[n, y : y + kernel_size, x : x + kernel_size]))
    return found


@wrong("top_patches", hint="Do not write into maps")
def crosses_out(maps, images, k, kernel_size, stride, padding):
    found = []
    for _ in range(k):
        ((n, row, column),) = best(maps, 1)
        found.append((n, row, column, patch(images, n, row, column, kernel_size, stride, padding)))
        maps[n, row, column] = -float("inf")
    return found


# confusion_matrix


@right("confusion_matrix")
def with_add_at(targets, predictions, num_classes):
    matrix = np.zeros((num_classes, num_classes), int)
    np.add.at(matrix, (targets.numpy(), predictions.numpy()), 1)
    return matrix


@right("confusion_matrix")
def with_one_hot(targets, predictions, num_classes):
    return F.one_hot(targets, num_classes).T @ F.one_hot(predictions, num_classes)


@right("confusion_matrix")
def as_lists(targets, predictions, num_classes):
    matrix = [[0] * num_classes for _ in range(num_classes)]
    for t, p in zip(targets, predictions, strict=True):
        matrix[t][p] += 1
    return matrix


@wrong("confusion_matrix", hint="Rows and columns are swapped")
def transposed(targets, predictions, num_classes):
    return with_add_at(predictions, targets, num_classes)


@wrong("confusion_matrix", hint="rows are divided")
def row_shares(targets, predictions, num_classes):
    matrix = with_add_at(targets, predictions, num_classes)
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


@wrong("confusion_matrix", hint="columns are divided")
def column_shares(targets, predictions, num_classes):
    matrix = with_add_at(targets, predictions, num_classes)
    return matrix / np.maximum(matrix.sum(axis=0, keepdims=True), 1)


@wrong("confusion_matrix", hint="number of images")
def shares(targets, predictions, num_classes):
    return with_add_at(targets, predictions, num_classes) / len(targets)


@wrong("confusion_matrix", hint="only once")
def fancy_index(targets, predictions, num_classes):
    matrix = torch.zeros(num_classes, num_classes, dtype=torch.int64)
    matrix[targets, predictions] += 1
    return matrix


@wrong("confusion_matrix", hint="Only the diagonal")
def diagonal(targets, predictions, num_classes):
    return np.diag(np.bincount(targets[targets == predictions], minlength=num_classes))


@wrong("confusion_matrix", hint="The diagonal is empty")
def mistakes_only(targets, predictions, num_classes):
    off = targets != predictions
    return with_add_at(targets[off], predictions[off], num_classes)


@wrong("confusion_matrix", hint="always num_classes")
def classes_that_occur(targets, predictions, num_classes):
    return with_add_at(targets, predictions, int(max(targets.max(), predictions.max())) + 1)


@wrong("confusion_matrix", hint="always num_classes")
def labels_that_occur(targets, predictions, num_classes):
    there = np.union1d(targets, predictions)
    return with_add_at(targets, predictions, num_classes)[np.ix_(there, there)]


@wrong("confusion_matrix", hint="all in one row")
def not_reshaped(targets, predictions, num_classes):
    return torch.bincount(targets * num_classes + predictions, minlength=num_classes**2)


@wrong("confusion_matrix", hint="percentage")
def percentages(targets, predictions, num_classes):
    return 100 * shares(targets, predictions, num_classes)


@wrong("confusion_matrix", hint="cell for each pair")
def class_counts(targets, predictions, num_classes):
    return torch.bincount(targets, minlength=num_classes)


@wrong("confusion_matrix", hint="stopped with an error")
def reshaped_too_short(targets, predictions, num_classes):
    return torch.bincount(targets * num_classes + predictions).reshape(num_classes, num_classes)


@wrong("confusion_matrix", hint="right dtype")
def floats(targets, predictions, num_classes):
    return with_add_at(targets, predictions, num_classes).astype(float)


# occlusion_map


def map_of(model, image, target, size, stride=1, value=0, read=None, cover=None):
    """The map place by place; `cover` changes a copy of the image, `read` reads the model's scores."""
    read = read or (lambda scores: scores[target])
    _, height, width = image.shape
    tops, lefts = range(0, height - size + 1, stride), range(0, width - size + 1, stride)
    out = torch.zeros(len(tops), len(lefts))
    with torch.no_grad():
        whole = read(model(image[None])[0])
        for (i, top), (j, left) in product(enumerate(tops), enumerate(lefts)):
            covered = image.clone()
            if cover is None:
                covered[:, top : top + size, left : left + size] = value
            else:
                covered = cover(covered, top, left)
            out[i, j] = whole - read(model(covered[None])[0])
    return out


@right("occlusion_map")
def place_by_place(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value)


@right("occlusion_map")
def as_lists_of_rows(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value).tolist()


@wrong("occlusion_map", hint="Keep it")
def falls_only(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value).relu()


@wrong("occlusion_map", hint="The sign is lost")
def absolute_drop(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value).abs()


@wrong("occlusion_map", hint="or of its logarithm")
def of_log_softmax(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value, read=lambda s: s.log_softmax(0)[target])


@wrong("occlusion_map", hint="share by which")
def relative_drop(model, image, target, size, stride=1, value=0):
    whole = model(image[None])[0, target].item()
    return map_of(model, image, target, size, stride, value) / whole


@wrong("occlusion_map", hint="image's mean")
def filled_with_the_mean(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, image.mean())


@wrong("occlusion_map", hint="leave the image")
def beyond_the_border(model, image, target, size, stride=1, value=0):
    _, height, width = image.shape
    drops = torch.zeros(len(range(0, height, stride)), len(range(0, width, stride)))
    with torch.no_grad():
        for i, j in np.ndindex(*drops.shape):
            covered = image.clone()
            covered[:, i * stride : i * stride + size, j * stride : j * stride + size] = value
            drops[i, j] = model(image[None])[0, target] - model(covered[None])[0, target]
    return drops


@right("occlusion_map")
def one_batch(model, image, target, size, stride=1, value=0):
    _, height, width = image.shape
    batch = [image]
    for top in range(0, height - size + 1, stride):
        for left in range(0, width - size + 1, stride):
            mask = torch.zeros(height, width, dtype=torch.bool)
            mask[top : top + size, left : left + size] = True
            batch.append(torch.where(mask, torch.tensor(float(value)), image))
    logits = model(torch.stack(batch)).detach()[:, target]
    return (logits[0] - logits[1:]).reshape((height - size) // stride + 1, -1).numpy()


@wrong("occlusion_map", hint="The sign is turned")
def sign(model, image, target, size, stride=1, value=0):
    return -map_of(model, image, target, size, stride, value)


@wrong("occlusion_map", hint="logits of the covered images. Return")
def logits(model, image, target, size, stride=1, value=0):
    with torch.no_grad():
        return model(image[None])[0, target] - map_of(model, image, target, size, stride, value)


@wrong("occlusion_map", hint="the probability")
def probability(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value, lambda scores: scores.softmax(0)[target])


@wrong("occlusion_map", hint="highest logit")
def highest(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value, lambda scores: scores.max())


@wrong("occlusion_map", hint="another class")
def first_class(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value, lambda scores: scores[target - 1])


@wrong("occlusion_map", hint="moves by `stride`")
def stride_ignored(model, image, target, size, stride=1, value=0):
    rows, columns = ((side - size) // stride + 1 for side in image.shape[1:])
    return map_of(model, image, target, size, 1, value)[:rows, :columns]


@wrong("occlusion_map", hint="not with `value`")
def always_zero(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, 0)


@wrong("occlusion_map", hint="Only the first channel")
def one_channel(model, image, target, size, stride=1, value=0):
    def cover(covered, top, left):
        covered[0, top : top + size, left : left + size] = value
        return covered

    return map_of(model, image, target, size, stride, value, cover=cover)


@wrong("occlusion_map", hint="writes into the image")
def image_changed(model, image, target, size, stride=1, value=0):
    def cover(_, top, left):
        image[:, top : top + size, left : left + size] = value
        return image

    return map_of(model, image, target, size, stride, value, cover=cover)


@wrong("occlusion_map", hint="squares pile up")
def piled_up(model, image, target, size, stride=1, value=0):
    kept = image.clone()

    def cover(_, top, left):
        kept[:, top : top + size, left : left + size] = value
        return kept

    return map_of(model, image, target, size, stride, value, cover=cover)


@wrong("occlusion_map", hint="Everything but the square")
def keeps_the_square(model, image, target, size, stride=1, value=0):
    def cover(covered, top, left):
        other = torch.full_like(image, value)
        other[:, top : top + size, left : left + size] = image[:, top : top + size, left : left + size]
        return other

    return map_of(model, image, target, size, stride, value, cover=cover)


@wrong("occlusion_map", hint="Height and width of the map")
def turned(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value).T


@wrong("occlusion_map", hint="The last place is missing")
def last_place_left_out(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value)[:-1, :-1]


@wrong("occlusion_map", hint="stopped with an error")
def no_batch_axis(model, image, target, size, stride=1, value=0):
    return model(image)[target]


@wrong("occlusion_map", hint="holds on to the gradients")
def grad_kept_in_the_map(model, image, target, size, stride=1, value=0):
    return map_of(model, image, target, size, stride, value) + 0 * model(image[None])[0, target]


@wrong("occlusion_map", hint="Leave the model in its mode")
def left_in_training_mode(model, image, target, size, stride=1, value=0):
    model.train()
    return map_of(model, image, target, size, stride, value)


_WHOLE, _COVERED = "model(image[None])[0, target]", "model(covered[None])[0, target]"
EQUIVALENT = {
    "feature_maps": {
        "return kept[-1]  =>  return kept[-0]": "the layer runs once, so the list has one entry"
    },
    "occlusion_map": {
        f"{start}{call}  =>  {start}{call.replace('[0,', '[-1,')}": "a batch of one: its first row is its last"
        for start, call in (("whole = ", _WHOLE), ("drops[i, j] = whole - ", _COVERED))
    },
}
