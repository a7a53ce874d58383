"""The checks of notebook 12: feature maps, the most activating patches, the confusion matrix, occlusion."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from cnnlib.check.engine import Student, exercise
from cnnlib.check.text import table

Array = NDArray[Any]


@exercise(
    "A forward hook is called with (module, inputs, output) each time the module has run. Which of these do you keep?",
    "handle = layer.register_forward_hook(...); run model(x) under torch.no_grad(); handle.remove(). Keep "
    "output.clone().",
)
def feature_maps(student: Student) -> None:
    for name, index in (("norm", 2), ("conv1", 0), ("relu", 1), ("conv2", 3), ("head", 4)):
        model, x = _Toy().eval(), _noise(2, 3, 6, 5)
        layer, right = getattr(model, name), model.steps(x)
        notes: list[str] = []
        other = layer.register_forward_hook(lambda *_, notes=notes: notes.append("ran"))
        tried = f"feature_maps(model, model.{name}, x) with x {tuple(x.shape)}"
        given = x.clone()
        got = student.call(model, layer, given)
        _hooks_and_modes(student, tried, model, layer, other.id)
        notes.clear()
        model(x)
        student.require(
            notes == ["ran"], tried, "the hook that was there before is still there", "it is gone",
            "You removed another's hook as well. Remove only your own: handle.remove().",
        )  # fmt: skip
        student.require(
            isinstance(got, Tensor), tried, f"a tensor of shape {tuple(right[index].shape)}", type(got).__name__,
            "Return the layer's output, one tensor.",
        )  # fmt: skip
        student.require(torch.equal(given, x), tried, "x as it was", "x was changed", "Do not write into x.")
        wrong: list[tuple[str, Tensor]] = [
            ("This is what goes into the layer. Keep its output.", right[index - 1] if index else 2 * x - 1),
            ("This is the output of the whole model. Keep that of the layer.", right[4]),
            ("These are sums of the maps over the channels.", right[index].sum(1)),
            ("These are the maps of the first image only.", right[index][0]),
            ("These are the maps of the first image only.", right[index][:1]),
            *((f"This is the output of another layer, model.{other}.", right[i])
              for i, other in enumerate(("conv1", "relu", "norm", "conv2", "head"))),
        ]  # fmt: skip
        mistakes: list[tuple[str, Callable[[], object]]] = [(h, partial(_as_it_is, v)) for h, v in wrong]
        if index == 0:
            copied = (
                "These are the values that the next layer left: it works in place and writes into what your hook kept. "
                "Keep a copy, output.clone()."
            )
            mistakes.insert(0, (copied, partial(_as_it_is, right[1])))
        mistakes.append((
            "The model ran in training mode, where batch norm mixes the images. Leave it in the mode it is in.",
            partial(_in_training, model, layer, x),
        ))  # fmt: skip
        mistakes.append((
            "You ran the model's modules one after the other. What a model does with them is up to its forward: call "
            "model(x).",
            partial(_in_a_row, model, layer, x),
        ))  # fmt: skip
        mistakes.append((
            "The layer was run on x itself. It sees what the layers before it make of x: run the whole model.",
            partial(_alone, model, layer, x),
        ))  # fmt: skip
        student.agree(tried, right[index].numpy(), got, mistakes)
        student.require(
            not got.requires_grad, tried, "a tensor without gradient history", "requires_grad=True",
            "The maps still hold on to the gradients of the whole model. Run it under torch.no_grad(), or detach.",
        )  # fmt: skip
    model = _Toy().train()
    student.call(model, model.conv1, _noise(2, 3, 6, 5))
    student.require(
        model.training, "feature_maps with a model in training mode", "the model in training mode, as it was",
        "it is in eval mode", "Leave the model's mode as it is: whoever called you may be in the middle of training.",
    )  # fmt: skip


def _as_it_is(value: Tensor) -> Tensor:
    return value


def _alone(model: nn.Module, layer: nn.Module, x: Tensor) -> object:
    with torch.no_grad():
        return layer(x).clone()


def _in_training(model: nn.Module, layer: nn.Module, x: Tensor) -> object:
    kept: list[Tensor] = []
    handle = layer.register_forward_hook(lambda module, inputs, output: kept.append(output.clone()))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.no_grad():
        model.train()(x)
    model.eval().load_state_dict(before)
    handle.remove()
    return kept[0]


def _in_a_row(model: nn.Module, layer: nn.Module, x: Tensor) -> object:
    x = x.clone()
    with torch.no_grad():
        for module in model.children():
            x = module(x)
            if module is layer:
                break
    return x.clone()


def _hooks_and_modes(student: Student, tried: str, model: nn.Module, layer: nn.Module, own: int) -> None:
    hooks = [
        key
        for module in model.modules()
        for kind in (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks)
        for key in kind
        if key != own
    ]
    student.require(
        not hooks, tried, "no hook left on the model", f"{len(hooks)} left behind",
        "Your hook is still there: it would run, and keep its maps in memory, at every later call. Remove it with "
        "handle.remove(), after model(x) has run.",
    )  # fmt: skip
    student.require(
        not model.training, tried, "the model in eval mode, as it was", "it is in training mode",
        "Leave the model's mode as it is.",
    )  # fmt: skip
    on = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    student.require(
        on, tried, "gradients recorded again afterwards", "they stay switched off",
        "Gradients stay switched off after your function, for every cell below. Use `with torch.no_grad():`.",
    )  # fmt: skip


class _Toy(nn.Module):
    """A small net that is no plain row of layers, with a ReLU that works in place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.relu = nn.Conv2d(3, 3, 3, padding=1), nn.ReLU(inplace=True)
        self.norm, self.conv2 = nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3, stride=2)
        self.head = nn.Linear(4, 5)
        generator = torch.Generator().manual_seed(7)
        for tensor in (*self.parameters(), self.norm.running_mean, self.norm.running_var):
            assert tensor is not None
            tensor.data.copy_(
                torch.rand(tensor.shape, generator=generator) - (0.4 if tensor.ndim > 1 else -0.1)
            )

    def steps(self, x: Tensor) -> list[Tensor]:
        """The output of every layer, none overwritten."""
        with torch.no_grad():
            first = self.conv1(2 * x - 1)
            active = F.relu(first)
            normed = self.norm(active)
            second = self.conv2(normed + active)
            return [first, active, normed, second, self.head(second.mean((2, 3)))]

    def forward(self, x: Tensor) -> Tensor:
        active = self.relu(self.conv1(2 * x - 1))
        return cast("Tensor", self.head(self.conv2(self.norm(active) + active).mean((2, 3))))


def _noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@exercise(
    "Sort all responses of all images together. From a place in the flattened maps back to image, row and column: "
    "divmod, or np.unravel_index.",
    "Pad the images with zeros by `padding` in front and by enough behind; the patch then begins at row * stride, "
    "column * stride of the padded image.",
)
def top_patches(student: Student) -> None:
    for maps, images, k, *window in _patch_cases():
        small = images.numel() < 30
        shown = (
            f"{table(maps[0].numpy(), 'maps[0]')}\n{table(images[0].numpy(), 'images[0]')}\n" if small else ""
        )
        tried = (
            f"top_patches(maps, images, {', '.join(map(str, (k, *window)))})\n{shown}"
            f"maps {tuple(maps.shape)}, images {tuple(images.shape)}"
        )
        given = maps.clone(), images.clone()
        value = student.call(*given, k, *window)
        student.require(
            torch.equal(given[0], maps) and torch.equal(given[1], images), tried, "maps and images as they were",
            "one of them was changed", "Do not write into maps or images.",
        )  # fmt: skip
        places, patches = _split(student, tried, value, k)
        found = [(hint, _top(**change)(maps, images, k, *window)) for hint, change in _PATCH_MISTAKES]
        right = _top()(maps, images, k, *window)
        student.agree(
            f"{tried}\ncompared: image, row and column of each place", right[0], places,
            [(hint, partial(_item, made, 0)) for hint, made in found],
        )  # fmt: skip
        student.agree(
            f"{tried}\ncompared: the patches, {k} of them", right[1], patches,
            [(hint, partial(_item, made, 1)) for hint, made in found],
        )  # fmt: skip


def _item(made: tuple[Array, Array], index: int) -> Array:
    return made[index]


def _split(student: Student, tried: str, value: Any, k: int) -> tuple[Array, Array]:
    """The places (k, 3) and the patches (k, kH, kW) of what was returned."""
    rows = list(value) if isinstance(value, list | tuple) else []
    student.require(
        len(rows) == k and all(isinstance(row, list | tuple) and len(row) == 4 for row in rows), tried,
        f"a list of {k} tuples (image, row, column, patch)",
        f"a list of {len(rows)}" if isinstance(value, list | tuple) else type(value).__name__,
        "Return a list with one tuple (image, row, column, patch) for each of the k largest responses.",
    )  # fmt: skip
    places = [[student.numbers(part, tried) for part in row[:3]] for row in rows]
    student.require(
        all(part.ndim == 0 for place in places for part in place), tried, "image, row and column as numbers",
        "something else", "Image, row and column are one number each, the patch is an array.",
    )  # fmt: skip
    patches = [student.numbers(row[3], tried) for row in rows]
    student.require(
        all(patch.ndim == 2 for patch in patches), tried, "patches of shape (height, width)",
        f"a patch of shape {patches[0].shape}", "A patch is a piece of one image (H, W): it has two axes.",
    )  # fmt: skip
    student.require(
        len({patch.shape for patch in patches}) == 1, tried, "patches of one size",
        f"patches of the sizes {sorted({patch.shape for patch in patches})}",
        "A patch at the border is as large as the others, and 0 where it leaves the image: pad the images.",
    )  # fmt: skip
    return np.array([[int(part) for part in place] for place in places]), np.stack(patches)


def _patch_cases() -> list[tuple[Any, ...]]:
    """maps, images, k, kernel_size, stride, padding; no two responses are equal."""
    maps = torch.tensor([[[3.0, 1, 0], [2, 9, 4]]])
    image = torch.arange(1.0, 13).reshape(1, 3, 4)
    cases: list[tuple[Any, ...]] = [(maps, image, 2, 2, 1, 0), (maps.flip(2), image, 2, 2, 2, 1)]
    windows = ((3, 1, 1), ((3, 4), (2, 3), (0, 1)), ((2, 5), (3, 1), (1, 2)), (5, 2, 2), ((4, 2), 2, (3, 0)))
    for seed, (kernel, stride, padding) in enumerate(windows):
        sides = [
            (side + 2 * _two(padding)[axis] - _two(kernel)[axis]) // _two(stride)[axis] + 1
            for axis, side in enumerate((11, 8))
        ]
        generator = torch.Generator().manual_seed(seed)
        places = torch.randperm(3 * sides[0] * sides[1], generator=generator).reshape(3, *sides) - 20.25
        cases.append((places, _noise(3, 11, 8, seed=seed) + 0.1, 7, kernel, stride, padding))
    return cases


def _two(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _top(
    ascending: bool = False, per_image: bool = False, magnitude: bool = False, stride_used: bool = True,
    padding_used: bool = True, turned: bool = False, swapped: bool = False, image_coordinates: bool = False,
    padding_added: bool = False, centred: bool = False, rising: bool = False, wide_first: str = "",
    from_maps: bool = False, first_image: bool = False, border_repeated: bool = False, by_height: bool = False,
) -> Callable[..., tuple[Array, Array]]:  # fmt: skip
    """The places and their patches, right by default, or with a mistake."""

    def run(
        maps: Tensor, images: Tensor, k: int, kernel_size: Any, stride: Any, padding: Any
    ) -> tuple[Array, Array]:
        (high, wide), (down, right), (above, left) = map(_two, (kernel_size, stride, padding))
        values = np.abs(maps.numpy()) if magnitude else maps.numpy()
        order = np.argsort(values if ascending else -values, axis=None, kind="stable")
        if per_image:
            order = np.array([i * values[0].size + values[i].argmax() for i in range(len(values))] * k)
        if "stride" in wide_first:
            down, right = right, down
        if "padding" in wide_first:
            above, left = left, above
        order = order[:k][::-1] if rising else order
        far = 40
        sides = ((0, 0), (far, far), (far, far))
        shown = maps if from_maps else images
        padded = (
            np.pad(shown.numpy(), sides, mode="edge") if border_repeated else np.pad(shown.numpy(), sides)
        )
        places, patches = [], []
        for flat in order[:k]:
            n, row, column = (int(i) for i in np.unravel_index(flat, values.shape))
            if by_height:
                row, column = divmod(int(flat) % values[0].size, values.shape[1])
            y, x = (row * down, column * right) if stride_used else (row, column)
            if padding_used:
                y, x = (y + above, x + left) if padding_added else (y - above, x - left)
            if centred:
                y, x = row * down - high // 2, column * right - wide // 2
            if turned:
                y, x = x, y
            places.append(
                (n, y, x) if image_coordinates else (n, column, row) if swapped else (n, row, column)
            )
            patches.append(
                padded[0 if first_image else n, far + y : far + y + high, far + x : far + x + wide]
            )
        return np.array(places), np.stack(patches)

    return run


_PATCH_MISTAKES: list[tuple[str, dict[str, Any]]] = [
    ("These are the smallest responses. Sort in falling order.", {"ascending": True}),
    ("These are the largest absolute values. A strong negative response is no match.", {"magnitude": True}),
    ("This is the best place of each image. Sort the responses of all images together.", {"per_image": True}),
    ("Row and column are swapped: the row comes first.", {"swapped": True}),
    ("Return row and column of the map, not of the image.", {"image_coordinates": True}),
    ("The stride is not used: the patch of (row, column) begins at row * stride, column * stride, less the padding.",
     {"stride_used": False}),
    ("These are the right responses in rising order. The largest comes first.", {"rising": True}),
    ("Row and column come from dividing by the number of columns of the map, oW, not of rows.", {"by_height": True}),
    ("The pairs are (height, width): the first number belongs to the rows.", {"wide_first": "stride"}),
    ("The pairs are (height, width): the first number belongs to the rows.", {"wide_first": "padding"}),
    ("The pairs are (height, width): the first number belongs to the rows.", {"wide_first": "stride and padding"}),
    ("The patches are cut out of the maps. Cut them out of the images.", {"from_maps": True}),
    ("All patches are cut out of the first image.", {"first_image": True}),
    ("Where a patch leaves the image it is 0. Yours repeats the border.", {"border_repeated": True}),
    ("The padding is not used: the patch begins `padding` pixels before row * stride, column * stride.",
     {"padding_used": False}),
    ("The padding was added. The patch begins `padding` pixels before row * stride, column * stride: subtract.",
     {"padding_added": True}),
    ("The patch is centred on row * stride, column * stride. It begins there, less the padding.", {"centred": True}),
    ("Rows and columns of the image are swapped when the patch is cut out.", {"turned": True}),
]  # fmt: skip


@exercise(
    "One cell is increased for each image. Which index is its row, which its column?",
    "matrix[target, prediction] += 1 in a loop, or torch.bincount(targets * num_classes + predictions, minlength=...).",
)
def confusion_matrix(student: Student) -> None:
    small = torch.tensor([2, 0, 2, 1, 2, 0, 2]), torch.tensor([2, 1, 0, 1, 0, 0, 0]), 3
    cases: list[tuple[Any, ...]] = [small, (*small[:2], 5)]
    generator = torch.Generator().manual_seed(4)
    for count, classes in ((200, 4), (300, 10), (5, 7), (1, 2)):
        targets = torch.randint(0, classes, (count,), generator=generator)
        noise = torch.randint(0, classes, (count,), generator=generator)
        cases.append((targets, torch.where(noise > classes // 2, targets, noise), classes))
    student.compare(_confusion, cases, [
        ("Rows and columns are swapped: rows are the true classes, columns the predictions.",
         lambda targets, predictions, num_classes: _confusion(predictions, targets, num_classes)),
        ("The rows are divided by their sums. Return counts.", partial(_shares, axis=1)),
        ("The columns are divided by their sums. Return counts.", partial(_shares, axis=0)),
        ("Everything is divided by the number of images. Return counts.", partial(_shares, axis=None)),
        ("No cell is over 1. `matrix[targets, predictions] += 1` counts a pair that occurs several times only once; "
         "use a loop, np.add.at or bincount.", lambda *a: np.minimum(_confusion(*a), 1)),
        ("Only the diagonal is filled. Count the mistakes too.", lambda *a: np.diag(np.diag(_confusion(*a)))),
        ("The diagonal is empty. Count the right answers too.",
         lambda *a: _confusion(*a) * (1 - np.eye(a[2], dtype=int))),
        ("The matrix has a row only for the classes that occur. It is always num_classes x num_classes.",
         lambda t, p, n: _confusion(t, p, int(max(t.max(), p.max())) + 1)),
        ("The matrix has a row only for the classes that occur. It is always num_classes x num_classes.",
         _of_those_that_occur),
        ("The counts are all in one row. Give them the shape (num_classes, num_classes).",
         lambda *a: _confusion(*a).ravel()),
        ("Everything is a percentage. Return counts.",
         lambda targets, predictions, n: 100 * _shares(targets, predictions, n, None)),
        ("These are the counts of the true classes. The matrix has a cell for each pair.",
         lambda t, p, n: np.bincount(t, minlength=n)),
    ], kind="integer")  # fmt: skip


def _confusion(targets: Tensor, predictions: Tensor, num_classes: int) -> Array:
    matrix = np.zeros((num_classes, num_classes), dtype=np.int64)
    for target, prediction in zip(targets.tolist(), predictions.tolist(), strict=True):
        matrix[target, prediction] += 1
    return matrix


def _of_those_that_occur(targets: Tensor, predictions: Tensor, num_classes: int) -> Array:
    there = torch.cat([targets, predictions]).unique()
    return cast("Array", _confusion(targets, predictions, num_classes)[there][:, there])


def _shares(targets: Tensor, predictions: Tensor, num_classes: int, axis: int | None) -> Array:
    counts = _confusion(targets, predictions, num_classes)
    return cast("Array", counts / np.maximum(counts.sum(axis, keepdims=axis is not None), 1))


@exercise(
    "For each place: copy the image, cover a square of all channels, and look at one logit. Drop = before less after.",
    "There are (H - size) // stride + 1 places down and likewise across; put the covered copies into one batch.",
)
def occlusion_map(student: Student) -> None:
    for model, image, *rest in _occlusion_cases():
        target, size, *more = rest
        said = ", ".join(map(str, (target, size, *more)))
        shown = f"{table(image[0].numpy(), 'image[0]')}\n" if image.numel() < 20 else ""
        tried = f"occlusion_map(model, image, {said})\n{shown}image {tuple(image.shape)}{model.said}"
        given = image.clone()
        got = student.call(model, given, target, size, *more)
        student.require(
            torch.equal(given, image), tried, "image as it was", "a square of it is covered",
            "Your function writes into the image, so that the squares pile up. Cover a copy.",
        )  # fmt: skip
        student.require(
            not model.training and torch.is_grad_enabled(), tried, "mode and gradients as they were", "another state",
            "Leave the model in its mode, and gradients switched on for whoever comes next.",
        )  # fmt: skip
        mistakes = [
            (hint, partial(_occlude(**change), model, image, *rest)) for hint, change in _OCCLUSION_MISTAKES
        ]
        student.agree(tried, _occlude()(model, image, *rest), student.numbers(got, tried), mistakes)
        student.require(
            not getattr(got, "requires_grad", False), tried, "numbers without gradient history", "requires_grad=True",
            "The result still holds on to the gradients of the model. Run it under torch.no_grad().",
        )  # fmt: skip


class _Scores(nn.Module):
    """Three classes; the score of class c is a weighted sum of the pixels, with a bend where `bent`."""

    def __init__(self, shape: tuple[int, int, int], bent: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(_noise(3, *shape, seed=3) - 0.4)
        self.bent, self.said = bent, ""
        if not bent:
            whole = torch.arange(1.0, 1 + self.weight[0].numel()).reshape(shape)
            self.weight.data.copy_(torch.stack([whole % 3, whole, 1 - whole]))
            self.said = ", class 1 scores 1 * first pixel + 2 * second + 3 * third + ..."

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4:
            raise ValueError(f"the model expects images (N, C, H, W), got {tuple(x.shape)}")
        scores = torch.einsum("nchw,kchw->nk", x, self.weight)
        return scores + torch.sin(scores) if self.bent else scores


def _occlusion_cases() -> list[tuple[Any, ...]]:
    """Model, image, target, size, and where given stride and value; the first by hand."""
    small = torch.tensor([[[1.0, 0, 2, 0], [0, 1, 0, 3], [2, 0, 0, 1]]])
    cases: list[tuple[Any, ...]] = [
        (_Scores((1, 3, 4), bent=False).eval(), small, 1, 2, 1, 1.0),
        (_Scores((1, 3, 4), bent=False).eval(), small, 1, 2),
    ]
    for shape, rest in (
        ((2, 7, 10), (2, 3)),
        ((1, 8, 11), (0, 3, 2)),
        ((3, 9, 6), (1, 4, 3, 0.5)),
        ((2, 5, 6), (2, 5, 1, -1.0)),
    ):
        cases.append((_Scores(shape).eval(), _noise(*shape, seed=5), *rest))
    return cases


def _occlude(
    sign: int = 1, softmax: bool = False, shift: int = 0, strided: bool = True, valued: bool = True,
    first_channel: bool = False, pile: bool = False, drop: bool = True, keep: bool = False, grown: bool = False,
    best: bool = False, turned: bool = False, only_falls: bool = False, magnitude: bool = False, log: bool = False,
    share: bool = False, inner: bool = False, beyond: bool = False, mean_colour: bool = False,
) -> Callable[..., Array]:  # fmt: skip
    """The occlusion map, right by default, or with a mistake."""

    def run(model: Any, image: Tensor, target: int, size: int, stride: int = 1, value: float = 0) -> Array:
        step, fill = stride if strided else 1, value if valued else 0.0
        _, high, wide = image.shape
        rows, columns = ((side - size) // stride + 1 for side in (high, wide))
        if inner:
            rows, columns = (len(range(0, side - size, stride)) for side in (high, wide))
        if beyond:
            rows, columns = (len(range(0, side, stride)) for side in (high, wide))
        fill = float(image.mean()) if mean_colour else fill

        def score(x: Tensor) -> float:
            with torch.no_grad():
                scores = model(x[None])[0]
            scores = scores.softmax(0) if softmax else scores.log_softmax(0) if log else scores
            return float(scores.max() if best else scores[(target + shift) % 3])

        out, covered = np.zeros((rows, columns)), image.clone()
        for i, j in np.ndindex(rows, columns):
            covered = covered if pile else image.clone()
            channels = slice(0, 1) if first_channel else slice(None)
            more = int(grown)
            if keep:
                covered = torch.full_like(image, fill)
                box = (slice(None), slice(i * step, i * step + size), slice(j * step, j * step + size))
                covered[box] = image[box]
            else:
                covered[channels, i * step : i * step + size + more, j * step : j * step + size + more] = fill
            out[i, j] = sign * ((score(image) if drop else 0) - score(covered))
        out = np.maximum(out, 0) if only_falls else np.abs(out) if magnitude else out
        out = out / score(image) if share else out
        return out.T if turned else out

    return run


_OCCLUSION_MISTAKES: list[tuple[str, dict[str, Any]]] = [
    ("The sign is turned: the drop is the logit before less the logit after.", {"sign": -1}),
    ("These are the logits of the covered images. Return by how much each is lower than without the square.",
     {"drop": False, "sign": -1}),
    ("These are the logits of the covered images with their sign turned. Add the logit of the whole image.",
     {"drop": False}),
    ("This is the drop of the probability or of its logarithm. Use the logit, before the softmax.", {"softmax": True}),
    ("This is the drop of the probability or of its logarithm. Use the logit, before the softmax.", {"log": True}),
    ("Where the score rises the drop is negative. Keep it: it says that the place spoke against the class.",
     {"only_falls": True}),
    ("The sign is lost. A drop is positive where the score falls and negative where it rises.", {"magnitude": True}),
    ("This is the share by which the logit drops. Return the difference.", {"share": True}),
    ("The last place is missing: the square may touch the lower and the right border.", {"inner": True}),
    ("Some squares leave the image. Take only places where the whole square lies inside.", {"beyond": True}),
    ("The square is filled with the image's mean, not with `value`.", {"mean_colour": True}),
    ("This is the drop of the highest logit. Take that of `target`, before and after.", {"best": True}),
    ("This is the logit of another class.", {"shift": 1}),
    ("This is the logit of another class.", {"shift": 2}),
    ("The shape is right, but the square moves by one pixel: it moves by `stride`.", {"strided": False}),
    ("The square is filled with 0, not with `value`.", {"valued": False}),
    ("Only the first channel is covered. Cover all of them.", {"first_channel": True}),
    ("The squares pile up: the earlier ones are still there. Start each time from the whole image.", {"pile": True}),
    ("Everything but the square is covered. Cover the square.", {"keep": True}),
    ("The square is one pixel too large.", {"grown": True}),
    ("Height and width of the map are swapped.", {"turned": True}),
]  # fmt: skip
