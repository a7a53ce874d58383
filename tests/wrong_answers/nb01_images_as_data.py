"""Answers to the exercises of notebook 01."""

import numpy as np

from tests.wrong_answers import right, wrong

# to_chw


@right("to_chw")
def with_moveaxis(image):
    out = np.atleast_3d(image).astype(np.float32) / 255
    return np.moveaxis(out, 2, 0)


@right("to_chw")
def pixel_by_pixel(image):
    if image.ndim == 2:
        image = image[:, :, np.newaxis]
    height, width, channels = image.shape
    out = np.zeros((channels, height, width))
    for row in range(height):
        for column in range(width):
            for channel in range(channels):
                out[channel, row, column] = int(image[row, column, channel]) / 255
    return out


@right("to_chw")
def as_lists(image):
    channels = [image] if image.ndim == 2 else [image[..., 0], image[..., 1], image[..., 2]]
    return [(c / 255).tolist() for c in channels]


@right("to_chw")
def in_column_order(image):
    scaled = np.asfortranarray(image / 255.0)
    return scaled[None] if image.ndim == 2 else scaled.swapaxes(0, 2).swapaxes(1, 2)


@wrong("to_chw", hint="torn apart")
def reshaped(image):
    channels = 1 if image.ndim == 2 else 3
    return image.reshape(channels, image.shape[0], image.shape[1]) / 255


@wrong("to_chw", hint="white has to become 1")
def not_divided(image):
    return image[None].astype(float) if image.ndim == 2 else image.transpose(2, 0, 1).astype(float)


@wrong("to_chw", hint="writes into its input")
def changes_the_input(image):
    image[:] = image // 255
    return image[None] if image.ndim == 2 else image.transpose(2, 0, 1)


@wrong("to_chw", hint="Height and width are exchanged in the colour images")
def reversed_axes(image):
    return image[None] / 255 if image.ndim == 2 else image.T / 255


@wrong("to_chw", hint="lies on its side")
def reversed_axes_always(image):
    return np.atleast_3d(image).T / 255


@wrong("to_chw", hint="channels are still the last axis")
def only_divided(image):
    return image / 255


@wrong("to_chw", hint="channels are still the last axis")
def only_divided_with_an_axis(image):
    return np.atleast_3d(image) / 255


@wrong("to_chw", hint="axes are in the wrong order")
def one_swap(image):
    return image[None] / 255 if image.ndim == 2 else image.swapaxes(1, 2) / 255


@wrong("to_chw", hint="axes are in the wrong order")
def permuted_the_other_way(image):
    return image[None] / 255 if image.ndim == 2 else image.transpose(1, 2, 0) / 255


@wrong("to_chw", hint="axes are in the wrong order")
def height_and_width_turned(image):
    return image[None] / 255 if image.ndim == 2 else image.transpose(1, 0, 2) / 255


@wrong("to_chw", hint="A grey image needs a channel axis")
def grey_without_channel(image):
    return image / 255 if image.ndim == 2 else image.transpose(2, 0, 1) / 255


@wrong("to_chw", hint="channel axis of a grey image stands last")
def grey_channel_last(image):
    return image[:, :, None] / 255 if image.ndim == 2 else image.transpose(2, 0, 1) / 255


@wrong("to_chw", hint="must not be copied into three")
def grey_three_times(image):
    if image.ndim == 2:
        image = np.stack([image, image, image], axis=-1)
    return image.transpose(2, 0, 1) / 255


@wrong("to_chw", hint="cannot take a grey image")
def no_grey(image):
    return image.transpose(2, 0, 1) / 255


@wrong("to_chw", hint="cannot take a grey image")
def no_grey_in_a_loop(image):
    height, width, channels = image.shape
    out = np.zeros((channels, height, width))
    for c in range(channels):
        out[c] = image[:, :, c] / 255
    return out


@wrong("to_chw", hint="cannot take a grey image")
def told_by_the_last_axis(image):
    return image.transpose(2, 0, 1) / 255 if image.shape[-1] == 3 else image[None] / 255


@wrong("to_chw", hint="its own largest value")
def by_its_maximum(image):
    out = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
    return out / out.max()


@wrong("to_chw", hint="divided by 256")
def by_256(image):
    return (image[None] if image.ndim == 2 else image.transpose(2, 0, 1)) / 256


@wrong("to_chw", hint="cut to whole numbers")
def whole_numbers(image):
    return (image[None] if image.ndim == 2 else image.transpose(2, 0, 1)) // 255


@wrong("to_chw", hint="cut to whole numbers")
def kept_the_dtype(image):
    out = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
    return (out / 255).astype(image.dtype)


@wrong("to_chw", hint="blue, green, red")
def in_bgr(image):
    return image[None] / 255 if image.ndim == 2 else image[..., ::-1].transpose(2, 0, 1) / 255


@wrong("to_chw", hint="run from -1 to 1")
def around_zero(image):
    return (image[None] if image.ndim == 2 else image.transpose(2, 0, 1)) / 127.5 - 1


@wrong("to_chw", hint="Bright and dark are exchanged")
def inverted(image):
    return (255 - (image[None] if image.ndim == 2 else image.transpose(2, 0, 1))) / 255


@wrong("to_chw", hint="Divided by 255 twice")
def divided_twice(image):
    image = image / 255
    return (image[None] if image.ndim == 2 else image.transpose(2, 0, 1)) / 255


@wrong("to_chw", hint="writes back into the uint8 image")
def divided_in_place(image):
    image = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
    image /= 255
    return image


@wrong("to_chw", hint="too low a precision")
def two_decimals(image):
    return np.round((image[None] if image.ndim == 2 else image.transpose(2, 0, 1)) / 255, 2)


@wrong("to_chw", hint="too low a precision")
def half_precision(image):
    return (image[None] if image.ndim == 2 else image.transpose(2, 0, 1)).astype(np.float16) / 255


# drop_alpha


@right("drop_alpha")
def from_the_difference(rgba, background):
    ground = np.asarray(background, np.float32)
    share = rgba[..., 3:].astype(np.float32) / np.float32(255)
    return np.rint(ground + share * (rgba[..., :3] - ground)).astype(np.uint8)


@right("drop_alpha")
def in_integers(rgba, background):
    alpha = rgba[..., 3:].astype(int)
    return ((rgba[..., :3] * alpha + np.array(background).astype(int) * (255 - alpha)) // 255).astype(
        np.uint8
    )


@right("drop_alpha")
def channel_by_channel(rgba, background):
    out = np.zeros((*rgba.shape[:2], 3), np.uint8)
    for channel in range(3):
        share = rgba[:, :, 3] / 255
        mixed = rgba[:, :, channel] * share + float(background[channel]) * (1 - share)
        out[:, :, channel] = (mixed + 0.5).astype(np.uint8)
    return out


@wrong("drop_alpha", hint="Alpha is ignored")
def ignores_alpha(rgba, background):
    return rgba[..., :3].copy()


@wrong("drop_alpha", hint="two weights are exchanged")
def weights_exchanged(rgba, background):
    share = rgba[..., 3:] / 255
    return (rgba[..., :3] * (1 - share) + np.array(background) * share).astype(np.uint8)


@wrong("drop_alpha", hint="went past 255")
def overflows(rgba, background):
    alpha = rgba[..., 3:]
    return rgba[..., :3] * alpha // 255 + np.array(background, np.uint8) * (255 - alpha) // 255


@wrong("drop_alpha", hint="went past 255")
def overflows_later(rgba, background):
    alpha = rgba[..., 3:]
    return (rgba[..., :3] * alpha + np.array(background, np.uint8) * (255 - alpha)) // 255


@wrong("drop_alpha", hint="went past 255")
def overflows_in_the_colour_only(rgba, background):
    alpha = rgba[..., 3:]
    return (rgba[..., :3] * alpha / 255 + np.array(background) * (1 - alpha / 255)).astype(np.uint8)


@wrong("drop_alpha", hint="used it as it is")
def alpha_not_scaled(rgba, background):
    alpha = rgba[..., 3:].astype(float)
    return np.clip(rgba[..., :3] * alpha + np.array(background) * (1 - alpha), 0, 255).astype(np.uint8)


@wrong("drop_alpha", hint="lay on black")
def over_black(rgba, background):
    return (rgba[..., :3] * (rgba[..., 3:] / 255)).astype(np.uint8)


@wrong("drop_alpha", hint="always white")
def over_white(rgba, background):
    share = rgba[..., 3:] / 255
    return (rgba[..., :3] * share + 255 * (1 - share)).astype(np.uint8)


@wrong("drop_alpha", hint="already multiplied by alpha")
def premultiplied(rgba, background):
    share = rgba[..., 3:] / 255
    return np.clip(rgba[..., :3] + np.array(background) * (1 - share), 0, 255).astype(np.uint8)


@wrong("drop_alpha", hint="background is added in full")
def background_in_full(rgba, background):
    share = rgba[..., 3:] / 255
    return np.clip(rgba[..., :3] * share + np.array(background), 0, 255).astype(np.uint8)


@wrong("drop_alpha", hint="not a switch")
def a_switch(rgba, background):
    return np.where(rgba[..., 3:] > 127, rgba[..., :3], np.array(background)).astype(np.uint8)


@wrong("drop_alpha", hint="not a switch")
def a_switch_at_zero(rgba, background):
    out = rgba[..., :3].copy()
    out[rgba[..., 3] == 0] = background
    return out


@wrong("drop_alpha", hint="half and half")
def half_and_half(rgba, background):
    return (rgba[..., :3] / 2 + np.array(background) / 2).astype(np.uint8)


@wrong("drop_alpha", hint="first channel is used as alpha")
def first_channel(rgba, background):
    share = rgba[..., :1] / 255
    return (rgba[..., :3] * share + np.array(background) * (1 - share)).astype(np.uint8)


@wrong("drop_alpha", hint="still has four channels")
def four_channels(rgba, background):
    out, share = rgba.copy(), rgba[..., 3:] / 255
    out[..., :3] = (rgba[..., :3] * share + np.array(background) * (1 - share)).round()
    return out


@wrong("drop_alpha", hint="left between 0 and 1")
def from_0_to_1(rgba, background):
    share = rgba[..., 3:] / 255
    return rgba[..., :3] / 255 * share + np.array(background) / 255 * (1 - share)


@wrong("drop_alpha", hint="Convert the result")
def left_as_floats(rgba, background):
    share = rgba[..., 3:] / 255
    return rgba[..., :3] * share + np.array(background) * (1 - share)


@wrong("drop_alpha", hint="writes into its input")
def changes_rgba(rgba, background):
    share = rgba[..., 3:] / 255
    rgba[..., :3] = (rgba[..., :3] * share + np.array(background) * (1 - share)).round()
    return rgba[..., :3]


@wrong("drop_alpha", hint="background's three values are used in reverse")
def background_reversed(rgba, background):
    share = rgba[..., 3:] / 255
    return (rgba[..., :3] * share + np.array(background)[::-1] * (1 - share)).astype(np.uint8)


@wrong("drop_alpha", hint="not by 256")
def by_256_steps(rgba, background):
    share = rgba[..., 3:] / 256
    return (rgba[..., :3] * share + np.array(background) * (1 - share)).round().astype(np.uint8)


@wrong("drop_alpha", hint="not by 256")
def by_a_shift(rgba, background):
    alpha = rgba[..., 3:].astype(int)
    return ((rgba[..., :3] * alpha + np.array(background).astype(int) * (256 - alpha)) >> 8).astype(np.uint8)


@wrong("drop_alpha", hint="keep its axis with `rgba[..., 3:]`")
def alpha_without_its_axis(rgba, background):
    share = rgba[..., 3] / 255
    return (share * rgba[..., :3] + (1 - share) * np.array(background)).astype(np.uint8)


@wrong("drop_alpha", hint="1 - alpha wraps around")
def bracket_before_the_division(rgba, background):
    rest = (1 - rgba[..., 3:]) / 255
    return (rgba[..., 3:] / 255 * rgba[..., :3] + rest * np.array(background)).round().astype(np.uint8)


@wrong("drop_alpha", hint="colour - background wraps around")
def from_the_difference_in_uint8(rgba, background):
    ground = np.array(background, np.uint8)
    return (ground + (rgba[..., :3] - ground) * (rgba[..., 3:] / 255)).astype(np.uint8)


@wrong("drop_alpha", hint="colour - background wraps around")
def from_the_difference_as_given(rgba, background):
    ground = np.array(background)
    return np.clip(ground + (rgba[..., :3] - ground) * (rgba[..., 3:] / 255), 0, 255).astype(np.uint8)


# to_gray


@right("to_gray")
def with_a_dot_product(image):
    return np.asarray(image, np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


@right("to_gray")
def with_einsum(image):
    return np.einsum("hwc,c->hw", image, [0.299, 0.587, 0.114])


@right("to_gray")
def pixel_by_pixel_as_lists(image):
    return [[0.299 * float(r) + 0.587 * float(g) + 0.114 * float(b) for r, g, b in row] for row in image]


@right("to_gray")
def with_dsplit(image):
    red, green, blue = np.dsplit(image, 3)
    return (0.114 * blue + 0.587 * green + 0.299 * red).squeeze(axis=2)


@wrong("to_gray", hint="plain mean")
def plain_mean(image):
    return image.mean(axis=2)


@wrong("to_gray", hint="0.299 belongs to red")
def weights_for_bgr(image):
    return image @ np.array([0.114, 0.587, 0.299])


@wrong("to_gray", hint="along the first axis")
def along_the_rows(image):
    return np.tensordot([0.299, 0.587, 0.114], image, axes=1)


@wrong("to_gray", hint="along the first axis")
def along_the_rows_by_index(image):
    return 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]


@wrong("to_gray", hint="weighted and not added")
def not_added(image):
    return image * [0.299, 0.587, 0.114]


@wrong("to_gray", hint="without weights")
def plain_sum(image):
    return image.sum(axis=-1).astype(float)


@wrong("to_gray", hint="took the mean of the three")
def mean_of_the_weighted(image):
    return (image * [0.299, 0.587, 0.114]).mean(axis=-1)


@wrong("to_gray", hint="Rec. 709")
def other_standard(image):
    return image @ [0.2126, 0.7152, 0.0722]


@wrong("to_gray", hint="rounded otherwise")
def four_digits(image):
    return image @ [0.2989, 0.5870, 0.1140]


@wrong("to_gray", hint="Your weights are rounded")
def two_digits(image):
    return image @ [0.3, 0.59, 0.11]


@wrong("to_gray", hint="largest of the three")
def the_largest(image):
    return image.max(axis=2).astype(float)


@wrong("to_gray", hint="middle between")
def the_middle(image):
    return (image.max(axis=2).astype(float) + image.min(axis=2)) / 2


@wrong("to_gray", hint="red channel alone")
def only_red(image):
    return image[..., 0].astype(float)


@wrong("to_gray", hint="green channel alone")
def only_green(image):
    return image[:, :, 1].astype(float)


@wrong("to_gray", hint="blue channel has no part")
def blue_forgotten(image):
    return 0.299 * image[..., 0] + 0.587 * image[..., 1]


@wrong("to_gray", hint="green channel has no part")
def green_forgotten(image):
    return 0.299 * image[..., 0] + 0.114 * image[..., 2]


@wrong("to_gray", hint="red channel has no part")
def counted_from_1(image):
    return 0.587 * image[..., 1] + 0.114 * image[..., 2]


@wrong("to_gray", hint="last axis of length 1")
def an_axis_too_many(image):
    return (image * [0.299, 0.587, 0.114]).sum(axis=-1, keepdims=True)


@wrong("to_gray", hint="keeps the range of the image")
def scaled(image):
    return image @ np.array([0.299, 0.587, 0.114]) / 255


@wrong("to_gray", hint="whole numbers")
def as_uint8(image):
    return (image @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)


@wrong("to_gray", hint="whole numbers")
def rounded(image):
    return np.round(image @ np.array([0.299, 0.587, 0.114]))


@wrong("to_gray", hint="Your code stopped with an error")
def along_the_columns(image):
    return np.array([0.299, 0.587, 0.114]) @ image
