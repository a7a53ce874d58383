"""The exercises' checks: `check.corr2d(corr2d)` after your code tells you whether it is right.

Each notebook's checks are one module (`nb04_convolution`), loaded when first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnnlib.check.engine import Exercise

EXERCISES = {
    "00_start_here": ("add_one",),
    "01_images_as_data": ("to_chw", "to_gray", "drop_alpha"),
    "02_why_not_flatten": ("permute_pixels", "fc_params", "local_params", "shared_params", "shared_matrix"),
    "03_filters": ("response", "normalised_response", "design_x_detector"),
    "04_convolution": ("corr2d", "true_conv2d", "is_shift_equivariant"),
    "05_stride_padding_and_size": ("output_size", "same_padding", "max_depth", "pad2d", "corr2d_strided"),
    "06_the_convolutional_layer": (
        "conv_params",
        "conv2d_forward",
        "im2col",
        "conv1x1_as_linear",
        "macs",
        "depthwise_separable_params",
        "compose_kernels",
    ),
    "07_learning_a_filter": ("conv2d_backward", "gradient_check", "learn_kernel"),
    "08_pooling_and_translation": (
        "max_pool2d",
        "avg_pool2d",
        "max_pool2d_backward",
        "receptive_field",
        "shift_agreement",
    ),
    "09_what_a_cnn_outputs": ("fc_to_conv", "predict_mask", "iou", "upsample_nearest", "conv_transpose2d"),
    "10_train_a_convnet": (
        "make_splits",
        "ConvNet",
        "train_one_epoch",
        "accuracy",
        *(f"bug_{number:02d}" for number in range(1, 11)),
    ),
    "11_going_deeper": ("he_init", "batch_norm2d", "ResidualBlock"),
    "12_inside_a_trained_cnn": ("feature_maps", "top_patches", "confusion_matrix", "occlusion_map"),
    "13_fully_connected_versus_convolutional": (
        "matched_width",
        "summarise",
        "shift_curve",
        "shuffle_experiment",
    ),
    "14_your_own_data": (
        "DigitFolder",
        "group_split",
        "normalisation",
        "corners_to_center",
        "center_to_corners",
        "box_iou",
    ),
}

_hints_given: dict[str, int] = {}


def __getattr__(name: str) -> "Exercise":
    for notebook, names in EXERCISES.items():
        if name in names:
            found: Exercise = getattr(import_module(f"cnnlib.check.nb{notebook}"), name)
            return found
    raise AttributeError(f"no exercise is called {name!r}; check.progress() lists them all")


def __dir__() -> list[str]:
    return ["bug_hunt", "hint", "progress", *(name for names in EXERCISES.values() for name in names)]


def bug_hunt(number: int, answer: "Callable[..., object]") -> None:
    """Judge your repair of the bug of that number: `bug_hunt(1, bug_01)` is `check.bug_01(bug_01)`.

    Raises ValueError for another number than 1 to 10.
    """
    if number not in range(1, 11):
        raise ValueError(f"bug_hunt: number expects 1 to 10, got {number!r}")
    __getattr__(f"bug_{number:02d}")(answer)


def hint(name: str) -> None:
    """Print a hint for the exercise `name`; asked again, the next one, nearer to the answer.

    Raises AttributeError if no exercise has that name.
    """
    hints = __getattr__(name).hints
    given = _hints_given[name] = min(_hints_given.get(name, 0) + 1, len(hints))
    print(f"Hint {given} of {len(hints)} for {name}: {hints[given - 1]}")


def progress() -> None:
    """Print which exercises are solved, per notebook."""
    from cnnlib.check import state

    tried = state.read()
    for notebook, names in EXERCISES.items():
        solved = sum(tried.get(name, False) for name in names)
        bugs = [name for name in names if name.startswith("bug_")]
        marks = "  ".join(f"{name} {_MARKS[tried.get(name)]}" for name in names if name not in bugs)
        if bugs:
            marks += f"  bug hunt {sum(tried.get(name, False) for name in bugs)} of {len(bugs)}"
        print(f"{notebook:<36} {solved} of {len(names)}   {marks}")


_MARKS = {True: "solved", False: "tried", None: "-"}
