"""The checks of notebook 01: layouts, transparency, grey."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlib.check.engine import Mistake, Student, exercise

Image = NDArray[Any]


# to_chw


def _to_chw(image: Image) -> Image:
    return np.asarray(_channels_first(image) / 255)


def _channels_first(image: Image) -> Image:
    return image[None] if image.ndim == 2 else np.stack([image[:, :, c] for c in range(3)])


@exercise(
    "Three things have to happen: the channel axis comes first, a grey image gets one, and 255 becomes 1. "
    "Find out which of them is missing.",
    "`transpose` with a tuple of axis numbers names, for each new axis, the old one it comes from; indexing with "
    "`None` makes a new axis of length 1; `/` with a uint8 array gives floats.",
)
def to_chw(student: Student) -> None:
    rng = np.random.default_rng(1)
    colour = 51 * np.array(
        [[[0, 1, 2], [3, 4, 0], [4, 4, 1], [2, 0, 3]], [[1, 1, 4], [0, 3, 2], [2, 2, 0], [4, 0, 1]]], np.uint8
    )
    grey = 51 * np.array([[0, 1, 2, 4], [3, 2, 0, 1]], np.uint8)
    student.compare(
        _to_chw,
        [
            (colour,),
            (grey,),
            (_pixels(rng, (5, 7, 3)),),
            (_pixels(rng, (6, 3)),),  # grey although the last axis has length 3
            (_pixels(rng, (3, 4, 3)) // 8,),  # dark: the largest value is no measure of white
        ],
        [
            (
                "The shape is right but the pixels are torn apart: reshape keeps the numbers in their order in memory "
                "(red, green, blue of the first pixel, ...) and cuts that row into three. Axes are exchanged by "
                "transpose or moveaxis.",
                lambda image: image.reshape(-1, *image.shape[:2]) / 255,
            ),
            ("The values still run from 0 to 255: white has to become 1.", _channels_first),
            (
                "Height and width are exchanged in the colour images: `.T` reverses all three axes.",
                _colour_only(lambda image: image.T),
            ),
            (
                "Height and width are exchanged: the image lies on its side. `.T` and `swapaxes(0, 2)` reverse all "
                "three axes.",
                lambda image: _channels_first(image).swapaxes(1, 2) / 255,
            ),
            (
                "A grey image needs a channel axis too: (H, W) becomes (1, H, W).",
                lambda image: image / 255 if image.ndim == 2 else _to_chw(image),
            ),
            (
                "The channel axis of a grey image stands last; it comes first: (1, H, W).",
                lambda image: image[..., None] / 255 if image.ndim == 2 else _to_chw(image),
            ),
            ("The channels are still the last axis.", lambda image: image / 255),
            (
                "The channels are still the last axis.",
                lambda image: image.reshape(*image.shape[:2], -1) / 255,
            ),
            (
                "The axes are in the wrong order: (channels, height, width) is wanted.",
                _colour_only(lambda image: image.transpose(0, 2, 1)),
            ),
            (
                "The axes are in the wrong order: (channels, height, width) is wanted.",
                _colour_only(lambda image: image.transpose(1, 2, 0)),
            ),
            (
                "The axes are in the wrong order: (channels, height, width) is wanted.",
                _colour_only(lambda image: image.transpose(1, 0, 2)),
            ),
            (_NO_GREY, _colours_only),
            (_NO_GREY, lambda image: np.stack([image[:, :, c] for c in range(3)]) / 255),
            (
                "A grey image has one channel: it must not be copied into three.",
                lambda image: np.stack([image] * 3) / 255 if image.ndim == 2 else _to_chw(image),
            ),
            (
                "Each image is divided by its own largest value, so a dark photograph becomes a bright one. "
                "White is 255 in every image.",
                lambda image: _channels_first(image) / image.max(),
            ),
            ("You divided by 256. There are 256 values, and the largest of them is 255.", _scaled(1 / 256)),
            (
                "The values were cut to whole numbers: `//` and a conversion to integers leave only 0 and 1.",
                lambda image: _channels_first(image) // 255,
            ),
            ("Divided by 255 twice: nearly everything is black.", _scaled(1 / 255**2)),
            (
                "`/=` writes back into the uint8 image, which holds whole numbers only: use `image / 255`.",
                lambda image: np.true_divide(image, 255, out=image),  # raises what /= raises
            ),
            (_PRECISION, lambda image: _to_chw(image).round(1)),
            (_PRECISION, lambda image: _to_chw(image).round(2)),
            (_PRECISION, lambda image: _to_chw(image).round(3)),
            (_PRECISION, lambda image: _channels_first(image).astype(np.float16) / np.float16(255)),
            (_PRECISION, lambda image: _to_chw(image).astype(np.float16)),
            ("The channels come out in reverse: blue, green, red.", lambda image: _to_chw(image)[::-1]),
            ("The values run from -1 to 1; black has to be 0.", lambda image: _to_chw(image) * 2 - 1),
            (
                "Bright and dark are exchanged: you subtracted from 1 or from 255.",
                lambda image: 1 - _to_chw(image),
            ),
        ],
        kind="float",
    )


_PRECISION = "Rounded, or computed in too low a precision: keep all the digits of a float."
_NO_GREY = (
    "Your function cannot take a grey image, (H, W). Ask `image.ndim` whether there are two axes or three; the length "
    "of the last axis does not tell, since a grey image may be 3 pixels wide."
)


def _colours_only(image: Image) -> Image:
    if image.ndim == 2:
        raise Exception  # which error it is depends on how the axes are used
    return _to_chw(image)


def _colour_only(axes: Callable[[Image], Image]) -> Callable[[Image], Image]:
    """A mistake with the axes of a colour image; grey images are right."""
    return lambda image: _to_chw(image) if image.ndim == 2 else axes(image) / 255


def _scaled(factor: float) -> Callable[[Image], Image]:
    return lambda image: _channels_first(image) * factor


def _pixels(rng: np.random.Generator, shape: tuple[int, ...]) -> Image:
    return rng.integers(0, 256, shape, np.uint8)


# drop_alpha


def _drop_alpha(rgba: Image, background: Any) -> Image:
    return _rounded(_over(rgba, background, _alpha(rgba)))


def _over(rgba: Image, background: Any, share: Image) -> Image:
    """The light of a pixel: `share` of it its own colour, the rest the background's."""
    return np.asarray(_rgb(rgba) * share + np.asarray(background) * (1 - share))


def _rgb(rgba: Image) -> Image:
    return rgba[..., :3].astype(float)


def _alpha(rgba: Image) -> Image:
    return np.asarray(rgba[..., 3:] / 255)


def _rounded(values: Image) -> Image:
    return np.clip(values.round(), 0, 255).astype(np.uint8)


def _overflow_in_products(rgba: Image, background: Any) -> Image:
    ground, alpha = np.asarray(background, np.uint8), rgba[..., 3:]
    return np.asarray(rgba[..., :3] * alpha // 255 + ground * (255 - alpha) // 255)


def _overflow_in_the_sum(rgba: Image, background: Any) -> Image:
    ground, alpha = np.asarray(background, np.uint8), rgba[..., 3:]
    return np.asarray((rgba[..., :3] * alpha + ground * (255 - alpha)) // 255)


def _overflow_in_the_colour(rgba: Image, background: Any) -> Image:
    return _rounded(rgba[..., :3] * rgba[..., 3:] / 255 + np.asarray(background) * (1 - _alpha(rgba)))


@exercise(
    "What does a pixel look like whose alpha is 255? One whose alpha is 0? Yours is a mixture of these two.",
    "Divide alpha by 255 to get a share between 0 and 1. The result is share · colour + (1 - share) · background, "
    "worked out in floats, then rounded and converted to uint8.",
)
def drop_alpha(student: Student) -> None:
    rng = np.random.default_rng(2)
    # Opaque, transparent, one fifth: (200, 100, 50) at 0.2 over (0, 150, 250) is (40, 140, 210).
    small = np.array([[[200, 100, 50, 255], [200, 100, 50, 0], [200, 100, 50, 51]]], np.uint8)
    opaque = _pixels(rng, (3, 5, 4))
    opaque[..., 3] = 255
    student.compare(
        _drop_alpha,
        [
            (small, (0, 150, 250)),
            (_pixels(rng, (4, 6, 4)), (255, 255, 255)),
            (_pixels(rng, (5, 3, 4)), np.array([10, 200, 90], np.uint8)),
            (_pixels(rng, (7, 2, 4)), [255, 0, 128]),
            (_pixels(rng, (2, 6, 4)), (0, 0, 0)),
        ],
        [
            (
                "Alpha is ignored: you returned the colour that lies under the transparency, whatever it is.",
                lambda rgba, background: rgba[..., :3],
            ),
            (
                "The two weights are exchanged: where alpha is 255 your result shows the background.",
                lambda rgba, background: _rounded(_over(rgba, background, 1 - _alpha(rgba))),
            ),
            (_TINY, _overflow_in_products),
            (_TINY, _overflow_in_the_sum),
            (_TINY, lambda rgba, background: _over(rgba, background, _alpha(rgba)) / 255),
            (_OVERFLOW, _overflow_in_the_colour),
            (
                "Alpha has shape (H, W) and meets the channels, not the pixels: keep its axis with `rgba[..., 3:]`.",
                lambda rgba, background: _rounded(_over(rgba, background, rgba[..., 3] / 255)),
            ),
            (
                "1 - alpha wraps around in uint8: divide by 255 first.",
                lambda rgba, background: _rounded(
                    _rgb(rgba) * _alpha(rgba) + np.asarray(background) * ((1 - rgba[..., 3:]) / 255)
                ),
            ),
            (_DIFFERENCE, lambda rgba, background: _rounded(_wrapped_difference(rgba, background))),
            (_DIFFERENCE, lambda rgba, background: _wrapped(_wrapped_difference(rgba, background))),
            (
                "Alpha runs from 0 to 255 and you used it as it is: as a share it runs from 0 to 1.",
                lambda rgba, background: _rounded(_over(rgba, background, rgba[..., 3:].astype(float))),
            ),
            (
                "Alpha runs from 0 to 255 and you used it as it is: as a share it runs from 0 to 1.",
                lambda rgba, background: _wrapped(_over(rgba, background, rgba[..., 3:].astype(float))),
            ),
            (
                "Every pixel is mixed as if it lay on black: the background has no part in your result.",
                lambda rgba, background: _rounded(_over(rgba, (0, 0, 0), _alpha(rgba))),
            ),
            (
                "The background is always white in your result: use the argument.",
                lambda rgba, background: _rounded(_over(rgba, (255, 255, 255), _alpha(rgba))),
            ),
            (_PREMULTIPLIED, lambda rgba, background: _rounded(_premultiplied(rgba, background))),
            (_PREMULTIPLIED, lambda rgba, background: _wrapped(_premultiplied(rgba, background))),
            (
                "The background is added in full, even under an opaque pixel: it counts with weight 1 - share.",
                lambda rgba, background: _rounded(_rgb(rgba) * _alpha(rgba) + np.asarray(background)),
            ),
            (
                "The background is added in full, even under an opaque pixel: it counts with weight 1 - share.",
                lambda rgba, background: _wrapped(_rgb(rgba) * _alpha(rgba) + np.asarray(background)),
            ),
            (
                _SWITCH,
                lambda rgba, background: np.where(rgba[..., 3:] > 127, rgba[..., :3], background),
            ),
            (
                _SWITCH,
                lambda rgba, background: np.where(rgba[..., 3:] > 0, rgba[..., :3], background),
            ),
            (
                "Colour and background are mixed half and half, whatever alpha says.",
                lambda rgba, background: _rounded(_over(rgba, background, np.asarray(0.5))),
            ),
            (
                "The first channel is used as alpha; alpha is the last one.",
                lambda rgba, background: _rounded(_over(rgba, background, rgba[..., :1] / 255)),
            ),
            (
                "Your result still has four channels: (H, W, 3) is wanted.",
                lambda rgba, background: _rounded(
                    np.dstack([_over(rgba, background, _alpha(rgba)), rgba[..., 3]])
                ),
            ),
            (
                "The background's three values are used in reverse order.",
                lambda rgba, background: _drop_alpha(rgba, np.asarray(background)[::-1]),
            ),
            (
                "The colour's three values come out in reverse order: blue, green, red.",
                lambda rgba, background: _drop_alpha(rgba[..., [2, 1, 0, 3]], background),
            ),
            *_BY_256,
        ],
        tolerance=0,
        atol=1,
        kind="uint8",
    )
    white = np.full((2, 3, 4), 255, np.uint8)
    clear = white * np.array([1, 1, 1, 0], np.uint8)
    student.compare(
        _drop_alpha,
        [(opaque, [255, 0, 128]), (white, (0, 0, 0)), (clear, (255, 40, 7))],
        _BY_256,
        tolerance=0,
    )


def _shifted(rgba: Image, background: Any) -> Image:
    alpha = rgba[..., 3:].astype(int)
    return np.asarray((rgba[..., :3] * alpha + np.asarray(background).astype(int) * (256 - alpha)) >> 8)


_EXACT = (
    "Where alpha is 255 the result is exactly the colour, where it is 0 exactly the background: divide by 255, not by "
    "256."
)
_BY_256: list[Mistake] = [
    (_EXACT, lambda rgba, background: _rounded(_over(rgba, background, rgba[..., 3:] / 256))),
    (_EXACT, lambda rgba, background: np.trunc(_over(rgba, background, rgba[..., 3:] / 256))),
    (_EXACT, _shifted),
]
_TINY = (
    "Your values hardly rise above 1. Either uint8 products went past 255 and started again at 0 (convert to float "
    "before you multiply), or the result was left between 0 and 1."
)
_OVERFLOW = (
    "Some products went past 255 and started again at 0: uint8 times uint8 stays uint8. Convert to float before "
    "you multiply."
)
_DIFFERENCE = (
    "colour - background wraps around when both are uint8: convert one of them to float before you subtract."
)
_SWITCH = (
    "Your result shows either the colour or the background, never a mixture: alpha is a share, not a switch."
)
_PREMULTIPLIED = (
    "Alpha weighs only the background. That fits files whose colours are already multiplied by alpha; here the "
    "colour must be weighted too."
)


def _premultiplied(rgba: Image, background: Any) -> Image:
    return np.asarray(_rgb(rgba) + np.asarray(background) * (1 - _alpha(rgba)))


def _wrapped_difference(rgba: Image, background: Any) -> Image:
    ground = np.asarray(background, np.uint8)
    return np.asarray(ground + (rgba[..., :3] - ground) * _alpha(rgba))


def _wrapped(values: Image) -> Image:
    return (values.astype(np.int64) % 256).astype(np.uint8)


# to_gray


def _to_gray(image: Image) -> Image:
    return _weighted(0.299, 0.587, 0.114)(image)


def _weighted(red: float, green: float, blue: float) -> Callable[[Image], Image]:
    return lambda image: np.asarray(
        red * image[..., 0].astype(float) + green * image[..., 1] + blue * image[..., 2]
    )


@exercise(
    "Try your function by hand on a pure red, a pure green and a pure blue pixel: they must not look equally bright.",
    "Multiply channel 0 by 0.299, channel 1 by 0.587, channel 2 by 0.114 and add: `image[..., 0]` is a whole channel.",
)
def to_gray(student: Student) -> None:
    rng = np.random.default_rng(3)
    small = np.array(
        [[[100, 0, 0], [0, 100, 0]], [[0, 0, 100], [100, 100, 100]], [[200, 100, 0], [0, 0, 10]]], np.uint8
    )
    student.compare(
        _to_gray,
        [
            (small,),
            (_pixels(rng, (4, 6, 3)),),
            (rng.random((5, 2, 3)),),
            (np.full((2, 5, 3), 255, np.uint8),),
        ],
        [
            (
                "That is the plain mean of the three channels: green counts for more than half, blue for little.",
                _weighted(1 / 3, 1 / 3, 1 / 3),
            ),
            (
                "The weights are used in reverse: 0.299 belongs to red, channel 0.",
                _weighted(0.114, 0.587, 0.299),
            ),
            (_ROWS, lambda image: np.tensordot((0.299, 0.587, 0.114), image, axes=(0, 0))),
            (_ROWS, lambda image: 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]),
            (
                "The channels are weighted and not added: one number per pixel is wanted.",
                lambda image: image * np.array([0.299, 0.587, 0.114]),
            ),
            ("The channels are added without weights.", _weighted(1, 1, 1)),
            (
                "You weighted the channels, then took the mean of the three: add them.",
                lambda image: _to_gray(image) / 3,
            ),
            (
                "These weights belong to another standard (Rec. 709): use 0.299, 0.587, 0.114.",
                _weighted(0.2126, 0.7152, 0.0722),
            ),
            (
                "Your weights are rounded otherwise: use 0.299, 0.587, 0.114, which add up to 1.",
                _weighted(0.2989, 0.587, 0.114),
            ),
            (
                "Your weights are rounded: use 0.299, 0.587, 0.114, which add up to 1.",
                _weighted(0.3, 0.59, 0.11),
            ),
            ("That is the largest of the three channels.", lambda image: image.max(axis=-1)),
            ("That is the middle between the largest and the smallest channel.", _lightness),
            ("That is the red channel alone.", lambda image: image[..., 0]),
            ("That is the green channel alone.", lambda image: image[..., 1]),
            ("The green channel has no part in your result.", _weighted(0.299, 0, 0.114)),
            ("The blue channel has no part in your result.", _weighted(0.299, 0.587, 0)),
            ("The red channel has no part in your result.", _weighted(0, 0.587, 0.114)),
            (
                "Your result is right but for a last axis of length 1: (H, W) is wanted.",
                lambda image: _to_gray(image)[..., None],
            ),
            (
                "The values are divided by 255: the result keeps the range of the image.",
                lambda image: _to_gray(image) / 255,
            ),
            (
                "The values were cut or rounded to whole numbers: the result is an array of floats.",
                lambda image: np.trunc(_to_gray(image)),
            ),
            (
                "The values were cut or rounded to whole numbers: the result is an array of floats.",
                lambda image: _to_gray(image).round(),
            ),
        ],
        kind="float",
    )


_ROWS = "The weights run along the first axis, the rows: they belong to the last one, the channels."


def _lightness(image: Image) -> Image:
    return np.asarray(image.max(axis=-1) / 2 + image.min(axis=-1) / 2)
