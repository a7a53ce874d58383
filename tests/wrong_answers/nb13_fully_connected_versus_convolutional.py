"""Answers to the exercises of notebook 13."""

import itertools
import math
import statistics

import numpy as np
import torch
import torch.nn.functional as F

from tests.wrong_answers import right, wrong

# matched_width


@right("matched_width")
def with_min(budget, count_params):
    return min(range(1, 5000), key=lambda width: abs(count_params(width) - budget))


@right("matched_width")
def by_bisection(budget, count_params):
    low, high = 1, 2
    while count_params(high) < budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count_params(middle) <= budget else (low, middle)
    return min((low, high), key=lambda width: (abs(count_params(width) - budget), width))


@wrong("matched_width", hint="The one before it may be nearer")
def first_above(budget, count_params):
    width = 1
    while count_params(width) < budget:
        width += 1
    return width


@wrong("matched_width", hint="The one before it may be nearer")
def first_strictly_above(budget, count_params):
    return next(width for width in itertools.count(1) if count_params(width) > budget)


@wrong("matched_width", hint="The next one may be nearer")
def last_within(budget, count_params):
    width = 1
    while count_params(width + 1) <= budget:
        width += 1
    return width


@wrong("matched_width", hint="you take the larger width")
def tie_larger(budget, count_params):
    best = 1
    for width in range(1, 5000):
        if abs(count_params(width) - budget) <= abs(count_params(best) - budget):
            best = width
    return best


@wrong("matched_width", hint="one width too few")
def index_for_width(budget, count_params):
    return int(np.argmin([abs(count_params(width) - budget) for width in range(1, 5000)]))


@wrong("matched_width", hint="one width too many")
def off_by_one(budget, count_params):
    best = min(range(1, 5000), key=lambda width: abs(count_params(width) - budget))
    return best + 1


@wrong("matched_width", hint="Return the width")
def returns_the_count(budget, count_params):
    return min((count_params(width) for width in range(1, 5000)), key=lambda count: abs(count - budget))


@wrong("matched_width", hint="Return the width")
def returns_the_distance(budget, count_params):
    return min(abs(count_params(width) - budget) for width in range(1, 5000))


@wrong("matched_width", hint="without their sign")
def signed(budget, count_params):
    return min(range(1, 5000), key=lambda width: count_params(width) - budget)


@wrong("matched_width", hint="in proportion to the width")
def proportional(budget, count_params):
    return max(1, round(budget / count_params(1)))


@wrong("matched_width", hint="by the same number with every width")
def nearest_in_width(budget, count_params):
    step = count_params(2) - count_params(1)
    return max(1, round(1 + (budget - count_params(1)) / step))


@wrong("matched_width", hint="not of the widths")
def nearest_ratio(budget, count_params):
    return min(range(1, 5000), key=lambda w: max(count_params(w) / budget, budget / count_params(w)))


@wrong("matched_width", hint="ends too early")
def up_to_a_thousand(budget, count_params):
    return min(range(1, 1000), key=lambda width: abs(count_params(width) - budget))


@wrong("matched_width", hint="stopped with an error")
def from_zero(budget, count_params):
    return min(range(5000), key=lambda width: abs(count_params(width) - budget))


@wrong("matched_width", hint="This is the budget")
def nearest_width_to_the_budget(budget, count_params):
    return min(range(1, 5000), key=lambda width: abs(width - budget))


@wrong("matched_width", hint="stopped with an error")
def asks_for_width_zero(budget, count_params):
    width = 1
    while count_params(width) <= budget:
        width += 1
    return width if count_params(width) - budget < budget - count_params(width - 1) else width - 1


# summarise


@right("summarise")
def with_numpy(runs):
    return np.mean(runs), np.std(runs, ddof=1) if len(runs) > 1 else np.nan


@right("summarise")
def with_statistics(runs):
    return statistics.mean(runs), statistics.stdev(runs) if len(runs) > 1 else float("nan")


@right("summarise")
def with_torch(runs):
    runs = torch.tensor(runs, dtype=torch.float64)
    spread = runs.std() if len(runs) > 1 else torch.tensor(torch.nan)
    return runs.mean().item(), spread.item()


@wrong("summarise", hint="divide by n - 1")
def population(runs):
    return np.mean(runs), np.std(runs)


@wrong("summarise", hint="divide by n - 1")
def population_but_nan(runs):
    return statistics.mean(runs), statistics.pstdev(runs) if len(runs) > 1 else math.nan


@wrong("summarise", hint="return NaN there")
def zero_for_one(runs):
    return np.mean(runs), np.std(runs, ddof=1) if len(runs) > 1 else 0.0


@wrong("summarise", hint="return NaN there")
def stops_at_one(runs):
    return statistics.mean(runs), statistics.stdev(runs if len(runs) > 1 else runs * 2)


@wrong("summarise", hint="Chance made it best")
def best_of(runs):
    return max(runs), with_numpy(runs)[1]


@wrong("summarise", hint="This is the median")
def median(runs):
    return float(np.median(runs)), with_numpy(runs)[1]


@wrong("summarise", hint="Take its square root")
def variance(runs):
    return np.mean(runs), statistics.variance(runs) if len(runs) > 1 else math.nan


@wrong("summarise", hint="standard error of the mean")
def standard_error(runs):
    mean, sd = with_numpy(runs)
    return mean, sd / math.sqrt(len(runs))


@wrong("summarise", hint="range from worst to best")
def spread_as_range(runs):
    return np.mean(runs), max(runs) - min(runs)


@wrong("summarise", hint="swapped")
def swapped(runs):
    return with_numpy(runs)[::-1]


@wrong("summarise", hint="Square the differences")
def absolute_deviation(runs):
    mean = sum(runs) / len(runs)
    return mean, sum(abs(run - mean) for run in runs) / len(runs)


@wrong("summarise", hint="return NaN there")
def infinite_for_one(runs):
    return np.mean(runs), np.std(runs, ddof=1) if len(runs) > 1 else math.inf


@wrong("summarise", hint="Only its spread is NaN")
def nothing_of_one(runs):
    return with_statistics(runs) if len(runs) > 1 else (math.nan, math.nan)


@wrong("summarise", hint="their signs cancel")
def not_squared(runs):
    mean = sum(runs) / len(runs)
    return mean, sum(run - mean for run in runs) / max(len(runs) - 1, 1)


# shift_curve


@right("shift_curve")
def with_roll(predict, images, labels, shifts):
    curve = []
    for shift in shifts:
        for column in range(images.shape[-1] - shift, images.shape[-1]):
            if (images[..., column] != 0).any():
                raise ValueError("ink would leave")
        curve.append((predict(images.roll(shift, -1)) == labels).float().mean().item())
    return curve


@right("shift_curve")
def one_image_at_a_time(predict, images, labels, shifts):
    used = (images != 0).any(dim=0).any(dim=0).any(dim=0).nonzero()
    room = images.shape[-1] - 1 - int(used.max())
    if max(shifts) > room:
        raise ValueError(f"there is room for {room} pixels")
    curve = np.zeros(len(shifts))
    for i, shift in enumerate(shifts):
        moved = torch.zeros_like(images)
        moved[:, :, :, shift:] = images[:, :, :, : images.shape[3] - shift]
        for image, label in zip(moved, labels, strict=True):
            curve[i] += int(predict(image[None])[0]) == int(label)
    return curve / len(images)


@right("shift_curve")
def list_of_tensors(predict, images, labels, shifts):
    def accuracy(shift):
        width = images.shape[-1]
        if images[..., width - shift :].sum() > 0:
            raise ValueError(shift)
        return (predict(F.pad(images, (shift, 0))[..., :width]) == labels).float().mean()

    return [accuracy(shift) for shift in shifts]


def curve_with(move, allowed=lambda images, shift: not images[..., images.shape[-1] - shift :].any()):
    def curve(predict, images, labels, shifts):
        result = []
        for shift in shifts:
            if not allowed(images, shift):
                raise ValueError("ink would leave")
            result.append((predict(move(images, shift)) == labels).float().mean().item())
        return result

    return curve


def pad(images, shift):
    return F.pad(images, (shift, 0))[..., : images.shape[-1]]


def name(function, called):
    function.__name__ = called
    return function


def always(images, shift):
    return True


roll = name(curve_with(lambda x, s: x.roll(s, -1), always), "wrap_around")
wrong("shift_curve", hint="comes in on the left")(roll)
wrong("shift_curve", hint="Strokes are cut away")(name(curve_with(pad, always), "cropped"))
wrong("shift_curve", hint="move to the left")(
    name(curve_with(lambda x, s: F.pad(x, (0, s))[..., s:]), "to_the_left")
)
wrong("shift_curve", hint="move down")(
    name(curve_with(lambda x, s: F.pad(x, (0, 0, s, 0))[..., : x.shape[-2], :]), "down")
)
wrong("shift_curve", hint="as well as to the right")(
    name(curve_with(lambda x, s: F.pad(x, (s, 0, s, 0))[..., : x.shape[-2], : x.shape[-1]]), "down_and_right")
)
wrong("shift_curve", hint="move down")(name(curve_with(lambda x, s: x.roll(s, 2), always), "rolled_down"))
wrong("shift_curve", hint="move to the left")(
    name(curve_with(lambda x, s: x.roll(-s, 3), always), "rolled_left")
)
wrong("shift_curve", hint="do not move")(name(curve_with(lambda x, s: x), "unmoved"))
wrong("shift_curve", hint="the border repeated")(
    name(
        curve_with(lambda x, s: F.pad(x, (s, 0, 0, 0), mode="replicate")[..., : x.shape[-1]]),
        "border_repeated",
    )
)
wrong("shift_curve", hint="a shift that fits")(
    name(curve_with(pad, lambda x, s: not x[..., x.shape[-1] - s - 1 :].any()), "too_careful")
)
wrong("shift_curve", hint="one column too few")(
    name(curve_with(pad, lambda x, s: not x[..., x.shape[-1] - s + 1 :].any()), "too_late")
)
wrong("shift_curve", hint="is the whole image")(
    name(curve_with(pad, lambda x, s: not x[..., -s:].any()), "minus_zero")
)
wrong("shift_curve", hint="it leaves on the right")(
    name(curve_with(pad, lambda x, s: not x[..., :s].any()), "looks_on_the_left")
)
wrong("shift_curve", hint="first image only")(
    name(curve_with(pad, lambda x, s: not x[0, ..., x.shape[-1] - s :].any()), "looks_at_the_first")
)
wrong("shift_curve", hint="A faint pixel is ink too")(
    name(curve_with(pad, lambda x, s: not (x[..., x.shape[-1] - s :] > 0.5).any()), "only_bright_ink")
)


wrong("shift_curve", hint="in one column only")(
    name(curve_with(pad, lambda x, s: s == 0 or not x[..., -s].any()), "one_column")
)
wrong("shift_curve", hint="of every image would leave")(
    name(
        curve_with(pad, lambda x, s: s == 0 or not x[..., -s:].flatten(1).any(1).all()),
        "refuses_for_all_only",
    )
)
wrong("shift_curve", hint="in the last rows")(
    name(curve_with(pad, lambda x, s: not x[:, :, x.shape[2] - s :].any()), "looks_at_the_last_rows")
)
wrong("shift_curve", hint="not black")(
    name(curve_with(lambda x, s: F.pad(x, (s, 0), value=1.0)[..., : x.shape[-1]]), "white_behind")
)


@wrong("shift_curve", hint="the smallest shift")
def least_shift_tested(predict, images, labels, shifts):
    if images[..., images.shape[-1] - min(shifts) :].any():
        raise ValueError("ink would leave")
    return [(predict(pad(images, shift)) == labels).float().mean() for shift in shifts]


@wrong("shift_curve", hint="raise ValueError, no other error")
def asserted(predict, images, labels, shifts):
    assert not images[..., images.shape[-1] - max(shifts) :].any(), "ink would leave"
    return list_of_tensors(predict, images, labels, shifts)


@wrong("shift_curve", hint="raise ValueError")
def skipped(predict, images, labels, shifts):
    width = images.shape[-1]
    shifts = [shift for shift in shifts if not images[..., width - shift :].any()]
    return list_of_tensors(predict, images, labels, shifts)


@wrong("shift_curve", hint="mean over all shifts")
def one_mean(predict, images, labels, shifts):
    return float(np.mean(list_of_tensors(predict, images, labels, shifts)))


@wrong("shift_curve", hint="one for each shift")
def last_value(predict, images, labels, shifts):
    return list_of_tensors(predict, images, labels, shifts)[-1]


@wrong("shift_curve", hint="already shifted")
def cumulative(predict, images, labels, shifts):
    curve = []
    for shift in shifts:
        if images[..., images.shape[-1] - shift :].any():
            raise ValueError("ink would leave")
        images = pad(images, shift)
        curve.append((predict(images) == labels).float().mean().item())
    return curve


@wrong("shift_curve", hint="return fractions")
def percent(predict, images, labels, shifts):
    return [100 * value for value in list_of_tensors(predict, images, labels, shifts)]


@wrong("shift_curve", hint="share of wrong answers")
def errors(predict, images, labels, shifts):
    return [1 - value for value in list_of_tensors(predict, images, labels, shifts)]


@wrong("shift_curve", hint="number of right answers")
def right_answers_counted(predict, images, labels, shifts):
    return [len(images) * value for value in list_of_tensors(predict, images, labels, shifts)]


@wrong("shift_curve", hint="inside the loop")
def return_in_the_loop(predict, images, labels, shifts):
    for shift in shifts:
        return [list_of_tensors(predict, images, labels, [shift])[0]]


@wrong("shift_curve", hint="Move a copy")
def in_place(predict, images, labels, shifts):
    curve = []
    for shift in shifts:
        if images[..., images.shape[-1] - shift :].any():
            raise ValueError("ink would leave")
        images[...] = pad(images, shift)
        curve.append((predict(images) == labels).float().mean().item())
    return curve


@wrong("shift_curve", hint="returns nothing")
def prints_only(predict, images, labels, shifts):
    list_of_tensors(predict, images, labels, shifts)


# shuffle_experiment


def order_of(x, seed):
    return torch.randperm(x[0].numel(), generator=torch.Generator().manual_seed(seed))


def permute(x, order):
    return x.flatten(1)[:, order].reshape(x.shape)


@right("shuffle_experiment")
def numpy_order(train, evaluate, data, seed):
    x_train, y_train, x_test, y_test = data
    order = np.random.default_rng(seed).permutation(x_train.shape[2] * x_train.shape[3])
    shuffled_train = x_train.reshape(len(x_train), -1)[:, order].reshape(x_train.shape)
    shuffled_test = x_test.reshape(len(x_test), -1)[:, order].reshape(x_test.shape)
    shuffled = evaluate(train(shuffled_train, y_train), shuffled_test, y_test)
    plain = evaluate(train(x_train, y_train), x_test, y_test)
    return plain, shuffled


@right("shuffle_experiment")
def both_parts_at_once(train, evaluate, data, seed):
    x_train, y_train, x_test, y_test = data
    together = torch.cat([x_train, x_test])
    mixed = permute(together, order_of(together, seed))
    models = [train(x, y_train) for x in (x_train, mixed[: len(x_train)])]
    return [
        evaluate(model, x, y_test) for model, x in zip(models, (x_test, mixed[len(x_train) :]), strict=True)
    ]


def experiment(shuffle_train, shuffle_test, *, finish=lambda plain, shuffled: (plain, shuffled)):
    """The experiment with its own ways to shuffle: each takes images and the seed."""

    def run(train, evaluate, data, seed):
        x_train, y_train, x_test, y_test = data
        plain = evaluate(train(x_train, y_train), x_test, y_test)
        shuffled = evaluate(train(shuffle_train(x_train, seed), y_train), shuffle_test(x_test, seed), y_test)
        return finish(plain, shuffled)

    return run


def rightly(x, seed):
    return permute(x, order_of(x, seed))


def per_image(x, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.stack(
        [image.flatten()[torch.randperm(15, generator=generator)].view(image.shape) for image in x]
    )


def whole_batch(x, seed):
    order = torch.randperm(x.numel(), generator=torch.Generator().manual_seed(seed))
    return x.flatten()[order].view(x.shape)


def images_permuted(x, seed):
    return x[torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))]


def rows(x, seed):
    return x[:, :, torch.tensor([2, 0, 1])]


def columns(x, seed):
    return x[..., torch.randperm(5, generator=torch.Generator().manual_seed(seed))]


def drawn_with_replacement(x, seed):
    return permute(x, torch.randint(0, 15, (15,), generator=torch.Generator().manual_seed(seed)))


for called, hint, one, two in (
    ("two_permutations", "shuffled differently", rightly, lambda x, seed: rightly(x, seed + 1)),
    ("test_left_plain", "The test images are not shuffled", rightly, lambda x, seed: x),
    ("training_left_plain", "The training images are not shuffled", lambda x, seed: x, rightly),
    ("one_for_each_image", "shuffle of its own", per_image, per_image),
    ("pixels_of_the_batch", "wandered from image to image", whole_batch, whole_batch),
    ("order_of_images", "belong to other labels", images_permuted, images_permuted),
    ("rows_only", "move together", rows, rows),
    ("columns_only", "move together", columns, columns),
    (
        "with_replacement",
        "missing and others are there twice",
        drawn_with_replacement,
        drawn_with_replacement,
    ),
    ("left_flat", "needs height and width", *[lambda x, seed: rightly(x, seed).flatten(1)] * 2),
    (
        "global_state",
        "global generator",
        *[lambda x, seed: (torch.manual_seed(seed), rightly(x, seed))[1]] * 2,
    ),
    ("always_seed_0", "use `seed`", *[lambda x, seed: rightly(x, 0)] * 2),
):
    wrong("shuffle_experiment", hint=hint)(name(experiment(one, two), called))

wrong("shuffle_experiment", hint="in the wrong order")(
    name(experiment(rightly, rightly, finish=lambda plain, shuffled: (shuffled, plain)), "results_swapped")
)
wrong("shuffle_experiment", hint="Return the two numbers that evaluate gave")(
    name(experiment(rightly, rightly, finish=lambda plain, shuffled: (plain, plain - shuffled)), "difference")
)


@wrong("shuffle_experiment", hint="and a new one on the shuffled images")
def plain_model_on_shuffled(train, evaluate, data, seed):
    x_train, y_train, x_test, y_test = data
    model = train(x_train, y_train)
    return evaluate(model, x_test, y_test), evaluate(model, rightly(x_test, seed), y_test)


@wrong("shuffle_experiment", hint="only shows that it has not seen such")
def one_model_twice(train, evaluate, data, seed):
    x_train, y_train, x_test, y_test = data
    model = train(x_train, y_train)
    train(rightly(x_train, seed), y_train)
    return evaluate(model, x_test, y_test), evaluate(model, rightly(x_test, seed), y_test)


@wrong("shuffle_experiment", hint="needs a model that was trained on the images as they came")
def both_trained_on_shuffled(train, evaluate, data, seed):
    x_train, y_train, x_test, y_test = data
    first, second = (train(rightly(x_train, seed), y_train) for _ in range(2))
    return evaluate(first, x_test, y_test), evaluate(second, rightly(x_test, seed), y_test)


@wrong("shuffle_experiment", hint="The labels were shuffled")
def labels_too(train, evaluate, data, seed):
    x_train, y_train, x_test, y_test = data
    plain = evaluate(train(x_train, y_train), x_test, y_test)
    model = train(rightly(x_train, seed), y_train.flip(0))
    return plain, evaluate(model, rightly(x_test, seed), y_test.flip(0))


@wrong("shuffle_experiment", hint="Make shuffled copies")
def shuffled_in_place(train, evaluate, data, seed):
    x_train, y_train, x_test, y_test = data
    plain = evaluate(train(x_train, y_train), x_test, y_test)
    x_train[...], x_test[...] = rightly(x_train, seed), rightly(x_test, seed)
    return plain, evaluate(train(x_train, y_train), x_test, y_test)


@wrong("shuffle_experiment", hint="Evaluate on x_test")
def evaluated_on_training_images(train, evaluate, data, seed):
    x_train, y_train, _, _ = data
    mixed = rightly(x_train, seed)
    return (
        evaluate(train(x_train, y_train), x_train, y_train),
        evaluate(train(mixed, y_train), mixed, y_train),
    )


@wrong("shuffle_experiment", hint="move together")
def turned_about(train, evaluate, data, seed):
    return experiment(lambda x, seed: x.flip(2, 3), lambda x, seed: x.flip(2, 3))(train, evaluate, data, seed)


EQUIVALENT: dict[str, dict[str, str]] = {
    "matched_width": {
        "width = 1  =>  width = 2": "width 1 is looked at too, as the one below",
        "while count_params(width) < budget:  =>  while count_params(width) <= budget:": (
            "a width that meets the budget is then the one below, and no nearer one exists"
        ),
        "below = max(width - 1, 1)  =>  below = max(1, width - 1)": "the larger of two numbers has no order",
    },
}
