"""Answers to the bug hunt of notebook 10: other repairs, the bug itself in other words, and half a repair."""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.wrong_answers import right, wrong

# bug_01: uint8 counts on from 0


@right("bug_01")
def through_numpy(images, amount):
    return torch.from_numpy(np.clip(images.numpy().astype(np.int16) + amount, 0, 255).astype(np.uint8))


@right("bug_01")
def through_float(images, amount):
    return (images.float() + amount).clamp(0, 255).byte()


@wrong("bug_01", hint="clip() comes too late")
def clip_renamed(images, amount):
    brighter = images + amount
    return torch.clamp(brighter, min=0, max=255)


@wrong("bug_01", hint="clip() comes too late")
def converted_after_the_sum(images, amount):
    return (images + amount).int().clip(0, 255).to(torch.uint8)


@wrong("bug_01", hint="clip() comes too late")
def compared_after_the_sum(images, amount):
    brighter = images + amount
    brighter[brighter > 255] = 255
    return brighter


@wrong("bug_01", hint="not below")
def limited_above_only(images, amount):
    return (images.int() + amount).clip(max=255).to(torch.uint8)


@wrong("bug_01", hint="not above")
def limited_below_only(images, amount):
    return (images.int() + amount).clip(min=0).to(torch.uint8)


@wrong("bug_01", hint="leave the range from 0 to 255")
def not_limited(images, amount):
    return images.int() + amount


@wrong("bug_01", hint="not below")
def limited_before(images, amount):
    return (images.int().clip(0, 255 - amount) + amount).to(torch.uint8)


@wrong("bug_01", hint="int8 ends at 127")
def in_int8(images, amount):
    return (images.to(torch.int8) + amount).clip(0, 255).to(torch.uint8)


@wrong("bug_01", hint="between 0 and 1")
def as_fraction(images, amount):
    return ((images.float() + amount) / 255).clip(0, 1)


@wrong("bug_01", hint="right dtype")
def left_as_int(images, amount):
    return (images.int() + amount).clip(0, 255)


# bug_02: shuffled apart


@right("bug_02")
def seeded_twice(images, labels, seed):
    images = images[torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))]
    labels = labels[torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))]
    return images, labels


@right("bug_02")
def with_numpy(images, labels, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    return images[order], labels[order]


@wrong("bug_02", hint="shuffled apart")
def two_orders(images, labels, seed):
    generator = torch.Generator()
    generator.manual_seed(seed)
    first = torch.randperm(len(images), generator=generator)
    second = torch.randperm(len(images), generator=generator)
    return images[first], labels[second]


@wrong("bug_02", hint="shuffled apart")
def images_only(images, labels, seed):
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    return images[order], labels


@wrong("bug_02", hint="shuffled apart")
def order_undone_for_labels(images, labels, seed):
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    return images[order], labels[order.argsort()]


@wrong("bug_02", hint="nothing is shuffled")
def not_shuffled(images, labels, seed):
    return images, labels


@wrong("bug_02", hint="seed is not used")
def unseeded(images, labels, seed):
    order = torch.randperm(len(images))
    return images[order], labels[order]


@wrong("bug_02", hint="does not depend on `seed`")
def own_seed(images, labels, seed):
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order], labels[order]


@wrong("bug_02", hint="does not depend on `seed`")
def turned_round(images, labels, seed):
    return images.flip(0), labels.flip(0)


@wrong("bug_02", hint="others come twice")
def with_replacement(images, labels, seed):
    order = torch.randint(0, len(images), (len(images),), generator=torch.Generator().manual_seed(seed))
    return images[order], labels[order]


@wrong("bug_02", hint="Return both")
def one_returned(images, labels, seed):
    return images[torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))]


# bug_03: a typed size in a reshape


@right("bug_03")
def rows_counted(maps):
    return maps.reshape(len(maps), -1)


@right("bug_03")
def all_computed(maps):
    n, c, h, w = maps.shape
    return maps.reshape(n, c * h * w)


@wrong("bug_03", hint="filled up with the next image")
def view_of_256(maps):
    return maps.contiguous().view(-1, 256)


@wrong("bug_03", hint="maps of one size")
def retyped(maps):
    return maps.reshape(-1, 16 * 5 * 5)


@wrong("bug_03", hint="one batch size")
def batch_typed(maps):
    return maps.reshape(64, -1)


@wrong("bug_03", hint="in one row")
def everything_joined(maps):
    return maps.flatten()


@wrong("bug_03", hint="still apart")
def channels_kept(maps):
    return maps.flatten(2)


@wrong("bug_03", hint="Only dimension 0 stays")
def row_for_each_channel(maps):
    return maps.reshape(-1, maps.shape[2] * maps.shape[3])


@wrong("bug_03", hint="channels come last")
def channels_last(maps):
    return maps.movedim(1, -1).flatten(1)


@wrong("bug_03", hint="images are mixed")
def turned(maps):
    return maps.reshape(maps.shape[1] * maps.shape[2] * maps.shape[3], -1).T


@wrong("bug_03", hint="averaged away")
def pooled(maps):
    return maps.double().mean(dim=(2, 3))


@wrong("bug_03", hint="cut to 4 x 4")
def made_to_fit(maps):
    return maps[:, :, :4, :4].reshape(len(maps), -1)


# bug_04: an in-place ReLU before a skip


@right("bug_04")
def skip_kept(x, weight):
    skip = x.clone()
    return skip + F.conv2d(F.relu(x.clone(), inplace=True), weight, padding=1)


@right("bug_04")
def with_where(x, weight):
    return F.conv2d(torch.where(x > 0, x, 0), weight, padding="same") + x


@wrong("bug_04", hint="negative values are lost")
def relu_underscore(x, weight):
    y = x.relu_()
    return x + F.conv2d(y, weight, padding=1)


@wrong("bug_04", hint="negative values are lost")
def skip_is_the_same_tensor(x, weight):
    skip = x
    y = F.conv2d(F.relu(x, inplace=True), weight, padding=1)
    return skip + y


@wrong("bug_04", hint="negative values are lost")
def cloned_too_late(x, weight):
    y = F.relu(x, inplace=True)
    skip = x.clone()
    return skip + F.conv2d(y, weight, padding=1)


@wrong("bug_04", hint="negative values are lost")
def rectified_skip(x, weight):
    x = F.relu(x)
    return x + F.conv2d(x, weight, padding=1)


@wrong("bug_04", hint="writes into the tensor")
def copied_for_the_skip_only(x, weight):
    skip = x.clone()
    return skip + F.conv2d(F.relu(x, inplace=True), weight, padding=1)


@wrong("bug_04", hint="writes into the tensor")
def added_in_place(x, weight):
    x += F.conv2d(F.relu(x), weight, padding=1)
    return x


@wrong("bug_04", hint="gets x with its negative values")
def relu_forgotten(x, weight):
    return x + F.conv2d(x, weight, padding=1)


@wrong("bug_04", hint="a ReLU after the sum")
def relu_at_the_end_too(x, weight):
    return F.relu(x + F.conv2d(F.relu(x), weight, padding=1))


@wrong("bug_04", hint="after the convolution")
def relu_of_the_convolution(x, weight):
    return x + F.relu(F.conv2d(x, weight, padding=1))


@wrong("bug_04", hint="skip is gone")
def no_skip(x, weight):
    return F.conv2d(F.relu(x), weight, padding=1)


@wrong("bug_04", hint="to itself")
def y_twice(x, weight):
    y = F.conv2d(F.relu(x), weight, padding=1)
    return y + y


# bug_05: the function F.dropout does not know of eval()


@right("bug_05")
def only_in_training(x, rate, training):
    x = F.relu(x)
    return F.dropout(x, rate) if training else x


@right("bug_05")
def by_hand(x, rate, training):
    x = x.clamp(min=0)
    return x * (torch.rand_like(x) >= rate) / (1 - rate) if training else x


@wrong("bug_05", hint="outside training too")
def renamed(x, rate, training):
    return torch.nn.functional.dropout(x.relu(), p=rate)


@wrong("bug_05", hint="outside training too")
def new_layer(x, rate, training):
    return nn.Dropout(rate)(F.relu(x))


@wrong("bug_05", hint="outside training too")
def turned_over(x, rate, training):
    return F.dropout(F.relu(x), rate, not training)


@wrong("bug_05", hint="outside training too")
def inplace_by_mistake(x, rate, training):
    return F.dropout(F.relu(x), rate, True, training)


@wrong("bug_05", hint="In training nothing is dropped")
def no_dropout(x, rate, training):
    return F.relu(x)


@wrong("bug_05", hint="In training nothing is dropped")
def never(x, rate, training):
    return F.dropout(F.relu(x), rate, training=False)


@wrong("bug_05", hint="Outside training the ReLU is missing")
def relu_in_training_only(x, rate, training):
    return F.dropout(F.relu(x), rate) if training else x


@wrong("bug_05", hint="In training the ReLU is missing")
def relu_outside_only(x, rate, training):
    return F.dropout(x, rate) if training else F.relu(x)


@wrong("bug_05", hint="made smaller")
def old_style(x, rate, training):
    x = F.relu(x)
    return x * (torch.rand_like(x) >= rate) if training else x * (1 - rate)


@wrong("bug_05", hint="made larger")
def divided_always(x, rate, training):
    x = F.relu(x) / (1 - rate)
    return x * (torch.rand_like(x) >= rate) if training else x


@wrong("bug_05", hint="divided by 1 - rate")
def not_divided(x, rate, training):
    x = F.relu(x)
    return x * (torch.rand_like(x) >= rate) if training else x


@wrong("bug_05", hint="not the share that stays")
def keeps_rate(x, rate, training):
    return F.dropout(F.relu(x), 1 - rate, training)


@wrong("bug_05", hint="drops the same values")
def same_chance(x, rate, training):
    x = F.relu(x)
    kept = torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) >= rate
    return x * kept / (1 - rate) if training else x


# bug_06: (N, 1) minus (N,)


@right("bug_06")
def target_as_column(prediction, target):
    return F.mse_loss(prediction, target[:, None])


@right("bug_06")
def prediction_as_row(prediction, target):
    return (prediction.T - target).square().mean()


@right("bug_06")
def both_flat(prediction, target):
    return sum((p - t) ** 2 for p, t in zip(prediction.flatten(), target, strict=True)) / len(target)


@wrong("bug_06", hint="every target")
def torchs_loss(prediction, target):
    return F.mse_loss(prediction, target)


@wrong("bug_06", hint="every target")
def wrong_axis_squeezed(prediction, target):
    return ((prediction - target.squeeze()) ** 2).mean()


@wrong("bug_06", hint="every target")
def target_as_row(prediction, target):
    return ((prediction - target[None]) ** 2).mean()


@wrong("bug_06", hint="every target")
def expanded(prediction, target):
    return ((prediction.expand(-1, len(target)) - target) ** 2).mean()


@wrong("bug_06", hint="You return a sum")
def summed(prediction, target):
    return ((prediction.squeeze(1) - target) ** 2).sum()


@wrong("bug_06", hint="sum the (N, N) table")
def table_summed(prediction, target):
    return ((prediction - target) ** 2).sum() / len(target)


@wrong("bug_06", hint="mean absolute error")
def absolute(prediction, target):
    return (prediction.squeeze(1) - target).abs().mean()


@wrong("bug_06", hint="There is a root")
def rooted(prediction, target):
    return ((prediction.squeeze(1) - target) ** 2).mean().sqrt()


@wrong("bug_06", hint="There is a half")
def halved(prediction, target):
    return ((prediction.squeeze(1) - target) ** 2).mean() / 2


@wrong("bug_06", hint="before the square")
def means_compared(prediction, target):
    return (prediction.mean() - target.mean()) ** 2


@wrong("bug_06", hint="Only the first prediction")
def one_prediction(prediction, target):
    return ((prediction[0] - target) ** 2).mean()


@wrong("bug_06", hint="square is missing")
def no_square(prediction, target):
    return (prediction.flatten() - target).mean()


# bug_07: gradients of parts that add up


@right("bug_07")
def by_size(model, parts):
    count = sum(len(labels) for _, labels in parts)
    model.zero_grad()
    for images, labels in parts:
        (F.cross_entropy(model(images), labels, reduction="sum") / count).backward()


@right("bug_07")
def divided_afterwards(model, parts):
    model.zero_grad()
    for images, labels in parts:
        F.cross_entropy(model(images), labels).backward()
    for parameter in model.parameters():
        parameter.grad /= len(parts)


@right("bug_07")
def in_one_piece(model, parts):
    model.zero_grad()
    torch.stack([F.cross_entropy(model(images), labels) for images, labels in parts]).mean().backward()


@wrong("bug_07", hint="still added up")
def losses_added(model, parts):
    model.zero_grad()
    sum(F.cross_entropy(model(images), labels) for images, labels in parts).backward()


@wrong("bug_07", hint="once too often")
def divided_by_size(model, parts):
    model.zero_grad()
    for images, labels in parts:
        (F.cross_entropy(model(images), labels) / len(labels)).backward()


@wrong("bug_07", hint="number of all images")
def divided_by_count(model, parts):
    count = sum(len(labels) for _, labels in parts)
    model.zero_grad()
    for images, labels in parts:
        (F.cross_entropy(model(images), labels) / count).backward()


@wrong("bug_07", hint="old gradients are still in it: call")
def never_cleared(model, parts):
    for images, labels in parts:
        (F.cross_entropy(model(images), labels) / len(parts)).backward()


@wrong("bug_07", hint="belongs before the loop")
def cleared_each_time(model, parts):
    for images, labels in parts:
        model.zero_grad()
        F.cross_entropy(model(images), labels).backward()


@wrong("bug_07", hint="divided by the number of parts")
def cleared_and_divided(model, parts):
    for images, labels in parts:
        model.zero_grad()
        (F.cross_entropy(model(images), labels) / len(parts)).backward()


@wrong("bug_07", hint="Only the last part is left")
def backward_after_the_loop(model, parts):
    model.zero_grad()
    for images, labels in parts:
        loss = F.cross_entropy(model(images), labels)
    loss.backward()


@wrong("bug_07", hint="summed over images")
def sum_in_each(model, parts):
    model.zero_grad()
    for images, labels in parts:
        F.cross_entropy(model(images), labels, reduction="sum").backward()


@wrong("bug_07", hint="no gradient in .grad")
def cleared_at_the_end(model, parts):
    for images, labels in parts:
        (F.cross_entropy(model(images), labels) / len(parts)).backward()
    model.zero_grad()


# bug_08: a schedule stepped per epoch


def rates_of(lr, total, moves):
    """The rates of a one-cycle schedule that moves as `moves` says: "." is a training step, "+" moves it."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=total)
    rates = []
    for move in moves:
        if move == ".":
            optimizer.step()
            rates.append(schedule.get_last_lr()[0])
        else:
            schedule.step()
    return rates


@right("bug_08")
def one_loop(lr, epochs, batches):
    return rates_of(lr, epochs * batches, ".+" * epochs * batches)


@right("bug_08")
def by_formula(lr, epochs, batches):
    steps = epochs * batches
    peak = 0.3 * steps - 1

    def between(start, end, share):
        return end + (start - end) / 2 * (1 + math.cos(math.pi * share))

    return [
        between(lr / 25, lr, i / peak)
        if i <= peak
        else between(lr, lr / 25e4, (i - peak) / (steps - 1 - peak))
        for i in range(steps)
    ]


@wrong("bug_08", hint="once per epoch")
def outside_the_inner_loop(lr, epochs, batches):
    return rates_of(lr, epochs * batches, ("." * batches + "+") * epochs)


@wrong("bug_08", hint="moves before the step")
def moved_first(lr, epochs, batches):
    return rates_of(lr, epochs * batches, "+." * (epochs * batches))


@wrong("bug_08", hint="as many steps as there are epochs")
def told_epochs(lr, epochs, batches):
    return rates_of(lr, epochs, ("." * batches + "+") * epochs)


@wrong("bug_08", hint="made for so many epochs")
def told_epochs_moved_per_batch(lr, epochs, batches):
    return rates_of(lr, epochs, ".+" * epochs * batches)


@wrong("bug_08", hint="made for one epoch")
def told_one_epoch(lr, epochs, batches):
    return rates_of(lr, batches, ".+" * epochs * batches)


@wrong("bug_08", hint="once more after each epoch")
def both(lr, epochs, batches):
    return rates_of(lr, epochs * batches, (".+" * batches + "+") * epochs)


@wrong("bug_08", hint="rate never changes")
def never_moved(lr, epochs, batches):
    return rates_of(lr, epochs * batches, "." * epochs * batches)


@wrong("bug_08", hint="one rate per epoch")
def rate_per_epoch(lr, epochs, batches):
    return rates_of(lr, epochs * batches, ".+" * epochs * batches)[::batches]


# bug_09: a state that is no copy


def keeping(keep, better=lambda now, lowest: now < lowest, put_back=True):
    def answer(model, train_once, loss, epochs):
        lowest, best = math.inf, keep(model) if put_back else None
        for _ in range(epochs):
            train_once(model)
            now = loss(model)
            if better(now, lowest):
                lowest, best = now, keep(model)
        if put_back:
            model.load_state_dict(best)

    return answer


@right("bug_09")
def deep_copy(model, train_once, loss, epochs):
    keeping(lambda model: copy.deepcopy(model.state_dict()))(model, train_once, loss, epochs)


@right("bug_09")
def all_states(model, train_once, loss, epochs):
    states, losses = [], []
    for _ in range(epochs):
        train_once(model)
        losses.append(loss(model))
        states.append({name: value.detach().clone() for name, value in model.state_dict().items()})
    model.load_state_dict(states[losses.index(min(losses))])


@wrong("bug_09", hint="no copies")
def bug_itself(model, train_once, loss, epochs):
    keeping(lambda model: model.state_dict())(model, train_once, loss, epochs)


@wrong("bug_09", hint="no copies")
def shallow(model, train_once, loss, epochs):
    keeping(lambda model: model.state_dict().copy())(model, train_once, loss, epochs)


@wrong("bug_09", hint="no copies")
def as_dict(model, train_once, loss, epochs):
    keeping(lambda model: dict(model.state_dict()))(model, train_once, loss, epochs)


@wrong("bug_09", hint="no copies")
def detached(model, train_once, loss, epochs):
    keeping(lambda model: {k: v.detach() for k, v in model.state_dict().items()})(
        model, train_once, loss, epochs
    )


@wrong("bug_09", hint="no copies")
def never_put_back(model, train_once, loss, epochs):
    keeping(lambda model: copy.deepcopy(model.state_dict()), put_back=False)(model, train_once, loss, epochs)


@wrong("bug_09", hint="no copies")
def name_rebound(model, train_once, loss, epochs):
    lowest = math.inf
    for _ in range(epochs):
        train_once(model)
        if loss(model) < lowest:
            lowest, best = loss(model), copy.deepcopy(model)
    model = best


@wrong("bug_09", hint="running statistic is of the last epoch")
def parameters_only(model, train_once, loss, epochs):
    lowest = math.inf
    for _ in range(epochs):
        train_once(model)
        if loss(model) < lowest:
            lowest, best = loss(model), [p.detach().clone() for p in model.parameters()]
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), best, strict=True):
            parameter.copy_(value)


@wrong("bug_09", hint="started with")
def first_state(model, train_once, loss, epochs):
    before = copy.deepcopy(model.state_dict())
    for _ in range(epochs):
        train_once(model)
    model.load_state_dict(before)


@wrong("bug_09", hint="first is asked for")
def last_of_equals(model, train_once, loss, epochs):
    keeping(lambda model: copy.deepcopy(model.state_dict()), lambda now, lowest: now <= lowest)(
        model, train_once, loss, epochs
    )


@wrong("bug_09", hint="highest loss")
def worst(model, train_once, loss, epochs):
    keeping(lambda model: copy.deepcopy(model.state_dict()), lambda now, low: now > low or low == math.inf)(
        model, train_once, loss, epochs
    )


@wrong("bug_09", hint="with the epoch before")
def better_than_before(model, train_once, loss, epochs):
    before = math.inf
    for _ in range(epochs):
        train_once(model)
        now = loss(model)
        if now < before:
            best = copy.deepcopy(model.state_dict())
        before = now
    model.load_state_dict(best)


# bug_10: an attribute of another name


@right("bug_10")
def by_method(model):
    model.features.requires_grad_(False)
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@right("bug_10")
def with_filter(model):
    for parameter in model.features.parameters():
        parameter.requires_grad_(False)
    return list(filter(lambda parameter: parameter.requires_grad, model.parameters()))


@wrong("bug_10", hint="features still learn")
def another_spelling(model):
    for parameter in model.features.parameters():
        parameter.requires_gradient = False
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@wrong("bug_10", hint="features still learn")
def method_overwritten(model):
    for parameter in model.features.parameters():
        parameter.requires_grad_ = False
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@wrong("bug_10", hint="features still learn")
def attribute_of_the_module(model):
    model.features.requires_grad = False
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@wrong("bug_10", hint="features still learn")
def eval_is_no_freezing(model):
    model.features.eval()
    return list(model.head.parameters())


@wrong("bug_10", hint="features still learn")
def left_out_of_the_list(model):
    return [p for p in model.head.parameters() if p.requires_grad]


@wrong("bug_10", hint="features still learn")
def weights_only(model):
    for name, parameter in model.features.named_parameters():
        parameter.requires_grad = "weight" not in name
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@wrong("bug_10", hint="head is frozen too")
def everything(model):
    for parameter in model.parameters():
        parameter.requires_grad = False
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@wrong("bug_10", hint="frozen before learns again")
def head_switched_on(model):
    model.features.requires_grad_(False)
    model.head.requires_grad_(True)
    return list(model.head.parameters())


@wrong("bug_10", hint="Freezing changes none")
def emptied(model):
    for parameter in model.features.parameters():
        parameter.requires_grad = False
        parameter.zero_()
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


@wrong("bug_10", hint="other parameters than those that learn")
def all_of_them(model):
    model.features.requires_grad_(False)
    return list(model.parameters())


@wrong("bug_10", hint="other parameters than those that learn")
def whole_head(model):
    model.features.requires_grad_(False)
    return list(model.head.parameters())


@wrong("bug_10", hint="Return a list of the parameters")
def names(model):
    model.features.requires_grad_(False)
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


OPTIMIZER = "optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr)"
ANY_PARAMETER = "the optimizer's one parameter is never used: any, or an empty one, does"
EQUIVALENT = {
    "bug_06": {
        "return ((prediction[:, 0] - target) ** 2).mean()  =>  return ((prediction[:, -1] - target) ** 2).mean()": (
            "the first column is the last: there is one"
        ),
    },
    "bug_08": {
        "optimizer.step()  =>  pass": "no rate depends on it; torch warns",
        f"{OPTIMIZER}  =>  optimizer = torch.optim.SGD([torch.zeros(1)], lr)": ANY_PARAMETER,
        f"{OPTIMIZER}  =>  optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr)": ANY_PARAMETER,
        f"{OPTIMIZER}  =>  optimizer = torch.optim.SGD([torch.zeros(0, requires_grad=True)], lr)": ANY_PARAMETER,
        f"{OPTIMIZER}  =>  optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=False)], lr)": ANY_PARAMETER,
        "rates.append(optimizer.param_groups[0]['lr'])  =>  rates.append(optimizer.param_groups[-1]['lr'])": (
            "the first group is the last: there is one"
        ),
    },
}
