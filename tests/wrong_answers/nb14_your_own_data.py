"""Answers to the exercises of notebook 14."""

import os
import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision import transforms

from cnnlib import folders
from tests.wrong_answers import right, wrong

# DigitFolder


class Folder(torch.utils.data.Dataset):
    """Right; each answer below changes something."""

    def __init__(self, root, transform=None):
        self.root, self.transform, self.items, self.skipped = Path(root), transform, [], []
        classes = self.classes(self.root)
        for label, name in enumerate(classes):
            for path in self.files(self.root / name):
                try:
                    image = self.read(path)
                except Exception:
                    self.broken(path, label)
                else:
                    self.items.append((image, self.label(label, name)))

    def classes(self, root):
        return sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))

    def files(self, folder):
        return sorted(p for p in folder.iterdir() if not p.name.startswith("."))

    def read(self, path):
        return torch.from_numpy(folders.read_image(path)).float() / 255

    def broken(self, path, label):
        self.skipped.append(path)

    def label(self, label, name):
        return label

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        image, label = self.items[i]
        return (image if self.transform is None else self.transform(image)), label


@right("DigitFolder")
class WithPillow(Folder):
    def read(self, path):
        image = Image.open(path)
        image.load()
        image = image.convert("RGBA")
        under = Image.new("RGBA", image.size, "white")
        under.paste(image, mask=image.getchannel("A"))
        return transforms.functional.to_tensor(under.convert("L"))


@right("DigitFolder")
class ReadLater:
    """Decodes each file once to see that it can be, and again when it is asked for; lists names; numpy labels."""

    def __init__(self, root, transform=None):
        self.transform, self.skipped = transform, {}
        names = [n for n in os.listdir(root) if os.path.isdir(os.path.join(root, n)) and n[0] != "."]
        self.names = sorted(names)
        self.paths = []
        for path in Path(root).glob("[!.]*/[!.]*"):
            try:
                folders.read_image(path)
                self.paths.append(path)
            except folders.DataError as error:
                self.skipped[str(path)] = str(error)

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        path = self.paths[i]
        image = torch.tensor(folders.read_image(path) / 255, dtype=torch.float32)
        image = self.transform(image) if self.transform else image
        return image, np.int64(self.names.index(path.parent.name))


@right("DigitFolder")
def by_a_function(root, transform=None):
    return Folder(root, transform)


@wrong("DigitFolder", hint="place of the file's own folder")
class Listdir(Folder):
    def classes(self, root):
        return ["seven", "Zero", "four", "One", "empty"]  # what one file system might list


@wrong("DigitFolder", hint="by position")
class ByPosition(Folder):
    def __init__(self, root, transform=None):
        super().__init__(root, transform)
        count = len(self.classes(self.root))
        self.items = [(image, i * count // len(self.items)) for i, (image, _) in enumerate(self.items)]


@wrong("DigitFolder", hint="not a PIL image")
class Pil(Folder):
    def read(self, path):
        image = Image.open(path)
        image.load()
        return image.convert("L")


@wrong("DigitFolder", hint="not a PIL image or an array")
class Arrays(Folder):
    def read(self, path):
        return folders.read_image(path) / np.float32(255)


@wrong("DigitFolder", hint="an int")
class Names(Folder):
    def label(self, label, name):
        return name


@wrong("DigitFolder", hint="an int")
class Vectors(Folder):
    def label(self, label, name):
        return torch.eye(5)[label]


@wrong("DigitFolder", hint="Jupyter makes such folders")
class HiddenToo(Folder):
    def classes(self, root):
        return sorted(p.name for p in root.iterdir() if p.is_dir())


@wrong("DigitFolder", hint="were counted as classes")
class HiddenCounted(Folder):
    def __init__(self, root, transform=None):
        super().__init__(root, transform)
        self.items = [(image, label + 2) for image, label in self.items]  # two hidden folders come first


@wrong("DigitFolder", hint="without regard to case")
class CaseIgnored(Folder):
    def classes(self, root):
        return sorted(super().classes(root), key=str.lower)


@wrong("DigitFolder", hint="The empty folder was left out")
class EmptyLeftOut(Folder):
    def classes(self, root):
        return [name for name in super().classes(root) if any((root / name).iterdir())]


@wrong("DigitFolder", hint="Decode each once")
class OpenedOnly(Folder):
    def read(self, path):
        Image.open(path).verify()
        return path

    def __getitem__(self, i):
        path, label = self.items[i]
        return super().read(path), label


@wrong("DigitFolder", hint="transparent ground")
class TransparencyDropped(Folder):
    def read(self, path):
        return transforms.functional.to_tensor(Image.open(path).convert("L"))


@wrong("DigitFolder", hint="palette")
class PaletteNumbers(Folder):
    def read(self, path):
        image = Image.open(path)
        if image.mode == "P":
            return torch.tensor(np.array(image))[None] / 255
        return super().read(path)


@wrong("DigitFolder", hint="divide by 255")
class NotScaled(Folder):
    def read(self, path):
        return super().read(path) * 255


@wrong("DigitFolder", hint="A net computes with floats")
class Bytes(Folder):
    def read(self, path):
        return torch.from_numpy(folders.read_image(path))


@wrong("DigitFolder", hint="are all endings read")
class PngOnly(Folder):
    def files(self, folder):
        return sorted(folder.glob("*.png"))


@wrong("DigitFolder", hint="are all endings read")
class LowerCaseEndings(Folder):
    def files(self, folder):
        return [p for p in super().files(folder) if p.suffix in (".png", ".jpg", ".jpeg")]


@wrong("DigitFolder", hint="One channel, in front")
class NoChannel(Folder):
    def read(self, path):
        return super().read(path)[0]


@wrong("DigitFolder", hint="One channel, in front")
class Colour(Folder):
    def read(self, path):
        return torch.from_numpy(folders.read_image(path, "RGB")) / 255


@wrong("DigitFolder", hint="Call transform in __getitem__")
class TransformIgnored(Folder):
    def __getitem__(self, i):
        return self.items[i]


@wrong("DigitFolder", hint="Call transform in __getitem__")
class TransformedOnce(Folder):
    def __init__(self, root, transform=None):
        super().__init__(root, None)
        if transform:
            self.items = [(transform(image), label) for image, label in self.items]


@wrong("DigitFolder", hint="Transform last")
class TransformedBytes(Folder):
    def __getitem__(self, i):
        image, label = self.items[i]
        return (image if self.transform is None else self.transform(image * 255) / 255), label


@wrong("DigitFolder", hint="Return what transform gives")
class TransformResultLost(Folder):
    def __getitem__(self, i):
        if self.transform:
            self.transform(self.items[i][0])
        return self.items[i]


@wrong("DigitFolder", hint="missed by nobody")
class NothingListed(Folder):
    def __init__(self, root, transform=None):
        super().__init__(root, transform)
        del self.skipped


@wrong("DigitFolder", hint="missed by nobody")
class OnlyCounted(Folder):
    def __init__(self, root, transform=None):
        super().__init__(root, transform)
        self.skipped = len(self.skipped)


@wrong("DigitFolder", hint="each visible file of a class that cannot be decoded")
class BrokenForgotten(Folder):
    def broken(self, path, label):
        pass


@wrong("DigitFolder", hint="each visible file of a class that cannot be decoded")
class HiddenListed(Folder):
    def files(self, folder):
        return sorted(folder.iterdir())


@wrong("DigitFolder", hint="Each readable picture")
class BrokenAsBlack(Folder):
    def broken(self, path, label):
        self.skipped.append(path)
        self.items.append((torch.zeros(1, 28, 28), label))


@wrong("DigitFolder", hint="loose.png lies beside")
class LooseToo(Folder):
    def __init__(self, root, transform=None):
        super().__init__(root, transform)
        self.items.append((self.read(self.root / "loose.png"), 0))


@wrong("DigitFolder", hint="A Dataset has a length")
class NoLength(Folder):
    __len__ = None


@wrong("DigitFolder", hint="Each item is a pair")
class ImagesOnly(Folder):
    def __getitem__(self, i):
        return self.items[i][0]


@wrong("DigitFolder", hint="counted from 1")
class CountedFromOne(Folder):
    def label(self, label, name):
        return label + 1


@wrong("DigitFolder", hint="comes out as its negative")
class Negatives(Folder):
    def read(self, path):
        return 1 - super().read(path)


@wrong("DigitFolder", hint="do no more")
class FromMinusOne(Folder):
    def read(self, path):
        return 2 * super().read(path) - 1


@wrong("DigitFolder", hint="in its greys")
class Darker(Folder):
    def read(self, path):
        return super().read(path) / 2


@wrong("DigitFolder", hint="unless one is given")
class TransformNeverMissing(Folder):
    def __getitem__(self, i):
        image, label = self.items[i]
        return self.transform(image), label


@wrong("DigitFolder", hint="give it the image alone")
class TransformOfThePair(Folder):
    def __getitem__(self, i):
        pair = self.items[i]
        return pair if self.transform is None else self.transform(pair)


@wrong("DigitFolder", hint="stopped with this error")
class NamesAsNumbers(Folder):
    def __getitem__(self, i):
        image, _ = self.items[i]
        return image, int("seven")


# group_split


def cut(names, fractions):
    sizes = [round(f * len(names)) for f in fractions[:2]]
    return np.split(np.asarray(names), np.cumsum(sizes))


@right("group_split")
def in_plain_python(groups, fractions, seed):
    names = sorted(set(groups.tolist()))
    random.Random(seed).shuffle(names)
    first, second = (round(f * len(names)) for f in fractions[:2])
    parts = names[:first], names[first : first + second], names[first + second :]
    return [[i for i, g in enumerate(groups) if g in part] for part in parts]


@right("group_split")
def with_torch(groups, fractions, seed):
    names, inverse = np.unique(groups, return_inverse=True)
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(seed))
    ends = np.cumsum([round(f * len(names)) for f in fractions[:2]])
    place = np.searchsorted(ends, torch.argsort(order).numpy()[inverse], side="right")
    return tuple(torch.from_numpy(np.nonzero(place == k)[0]) for k in range(3))


@wrong("group_split", hint="A group is on two sides")
def items_split(groups, fractions, seed):
    order = np.random.default_rng(seed).permutation(len(groups))
    return cut(order, fractions)


@wrong("group_split", hint="A group is on two sides")
def sorted_then_cut(groups, fractions, seed):
    return cut(np.argsort(groups, kind="stable"), fractions)


@wrong("group_split", hint="fractions are of the groups")
def fractions_of_items(groups, fractions, seed):
    names, counts = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    share = np.cumsum(counts[order]) / len(groups)
    parts = [order[share <= fractions[0]], None, order[share > fractions[0] + fractions[1]]]
    parts[1] = np.setdiff1d(order, np.concatenate([parts[0], parts[2]]))
    return [np.flatnonzero(np.isin(groups, names[part])) for part in parts]


def by_names(groups, parts):
    return [np.flatnonzero(np.isin(groups, part)) for part in parts]


@wrong("group_split", hint="same seed must give the same parts")
def unseeded(groups, fractions, seed):
    return by_names(groups, cut(np.random.default_rng().permutation(np.unique(groups)), fractions))


@wrong("group_split", hint="are the groups shuffled at all")
def not_shuffled(groups, fractions, seed):
    return by_names(groups, cut(np.unique(groups), fractions))


@wrong("group_split", hint="are the groups shuffled at all")
def own_seed(groups, fractions, seed):
    return by_names(groups, cut(np.random.default_rng(0).permutation(np.unique(groups)), fractions))


@wrong("group_split", hint="Make one of your own")
def global_seed(groups, fractions, seed):
    torch.manual_seed(seed)
    names = np.unique(groups)
    return by_names(groups, cut(names[torch.randperm(len(names)).numpy()], fractions))


@wrong("group_split", hint="Return indices")
def names_returned(groups, fractions, seed):
    return cut(np.random.default_rng(seed).permutation(np.unique(groups)), fractions)


@wrong("group_split", hint="no masks")
def masks_returned(groups, fractions, seed):
    parts = cut(np.random.default_rng(seed).permutation(np.unique(groups)), fractions)
    return [np.isin(groups, part) for part in parts]


@wrong("group_split", hint="Return three arrays")
def two_parts(groups, fractions, seed):
    return by_names(groups, cut(np.random.default_rng(seed).permutation(np.unique(groups)), fractions))[:2]


@wrong("group_split", hint="is a product such as 0.7 * 10 cut off")
def truncated(groups, fractions, seed):
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    ends = [int(len(names) * f) for f in (fractions[0], fractions[0] + fractions[1])]
    return by_names(groups, np.split(names, ends))


@wrong("group_split", hint="another order")
def test_first(groups, fractions, seed):
    parts = by_names(groups, cut(np.random.default_rng(seed).permutation(np.unique(groups)), fractions))
    return parts[::-1]


@wrong("group_split", hint="A group is on two sides")
def drawn_three_times(groups, fractions, seed):
    generator, names = np.random.default_rng(seed), np.unique(groups)
    sizes = [round(f * len(names)) for f in fractions]
    parts = [generator.permutation(names)[:n] for n in sizes]
    parts[2] = np.union1d(parts[2], np.setdiff1d(names, np.concatenate(parts)))
    return by_names(groups, parts)


@wrong("group_split", hint="Return indices of all items")
def one_item_each(groups, fractions, seed):
    names, first = np.unique(groups, return_index=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return [first[part] for part in cut(order, fractions)]


@wrong("group_split", hint="round(fraction")
def rounded_up(groups, fractions, seed):
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    first = -int(-fractions[0] * len(names) // 1)
    second = -int(-fractions[1] * len(names) // 1)
    return by_names(groups, (names[:first], names[first : first + second], names[first + second :]))


@wrong("group_split", hint="round(fraction")
def cut_at_rounded_sums(groups, fractions, seed):
    names = np.random.default_rng(seed).permutation(np.unique(groups))
    first, second = (round(share * len(names)) for share in np.cumsum(fractions)[:2])
    return by_names(groups, np.split(names, [first, second]))


# normalisation


@right("normalisation")
def by_moments(train, validation):
    x = np.moveaxis(np.asarray(train, float), 1, 0).reshape(train.shape[1], -1)
    mean = [channel.sum() / channel.size for channel in x]
    sd = [((c - m) ** 2).mean() ** 0.5 for c, m in zip(x, mean, strict=True)]
    return np.array(mean), np.array(sd)


@right("normalisation")
def by_torch(train, validation):
    sd, mean = torch.std_mean(torch.from_numpy(train).double(), dim=(0, 2, 3), correction=0)
    return mean, sd


@wrong("normalisation", hint="taken together")
def both_parts(train, validation):
    x = np.concatenate([train, validation])
    return x.mean((0, 2, 3)), x.std((0, 2, 3))


@wrong("normalisation", hint="These are the numbers of the validation images")
def of_validation(train, validation):
    return validation.mean((0, 2, 3)), validation.std((0, 2, 3))


@wrong("normalisation", hint="mean of the numbers of both parts")
def averaged_parts(train, validation):
    means = [x.mean((0, 2, 3)) for x in (train, validation)]
    sds = [x.std((0, 2, 3)) for x in (train, validation)]
    return sum(means) / 2, sum(sds) / 2


@wrong("normalisation", hint="sample standard deviation")
def sample_sd(train, validation):
    x = torch.tensor(train).double()
    return x.mean((0, 2, 3)), x.std((0, 2, 3))


@wrong("normalisation", hint="the variance")
def variance(train, validation):
    return train.mean((0, 2, 3)), train.var((0, 2, 3))


@wrong("normalisation", hint="Each channel has its own")
def one_for_all(train, validation):
    return train.mean(), train.std()


@wrong("normalisation", hint="one number for each image.")
def per_image(train, validation):
    return train.mean((1, 2, 3)), train.std((1, 2, 3))


@wrong("normalisation", hint="one number for each pixel")
def per_pixel(train, validation):
    return train.mean(0), train.std(0)


@wrong("normalisation", hint="each image and channel")
def per_image_and_channel(train, validation):
    return train.mean((2, 3)), train.std((2, 3))


@wrong("normalisation", hint="averaged. Images differ")
def mean_of_deviations(train, validation):
    return train.mean((0, 2, 3)), train.std((2, 3)).mean(0)


@wrong("normalisation", hint="in the other order")
def turned(train, validation):
    return train.std((0, 2, 3)), train.mean((0, 2, 3))


@wrong("normalisation", hint="Your function writes into its input")
def in_place(train, validation):
    mean = train.mean((0, 2, 3), keepdims=True)
    sd = train.std((0, 2, 3))
    train -= mean.astype(train.dtype)
    return mean.ravel(), sd


@right("normalisation")
def with_einsum(train, validation):
    x = train.astype(float)
    mean = np.einsum("nchw->c", x) / (x.size / x.shape[1])
    centred = x - mean[:, None, None]
    return list(mean), np.sqrt(np.einsum("nchw,nchw->c", centred, centred) / (x.size / x.shape[1]))


@wrong("normalisation", hint="without keepdims")
def kept_dims(train, validation):
    return train.mean((0, 2, 3), keepdims=True), train.std((0, 2, 3), keepdims=True)


@wrong("normalisation", hint="number for each column of pixels")
def channels_last(train, validation):
    return train.mean((0, 1, 2)), train.std((0, 1, 2))


@wrong("normalisation", hint="number for each row of pixels")
def rows_kept(train, validation):
    return train.mean((0, 1, 3)), train.std((0, 1, 3))


@wrong("normalisation", hint="at each pixel, averaged")
def pixel_deviations(train, validation):
    return train.mean((0, 2, 3)), train.std(axis=0).mean((1, 2))


@wrong("normalisation", hint="the deviation is of both parts")
def deviation_of_both(train, validation):
    return train.mean((0, 2, 3)), np.concatenate([train, validation]).std((0, 2, 3))


@wrong("normalisation", hint="These are normalised images")
def normalised_images(train, validation):
    mean, sd = kept_dims(train, validation)
    return (train - mean) / sd, (validation - mean) / sd


@wrong("normalisation", hint="Only the means")
def means_only(train, validation):
    return train.mean((0, 2, 3))


@wrong("normalisation", hint="before you square")
def squares_of_bytes(train, validation):
    mean = train.mean((0, 2, 3))
    return mean, np.sqrt(np.maximum((train * train).mean((0, 2, 3)) - mean**2, 0))


@wrong("normalisation", hint="divided by 255")
def scaled_first(train, validation):
    return (train / 255).mean((0, 2, 3)), (train / 255).std((0, 2, 3))


# corners_to_center


@right("corners_to_center")
def with_arrays(box, size):
    low, high = np.array(box).reshape(2, 2)
    scale = np.array(size)[::-1]
    return np.concatenate([(low + high) / 2 / scale, (high - low) / scale])


@wrong("corners_to_center", hint="x was divided by the height")
def size_turned(box, size):
    (x1, y1, x2, y2), (width, height) = box, size
    return (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height


@wrong("corners_to_center", hint="x and y are swapped")
def rows_first(box, size):
    (x1, y1, x2, y2), (h, w) = box, size
    return (y1 + y2) / 2 / h, (x1 + x2) / 2 / w, (y2 - y1) / h, (x2 - x1) / w


@wrong("corners_to_center", hint="(height, width)")
def height_before_width(box, size):
    (x1, y1, x2, y2), (h, w) = box, size
    return (x1 + x2) / 2 / w, (y1 + y2) / 2 / h, (y2 - y1) / h, (x2 - x1) / w


@wrong("corners_to_center", hint="This is in pixels")
def in_pixels(box, size):
    x1, y1, x2, y2 = box
    return (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1


@wrong("corners_to_center", hint="the size is still in pixels")
def size_in_pixels(box, size):
    (x1, y1, x2, y2), (h, w) = box, size
    return (x1 + x2) / 2 / w, (y1 + y2) / 2 / h, x2 - x1, y2 - y1


@wrong("corners_to_center", hint="of the middle is lost")
def whole_middle(box, size):
    (x1, y1, x2, y2), (h, w) = box, size
    return (x1 + x2) // 2 / w, (y1 + y2) // 2 / h, (x2 - x1) / w, (y2 - y1) / h


@wrong("corners_to_center", hint="cuts off")
def truncated_pixels(box, size):
    (x1, y1, x2, y2), (h, w) = map(int, box), size
    return (x1 + x2) / 2 / w, (y1 + y2) / 2 / h, (x2 - x1) / w, (y2 - y1) / h


@wrong("corners_to_center", hint="top left corner")
def corner_and_size(box, size):
    (x1, y1, x2, y2), (h, w) = box, size
    return x1 / w, y1 / h, (x2 - x1) / w, (y2 - y1) / h


@wrong("corners_to_center", hint="half the size, not the middle")
def half_difference(box, size):
    (x1, y1, x2, y2), (h, w) = box, size
    return (x2 - x1) / 2 / w, (y2 - y1) / 2 / h, (x2 - x1) / w, (y2 - y1) / h


@wrong("corners_to_center", hint="not halved")
def sum_of_corners(box, size):
    (x1, y1, x2, y2), (h, w) = box, size
    return (x1 + x2) / w, (y1 + y2) / h, (x2 - x1) / w, (y2 - y1) / h


@wrong("corners_to_center", hint="A pixel too many")
def inclusive(box, size):
    (x1, y1, x2, y2), (h, w) = box, size
    return (x1 + x2) / 2 / w, (y1 + y2) / 2 / h, (x2 - x1 + 1) / w, (y2 - y1 + 1) / h


@wrong("corners_to_center", hint="same side")
def one_side(box, size):
    (x1, y1, x2, y2), (_, w) = box, size
    return (x1 + x2) / 2 / w, (y1 + y2) / 2 / w, (x2 - x1) / w, (y2 - y1) / w


@wrong("corners_to_center", hint="half the width and height")
def half_sizes(box, size):
    (x1, y1, x2, y2), (h, w) = box, size
    return (x1 + x2) / 2 / w, (y1 + y2) / 2 / h, (x2 - x1) / 2 / w, (y2 - y1) / 2 / h


@wrong("corners_to_center", hint="Only x2 and y2 were halved")
def without_brackets(box, size):
    x1, y1, x2, y2 = box
    height, width = size
    return (x1 + x2 / 2) / width, (y1 + y2 / 2) / height, (x2 - x1) / width, (y2 - y1) / height


@wrong("corners_to_center", hint="read as (y1, x1, y2, x2)")
def read_rows_first(box, size):
    y1, x1, y2, x2 = box
    height, width = size
    return (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height


@wrong("corners_to_center", hint="not (cx, w, cy, h)")
def axis_by_axis(box, size):
    x1, y1, x2, y2 = box
    height, width = size
    return (x1 + x2) / 2 / width, (x2 - x1) / width, (y1 + y2) / 2 / height, (y2 - y1) / height


# center_to_corners


@right("center_to_corners")
def as_arrays(box, size):
    middle, whole = np.array(box).reshape(2, 2) * size[::-1]
    return [*(middle - whole / 2), *(middle + whole / 2)]


@wrong("center_to_corners", hint="x was multiplied by the height")
def sides_turned(box, size):
    (cx, cy, bw, bh), (w, h) = box, size
    return (cx - bw / 2) * w, (cy - bh / 2) * h, (cx + bw / 2) * w, (cy + bh / 2) * h


@wrong("center_to_corners", hint="x and y are swapped")
def corners_rows_first(box, size):
    (cx, cy, bw, bh), (h, w) = box, size
    return (cy - bh / 2) * h, (cx - bw / 2) * w, (cy + bh / 2) * h, (cx + bw / 2) * w


@wrong("center_to_corners", hint="not (x1, x2, y1, y2)")
def xs_then_ys(box, size):
    (cx, cy, bw, bh), (h, w) = box, size
    return (cx - bw / 2) * w, (cx + bw / 2) * w, (cy - bh / 2) * h, (cy + bh / 2) * h


@wrong("center_to_corners", hint="These are still fractions")
def still_fractions(box, size):
    cx, cy, w, h = box
    return cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2


@wrong("center_to_corners", hint="int cuts off")
def whole_pixels(box, size):
    (cx, cy, bw, bh), (h, w) = box, size
    corners = (cx - bw / 2) * w, (cy - bh / 2) * h, (cx + bw / 2) * w, (cy + bh / 2) * h
    return tuple(int(c + 1e-9) for c in corners)


@wrong("center_to_corners", hint="round takes them away")
def rounded_pixels(box, size):
    (cx, cy, bw, bh), (h, w) = box, size
    corners = (cx - bw / 2) * w, (cy - bh / 2) * h, (cx + bw / 2) * w, (cy + bh / 2) * h
    return tuple(round(c) for c in corners)


@wrong("center_to_corners", hint="twice too large")
def not_halved(box, size):
    (cx, cy, bw, bh), (h, w) = box, size
    return (cx - bw) * w, (cy - bh) * h, (cx + bw) * w, (cy + bh) * h


@wrong("center_to_corners", hint="taken for the top left corner")
def middle_as_corner(box, size):
    (cx, cy, bw, bh), (h, w) = box, size
    return cx * w, cy * h, (cx + bw) * w, (cy + bh) * h


@wrong("center_to_corners", hint="The corners are reversed")
def reversed_corners(box, size):
    (cx, cy, bw, bh), (h, w) = box, size
    return (cx + bw / 2) * w, (cy + bh / 2) * h, (cx - bw / 2) * w, (cy - bh / 2) * h


@wrong("center_to_corners", hint="return the two corners")
def corner_with_size(box, size):
    (cx, cy, bw, bh), (h, w) = box, size
    return (cx - bw / 2) * w, (cy - bh / 2) * h, bw * w, bh * h


@wrong("center_to_corners", hint="same side")
def by_the_width(box, size):
    (cx, cy, bw, bh), (_, w) = box, size
    return (cx - bw / 2) * w, (cy - bh / 2) * w, (cx + bw / 2) * w, (cy + bh / 2) * w


@wrong("center_to_corners", hint="no - 1")
def inclusive_corners(box, size):
    (cx, cy, bw, bh), (h, w) = box, size
    return (cx - bw / 2) * w, (cy - bh / 2) * h, (cx + bw / 2) * w - 1, (cy + bh / 2) * h - 1


@wrong("center_to_corners", hint="the middle and the size in pixels")
def middle_in_pixels(box, size):
    height, width = size
    return box[0] * width, box[1] * height, box[2] * width, box[3] * height


@wrong("center_to_corners", hint="second corner is the middle")
def up_to_the_middle(box, size):
    cx, cy, w, h = box
    height, width = size
    return (cx - w / 2) * width, (cy - h / 2) * height, cx * width, cy * height


@wrong("center_to_corners", hint="w and h are fractions too")
def half_a_fraction(box, size):
    cx, cy, w, h = box
    height, width = size
    return cx * width - w / 2, cy * height - h / 2, cx * width + w / 2, cy * height + h / 2


@wrong("center_to_corners", hint="w and h are swapped")
def height_first(box, size):
    cx, cy, h, w = box
    height, width = size
    return (cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height


@wrong("center_to_corners", hint="is to multiply")
def divided_again(box, size):
    cx, cy, w, h = box
    height, width = size
    return (cx - w / 2) / width, (cy - h / 2) / height, (cx + w / 2) / width, (cy + h / 2) / height


# box_iou


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


@right("box_iou")
def by_torchvision(a, b):
    from torchvision.ops import box_iou

    boxes = [torch.tensor([box], dtype=torch.float64) for box in (a, b)]
    return box_iou(*boxes).nan_to_num(0).item()


@right("box_iou")
def with_early_returns(a, b):
    w, h = overlap(a, b)
    if w <= 0 or h <= 0:
        return 0
    return 1 / ((area(a) + area(b)) / (w * h) - 1)


@wrong("box_iou", hint="Neither may be below 0")
def negative_sides(a, b):
    w, h = overlap(a, b)
    union = area(a) + area(b) - w * h
    return w * h / union if union else 0


@wrong("box_iou", hint="Cut each side at 0")
def product_cut(a, b):
    w, h = overlap(a, b)
    inside = max(0, w * h)
    union = area(a) + area(b) - inside
    return inside / union if union else 0


@wrong("box_iou", hint="The intersection is counted twice")
def counted_twice(a, b):
    w, h = (max(0, side) for side in overlap(a, b))
    both = area(a) + area(b)
    return w * h / both if both else 0


@wrong("box_iou", hint="Return 0 for them")
def division_by_zero(a, b):
    w, h = (max(0, side) for side in overlap(a, b))
    return w * h / (area(a) + area(b) - w * h)


@wrong("box_iou", hint="Divide it by that of the union")
def intersection_only(a, b):
    w, h = (max(0, side) for side in overlap(a, b))
    return w * h


@wrong("box_iou", hint="You divided by the smaller box")
def over_the_smaller(a, b):
    w, h = (max(0, side) for side in overlap(a, b))
    least = min(area(a), area(b))
    return w * h / least if least else 0


@wrong("box_iou", hint="You divided by the first box")
def over_the_first(a, b):
    w, h = (max(0, side) for side in overlap(a, b))
    return w * h / area(a) if area(a) else 0


@wrong("box_iou", hint="box around both")
def over_the_hull(a, b):
    w, h = (max(0, side) for side in overlap(a, b))
    hull = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
    return w * h / hull if hull else 0


@wrong("box_iou", hint="Dice")
def dice(a, b):
    w, h = (max(0, side) for side in overlap(a, b))
    both = area(a) + area(b)
    return 2 * w * h / both if both else 0


@wrong("box_iou", hint="A pixel too many")
def pixels_counted(a, b):
    w, h = (max(0, side + 1) for side in overlap(a, b))
    one, two = ((x[2] - x[0] + 1) * (x[3] - x[1] + 1) for x in (a, b))
    return w * h / (one + two - w * h)


@wrong("box_iou", hint="subtracted twice")
def subtracted_twice(a, b):
    w, h = (max(0, side) for side in overlap(a, b))
    rest = area(a) + area(b) - 2 * w * h
    return w * h / rest if rest else 0


def rightly(a, b):
    w, h = (max(0, side) for side in overlap(a, b))
    whole = area(a) + area(b) - w * h
    return w * h / whole if whole else 0.0


@right("box_iou")
def with_numpy(a, b):
    (a, b), zero = np.array([a, b], float), np.zeros(2)
    shared = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), zero).prod()
    union = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared
    return np.float32(shared / union if union else 0)


@wrong("box_iou", hint="read as (x, y, width, height)")
def with_sizes(a, b):
    return rightly(*((x, y, x + w, y + h) for x, y, w, h in (a, b)))


@wrong("box_iou", hint="read as (x1, x2, y1, y2)")
def axis_by_axis_boxes(a, b):
    return rightly(*((x1, y1, x2, y2) for x1, x2, y1, y2 in (a, b)))


@wrong("box_iou", hint="which is a loss")
def iou_loss(a, b):
    return 1 - rightly(a, b)


@wrong("box_iou", hint="percentage")
def in_percent(a, b):
    return 100 * rightly(a, b)


@wrong("box_iou", hint="// cuts off")
def floor_divided(a, b):
    w, h = (max(0, side) for side in overlap(a, b))
    whole = area(a) + area(b) - w * h
    return w * h // whole if whole else 0


@wrong("box_iou", hint="abs makes an overlap")
def absolute_sides(a, b):
    w, h = (abs(side) for side in overlap(a, b))
    whole = area(a) + area(b) - w * h
    return w * h / whole if whole else 0


@wrong("box_iou", hint="share nothing")
def one_for_equal(a, b):
    return 1.0 if a == b else rightly(a, b)


@wrong("box_iou", hint="min and max are swapped")
def min_for_max(a, b):
    w, h = max(a[2], b[2]) - min(a[0], b[0]), max(a[3], b[3]) - min(a[1], b[1])
    whole = area(a) + area(b) - w * h
    return w * h / whole if whole else 0


@wrong("box_iou", hint="need not be whole numbers")
def whole_numbers(a, b):
    return rightly(tuple(map(int, a)), tuple(map(int, b)))


SAME = "the mean over three axes does not depend on the order in which they are named"
TURNED = "the smaller, or the larger, of two numbers is the same in either order"
EQUIVALENT = {
    "normalisation": {
        "return (train.mean(axis=(0, 2, 3)), train.std(axis=(0, 2, 3)))  =>  "
        "return (train.mean(axis=(2, 0, 3)), train.std(axis=(0, 2, 3)))": SAME,
        "return (train.mean(axis=(0, 2, 3)), train.std(axis=(0, 2, 3)))  =>  "
        "return (train.mean(axis=(0, 2, 3)), train.std(axis=(2, 0, 3)))": SAME,
    },
    "box_iou": {
        f"{old}  =>  {new}": TURNED
        for name, i, j in (("width", 2, 0), ("height", 3, 1))
        for old in [f"{name} = min(a[{i}], b[{i}]) - max(a[{j}], b[{j}])"]
        for new in (
            f"{name} = min(b[{i}], a[{i}]) - max(a[{j}], b[{j}])",
            f"{name} = min(a[{i}], b[{i}]) - max(b[{j}], a[{j}])",
        )
    },
}
