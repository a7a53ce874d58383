"""Answers to the exercises of notebook 10."""

from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F

from tests.wrong_answers import nb10_bug_hunt, right, wrong

# ConvNet


def layers(in_shape, num_classes, *, size=None, bias=True, kernel=5, channels=(16, 32)):
    c, h, w = in_shape
    first, second = channels
    size = second * (h - 8) * (w - 8) if size is None else size
    return (
        torch.nn.Conv2d(c, first, kernel, bias=bias),
        torch.nn.Conv2d(first, second, kernel),
        torch.nn.Linear(size, num_classes),
    )


class Net(torch.nn.Module):
    """The right layers; each answer below changes something."""

    options: dict = {}

    def __init__(self, in_shape=(1, 28, 28), num_classes=10):
        super().__init__()
        self.conv1, self.conv2, self.linear = layers(in_shape, num_classes, **self.options)

    def features(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x))))

    def forward(self, x):
        return self.linear(self.features(x).flatten(1))


@right("ConvNet")
class Plain(Net):
    pass


@right("ConvNet")
class LogProbabilities(Net):
    def forward(self, x):
        return F.log_softmax(super().forward(x), dim=1)


@right("ConvNet")
class MeasuredSize(torch.nn.Module):
    def __init__(self, in_shape=(1, 28, 28), num_classes=10):
        super().__init__()
        conv = [
            torch.nn.Conv2d(in_shape[0], 16, 5),
            torch.nn.ReLU(),
            torch.nn.Conv2d(16, 32, 5),
            torch.nn.ReLU(),
        ]
        with torch.no_grad():
            size = torch.nn.Sequential(*conv)(torch.zeros(1, *in_shape)).numel()
        self.net = torch.nn.Sequential(*conv, torch.nn.Flatten(), torch.nn.Linear(size, num_classes))

    def forward(self, x):
        return self.net(x)


@right("ConvNet")
class Lazy(torch.nn.Module):
    def __init__(self, in_shape=(1, 28, 28), num_classes=10):
        super().__init__()
        self.a, self.b = torch.nn.LazyConv2d(16, 5), torch.nn.LazyConv2d(32, 5)
        self.c = torch.nn.LazyLinear(num_classes)

    def forward(self, x):
        return self.c(self.b(self.a(x).relu()).relu().flatten(1))


@wrong("ConvNet", hint="rows sum to 1")
class Softmax(Net):
    def forward(self, x):
        return F.softmax(super().forward(x), dim=1)


@wrong("ConvNet", hint="softmax over dimension 0")
class SoftmaxOverBatch(Net):
    def forward(self, x):
        return F.softmax(super().forward(x), dim=0)


@wrong("ConvNet", hint="sigmoid")
class Sigmoid(Net):
    def forward(self, x):
        return torch.sigmoid(super().forward(x))


@wrong("ConvNet", hint="is a number typed")
class TypedSize(Net):
    options = {"size": 32 * 20 * 20}


@wrong("ConvNet", hint="ReLU after the last layer")
class LastRelu(Net):
    def forward(self, x):
        return F.relu(super().forward(x))


@wrong("ConvNet", hint="one linear map")
class NoRelu(Net):
    def features(self, x):
        return self.conv2(self.conv1(x))


@wrong("ConvNet", hint="after the first convolution is missing")
class NoFirstRelu(Net):
    def features(self, x):
        return F.relu(self.conv2(self.conv1(x)))


@wrong("ConvNet", hint="after the second convolution is missing")
class NoSecondRelu(Net):
    def features(self, x):
        return self.conv2(F.relu(self.conv1(x)))


@wrong("ConvNet", hint="compute the size")
class ThreeByThree(Net):
    options = {"kernel": 3}


@wrong("ConvNet", hint="A layer has another size")
class NoBias(Net):
    options = {"bias": False}


@wrong("ConvNet", hint="a plain list hides it")
class HiddenInAList(Net):
    def __init__(self, in_shape=(1, 28, 28), num_classes=10):
        super().__init__(in_shape, num_classes)
        self.convolutions = [self.conv1, self.conv2]
        del self.conv1, self.conv2

    def features(self, x):
        return F.relu(self.convolutions[1](F.relu(self.convolutions[0](x))))


@wrong("ConvNet", hint="depends on the others in its batch")
class BatchMates(Net):
    def forward(self, x):
        return super().forward(x - x.mean(dim=0))


@wrong("ConvNet", hint="Flatten from dimension 1")
class FlattensTheBatch(Net):
    def forward(self, x):
        return self.linear(self.features(x).flatten())


@wrong("ConvNet", hint="end with a return")
class NoReturn(Net):
    def forward(self, x):
        super().forward(x)


@wrong("ConvNet", hint="no argmax")
class Argmax(Net):
    def forward(self, x):
        return super().forward(x).argmax(dim=1)


@wrong("ConvNet", hint="channel by channel")
class ChannelsLast(Net):
    def forward(self, x):
        return self.linear(self.features(x).permute(0, 2, 3, 1).flatten(1))


@wrong("ConvNet", hint="tanh")
class Tanh(Net):
    def features(self, x):
        return torch.tanh(self.conv2(torch.tanh(self.conv1(x))))


@wrong("ConvNet", hint="leaky")
class Leaky(Net):
    def features(self, x):
        return F.leaky_relu(self.conv2(F.leaky_relu(self.conv1(x))))


@wrong("ConvNet", hint="random in eval mode")
class AlwaysDropout(Net):
    def features(self, x):
        return F.dropout(super().features(x))


@wrong("ConvNet", hint="such as dropout")
class ExtraDropout(Net):
    def features(self, x):
        return F.dropout(super().features(x), training=self.training)


@wrong("ConvNet", hint="`forward` stopped")
class Misspelt(Net):
    def forward(self, x):
        return self.linaer(self.features(x).flatten(1))


@wrong("ConvNet", hint="torch.nn.Module")
def no_module(in_shape=(1, 28, 28), num_classes=10):
    return layers(in_shape, num_classes)


# train_one_epoch


@right("train_one_epoch")
def with_a_loss_object(model, loader, optimizer, device):
    criterion = torch.nn.CrossEntropyLoss(reduction="sum")
    model.train()
    total = count = 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        loss = criterion(model(images), labels)
        (loss / len(labels)).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total, count = total + loss.detach(), count + len(labels)
    return total / count


@right("train_one_epoch")
def with_numpy_average(model, loader, optimizer, device):
    model.train()
    losses, sizes = [], []
    for batch in loader:
        x, y = (part.to(device, non_blocking=True) for part in batch)
        optimizer.zero_grad()
        loss = F.nll_loss(F.log_softmax(model(x), dim=1), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        sizes.append(y.shape[0])
    return np.average(losses, weights=sizes)


@right("train_one_epoch")
def with_the_length_of_the_dataset(model, loader, optimizer, device):
    model.train()
    total = 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * images.size(0)
    return total / len(loader.dataset)


def an_epoch(model, loader, optimizer, device, skip="", result="mean"):
    """The loop as students write it, without the line named `skip`."""
    if skip != "train":
        model.train()
    if skip == "eval":
        model.eval()
    total = count = means = 0
    for images, labels in loader:
        if skip != "to":
            images, labels = images.to(device), labels.to(device)
        if skip == "labels":
            labels = labels.to(device)
        if skip != "zero_grad":
            optimizer.zero_grad()
        scores = model(images)
        loss = F.cross_entropy(F.softmax(scores, dim=1) if skip == "softmax" else scores, labels)
        if skip == "order":
            optimizer.step()
        if skip != "backward":
            loss.backward()
        if skip == "cleared":
            optimizer.zero_grad()
        if skip not in ("step", "order"):
            optimizer.step()
        total, count, means = total + loss.item() * len(labels), count + len(labels), means + loss.item()
        if skip == "first":
            break
    return {
        "mean": total / count,
        "last": loss.item(),
        "batches": means / len(loader),
        "sum": total,
        "mixed": means / count,
        "per batch": total / len(loader),
        "sum of means": means,
        "none": None,
    }[result]


@wrong("train_one_epoch", hint="zero_grad()")
def no_zero_grad(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, skip="zero_grad")


@wrong("train_one_epoch", hint="weights did not change")
def no_step(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, skip="step")


@wrong("train_one_epoch", hint="weights did not change")
def no_backward(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, skip="backward")


@wrong("train_one_epoch", hint="left in eval mode")
def no_train_mode(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, skip="train")


@wrong("train_one_epoch", hint="left in eval mode")
def eval_mode(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, skip="eval")


@wrong("train_one_epoch", hint="last batch")
def last_loss(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, result="last")


@wrong("train_one_epoch", hint="batches' means")
def unweighted(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, result="batches")


@wrong("train_one_epoch", hint="returned a sum")
def summed(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, result="sum")


@wrong("train_one_epoch", hint="by the number of images. Weight")
def mixed(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, result="mixed")


@wrong("train_one_epoch", hint="takes logits")
def softmax_first(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, skip="softmax")


@wrong("train_one_epoch", hint="weights did not change")
def step_too_early(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, skip="order")


@wrong("train_one_epoch", hint="weights did not change")
def cleared_too_early(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, skip="cleared")


@wrong("train_one_epoch", hint="return inside the loop")
def first_batch_only(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, skip="first")


@wrong("train_one_epoch", hint="number of batches")
def divided_by_the_number_of_batches(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, result="per batch")


@wrong("train_one_epoch", hint="added up the batches' means")
def added_up(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, result="sum of means")


@wrong("train_one_epoch", hint="after its step")
def loss_after_the_step(model, loader, optimizer, device):
    model.train()
    total = 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        optimizer.zero_grad()
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
        total += F.cross_entropy(model(images), labels).item() * len(labels)
    return total / 10


@wrong("train_one_epoch", hint="one step for the whole epoch")
def one_step(model, loader, optimizer, device):
    model.train()
    optimizer.zero_grad()
    total = 0
    for images, labels in loader:
        loss = F.cross_entropy(model(images.to(device)), labels.to(device))
        loss.backward()
        total += loss.item() * len(labels)
    optimizer.step()
    return total / 10


@wrong("train_one_epoch", hint="use what it returns")
def moved_for_nothing(model, loader, optimizer, device):
    for images, labels in loader:
        images.to(device), labels.to(device)
    return an_epoch(model, loader, optimizer, device, skip="to")


@wrong("train_one_epoch", hint="Move both images and labels")
def not_moved(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, skip="to")


@wrong("train_one_epoch", hint="Move both images and labels")
def only_images_moved(model, loader, optimizer, device):
    return an_epoch(
        model, [(images.to(device), labels) for images, labels in loader], optimizer, device, skip="to"
    )


@wrong("train_one_epoch", hint="Return the mean loss")
def returns_nothing(model, loader, optimizer, device):
    return an_epoch(model, loader, optimizer, device, result="none")


# accuracy


@right("accuracy")
@torch.no_grad()
def per_image(model, loader, device):
    before = model.training
    model.eval()
    hits = []
    for images, labels in loader:
        hits += (model(images.to(device)).argmax(dim=1) == labels.to(device)).tolist()
    model.train(before)
    return sum(hits) / len(hits)


@right("accuracy")
def as_a_tensor(model, loader, device):
    mode = model.training
    model.train(False)
    with torch.inference_mode():
        pairs = [(model(x.to(device)).topk(1).indices[:, 0], y.to(device)) for x, y in loader]
    model.train(mode)
    predicted, labels = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    return (predicted == labels).float().mean()


@right("accuracy")
def on_the_cpu_at_the_end(model, loader, device):
    before = model.training
    model.eval()
    right = 0
    with torch.no_grad():
        for images, labels in loader:
            right += (model(images.to(device)).argmax(1).cpu() == labels).sum().item()
    model.train(before)
    return right / len(loader.dataset)


def counted(model, loader, device, skip="", result="fraction"):
    before = model.training
    if skip != "eval":
        model.eval()
    right = count = 0
    shares = []
    with torch.set_grad_enabled(skip == "grad"):
        for images, labels in loader:
            if skip != "to":
                images, labels = images.to(device), labels.to(device)
            hits = int((model(images).argmax(dim=1) == labels).sum())
            right, count = right + hits, count + len(labels)
            shares.append(hits / len(labels))
            if skip == "first":
                break
    if skip == "always train":
        model.train()
    elif skip != "restore":
        model.train(before)
    return {
        "fraction": right / count,
        "percent": 100 * right / count,
        "means": sum(shares) / len(shares),
        "count": right,
        "wrong": 1 - right / count,
        "last": shares[-1],
        "batches": right / len(shares),
    }[result]


@wrong("accuracy", hint="batches' accuracies")
def batch_means(model, loader, device):
    return counted(model, loader, device, result="means")


@wrong("accuracy", hint="left in training mode")
def no_eval(model, loader, device):
    return counted(model, loader, device, skip="eval")


@wrong("accuracy", hint="back into the mode")
def mode_not_restored(model, loader, device):
    return counted(model, loader, device, skip="restore")


@wrong("accuracy", hint="back into the mode")
def always_left_training(model, loader, device):
    return counted(model, loader, device, skip="always train")


@wrong("accuracy", hint="inference_mode")
def gradients_on(model, loader, device):
    return counted(model, loader, device, skip="grad")


@wrong("accuracy", hint="Move both images and labels")
def nothing_moved(model, loader, device):
    return counted(model, loader, device, skip="to")


@wrong("accuracy", hint="a percentage")
def percentage(model, loader, device):
    return counted(model, loader, device, result="percent")


@wrong("accuracy", hint="number of right answers")
def not_divided(model, loader, device):
    return counted(model, loader, device, result="count")


@wrong("accuracy", hint="wrong answers")
def error_rate(model, loader, device):
    return counted(model, loader, device, result="wrong")


@wrong("accuracy", hint="Only the last batch")
def last_batch(model, loader, device):
    return counted(model, loader, device, result="last")


@wrong("accuracy", hint="Only the first batch")
def first_batch(model, loader, device):
    return counted(model, loader, device, skip="first")


@wrong("accuracy", hint="number of batches")
def divided_by_batches(model, loader, device):
    return counted(model, loader, device, result="batches")


@wrong("accuracy", hint="cuts off the fraction")
def whole_number(model, loader, device):
    return counted(model, loader, device) // 1


@wrong("accuracy", hint="stay switched off")
def switched_off_for_good(model, loader, device):
    result = counted(model, loader, device)
    torch.set_grad_enabled(False)
    return result


# make_splits


def subsets(dataset, order, sizes):
    bounds = np.cumsum([0, *sizes])
    return [torch.utils.data.Subset(dataset, [int(i) for i in order[a:b]]) for a, b in pairwise(bounds)]


@right("make_splits")
def with_numpy(dataset, sizes, seed):
    return subsets(dataset, np.random.default_rng(seed).permutation(len(dataset)), sizes)


@right("make_splits")
def with_randperm(dataset, sizes, seed):
    order = torch.randperm(sum(sizes), generator=torch.Generator().manual_seed(seed)).tolist()
    return tuple(subsets(dataset, order, sizes))


@wrong("make_splits", hint="seed is not used")
def unseeded(dataset, sizes, seed):
    return torch.utils.data.random_split(dataset, sizes)


@wrong("make_splits", hint="global generator")
def global_seed(dataset, sizes, seed):
    torch.manual_seed(seed)
    return torch.utils.data.random_split(dataset, sizes)


@wrong("make_splits", hint="global generator")
def global_numpy_seed(dataset, sizes, seed):
    np.random.seed(seed)  # noqa: NPY002
    return subsets(dataset, np.random.permutation(len(dataset)), sizes)  # noqa: NPY002


@wrong("make_splits", hint="Another seed")
def fixed_seed(dataset, sizes, seed):
    return torch.utils.data.random_split(dataset, sizes, generator=torch.Generator().manual_seed(0))


@wrong("make_splits", hint="Shuffle, then cut")
def in_order(dataset, sizes, seed):
    return subsets(dataset, np.arange(len(dataset)), sizes)


@wrong("make_splits", hint="overlap")
def drawn_with_replacement(dataset, sizes, seed):
    rng = np.random.default_rng(seed)
    return subsets(dataset, rng.integers(0, len(dataset), len(dataset)), sizes)


@wrong("make_splits", hint="overlap")
def each_split_shuffled_anew(dataset, sizes, seed):
    rng = np.random.default_rng(seed)
    return [subsets(dataset, rng.permutation(len(dataset)), [size])[0] for size in sizes]


@wrong("make_splits", hint="one block")
def shuffled_blocks(dataset, sizes, seed):
    rng, bounds = np.random.default_rng(seed), np.cumsum([0, *sizes])
    order = np.concatenate([rng.permutation(np.arange(a, b)) for a, b in pairwise(bounds)])
    return subsets(dataset, order, sizes)


@wrong("make_splits", hint="keeps indices")
def lists_of_items(dataset, sizes, seed):
    return [list(split) for split in with_numpy(dataset, sizes, seed)]


@wrong("make_splits", hint="sorted after the split")
def sorted_splits(dataset, sizes, seed):
    splits = with_numpy(dataset, sizes, seed)
    return [torch.utils.data.Subset(dataset, sorted(split.indices)) for split in splits]


@wrong("make_splits", hint="One Subset for each")
def wrong_order(dataset, sizes, seed):
    return with_numpy(dataset, sizes[::-1], seed)


@wrong("make_splits", hint="One Subset for each")
def one_too_few(dataset, sizes, seed):
    return with_numpy(dataset, sizes, seed)[:2]


@wrong("make_splits", hint="keeps indices")
def sizes_only(dataset, sizes, seed):
    return sizes


EQUIVALENT = {
    "train_one_epoch": {
        "total, count = (0.0, 0)  =>  total, count = (0, 0.0)": "0 and 0.0 are the same number to add to",
    },
    **nb10_bug_hunt.EQUIVALENT,
}
