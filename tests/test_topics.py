"""The course covers what the AI-Core notebook (2020) covered, and says it right: each topic has its place.

Its headings are listed here, its links to other documents with them, each with the sections of notebooks 01 to 14 that
took them over and with words or numbers that the corrected statement cannot do without. They are looked for in the
prose and in the stored outputs; folded solutions and answers do not count.
"""

import copy
import re
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, NamedTuple

import nbformat
import pytest

from tests.course import NOTEBOOKS, read

# A heading of the AI-Core notebook after "#", then lines "notebook > section = what it says | what else it says".
TABLE = r"""
# What's wrong with how neural networks process images?
02 > Flattening loses nothing = no information is lost | bijection | the same image: True
02 > What is given up: something we knew = prior | not information about the image, but our knowledge about images

# Spatially structured data
02 > To a fully connected layer, order means nothing = the same weights, in another order: True
02 > One shuffle for all, or one for each = one shuffle for all : 10 of 10 right | values matter and places matter
02 > One shuffle for all, or one for each = the fixed shuffle changes nothing | a shuffle of its own each
02 > Not only images = sound full | scan full

# Weight sharing across space
02 > What each step saves = fully connected: 117,964,800 weights 117,964,800 multiplications
02 > What each step saves = locally connected: 5,120,000 weights 5,120,000 multiplications
02 > What each step saves = convolutional: 12,800 weights 5,120,000 multiplications
02 > What each step saves = locality divides both by 23, sharing divides the weights by 400
02 > What each step saves = locality saves weights and work. sharing saves weights only

# So what
02 > So what = keeps the image an image | two constraints | convolutional layer

# Images as data
01 > An image is an array = (160, 240, 3) uint8 | height comes first
01 > The order of the axes = (n, c, h, w) | transpose | (20, 1, 28, 28)

# Channels
01 > From 0 to 255, and from 0 to 1 = gamma encoding
01 > What three channels can say = all zeros is black | gamut | cones | screens can make them
01 > The fourth channel = compositing | without alpha it is all black | whatever colour happens to lie under
01 > The fourth channel = weight expects 3 input channels, input has 4

# How was computer vision done before deep learning?
03 > How was computer vision done before deep learning? = drawn by hand | sobel | gabor | sift | hog
03 > How was computer vision done before deep learning? = learned classifier | neocognitron | lenet

# Filters/Kernels
03 > Filters/Kernels = dot product | X responds 5
03 > The brightness trap = one pixel response 10 | equal energy | numbers that sum to 0 | how bright is it
03 > Drawing patterns = hyperparameters | most kernels are square | neither is a law
03 > Filter depth = spans all channels | height and width only | 54

# The convolution operation
04 > The convolution operation = [-1, 2, -1] [2, -3, 4] [-2, 5, -4]
04 > Feature maps = activation map | until then it is a response
04 > One bright pixel = cross-correlation | flips the kernel | both axes | torch.nn.functional.conv2d
04 > One bright pixel = not for a kernel that is learned | ours is scipy's convolve: False | kernel flipped: True
04 > Linear = affine
04 > It moves along = shift equivariant | at stride 1, away from the border

# Stride
05 > Stride = compute less and store less | every second value: True
05 > Stride = stride 2: output 79 x 119 = 9,401 values, 84,609 multiplications
05 > How large is the output? = \left\lfloor \frac{n + 2p - d(k-1) - 1}{s} \right\rfloor + 1
05 > How large is the output? = image pixels are lost only if r > p | 6 3 2 0 1 2 [5] | 6 3 2 1 1 3 []
05 > How large is the output? = 8 2 3 0 1 3 [2, 5] | 9 3 2 0 2 3 [1, 3, 5, 7]
05 > How large is the output? = nothing fits | n + 2p < d(k-1) + 1 | the formula gives 0, ValueError

# Padding
05 > Padding = valid: no padding | same: k - 1 pixels in all | full: k - 1 pixels on each side
05 > Padding = puts the extra pixel after | [25, 27, 29, 31] | (top, bottom), (left, right)): ((1, 2), (1, 2))

# Model depth limitations
05 > Model depth limitations = 6 layers: 28 -> 24 -> 20 -> 16 -> 12 -> 8 -> 4
05 > Model depth limitations = eight pieces of padding | [[35]] | linear layer at each pixel

# Equal input from each pixel
05 > Equal input from each pixel = 1, 3, 9 without padding | 4, 6, 9 with padding 1 | 9, 9, 9 with padding 2
05 > Equal input from each pixel = less unequal, not equal | injects values | 0.444 0.667 | sense where that is

# Different padding modes
05 > Different padding modes = zeros: every added pixel is 0 | replicate: the edge pixel goes on outwards
05 > Different padding modes = reflect: a mirror stands on the edge pixel | less than the size
05 > Different padding modes = circular: the opposite side follows | at most the size
05 > Different padding modes = zeros smallest 0.444 | reflect smallest 1.000

# The convolutional layer
06 > 06 · The convolutional layer = each output is joined to every input | one small window through all three channels
06 > Many filters, one bias each = spans all input channels and slides over height and width only
06 > Many filters, one bias each = (C_out, C_in, kH, kW) | (N, C_in, H, W) | affine | with bias: False
06 > From loops to one matrix product = im2col agrees: True | unfolded for 5x5 windows: 2761200
06 > A 1×1 convolution = not a mere multiplication | a linear layer over the channels, applied at every pixel
06 > What a layer costs = They do not depend on the image's size | They grow with the output's area
06 > Cheaper layers = (C_out, C_in / groups, kH, kW) | depthwise separable 4,800 parameters 4,784,128 MACs
06 > Why a non-linearity = full true convolution | one kernel of (5, 5) exact: True | with biases: True
06 > Why a non-linearity = only the interior agrees | k_1 + s\,(k_2 - 1) | pixels seen: 7
06 > Why a non-linearity = the result is not linear, so no kernel gives it | with ReLU: False
06 > The same in PyTorch = torch.nn.Conv2d agrees: True | the same loop | at least 50 times slower
11 > A net of 24 layers = Deeper is worse | This is not overfitting: the training loss is high too
11 > A net of 24 layers = 24 layers: test accuracy 11.3% 11.3% 11.3%
11 > How large should the first weights be? = fan_in = C_in · kH · kW | one layer 0.167, 23 layers 1.27e-18
11 > Batch normalisation = for each channel | over N, H and W | evaluation: alone as in company: True
11 > Residual connections = relu(f(x) + x) | however small f' is
11 > The 24-layer net, mended = batch norm + residual 97.7% 98.1% 97.0%
12 > What excites a channel most = is a tendency, and you can measure it | far from "one channel, one digit"

# What does each filter look for?
07 > What does each filter look for? = are learned, by backpropagation and gradient descent
07 > What does each filter look for? = follows from the data and the loss | still chosen by hand
07 > Three gradients by hand = sum of all windows, each times its output's gradient | the same: True
07 > Stride and padding, backwards = What is shared forward is summed backward | [1, -1, 12, -10, 20, 0]
07 > Is it right? Measure it = right below 1e-9 | kernel flipped 0.111
07 > Recover a hidden kernel = [-1. 3. 1.] | Nobody told it a single number of the kernel
07 > The same in three lines = the same gradient: True | the kernel of our own loop: True
07 > The same in three lines = the filters become whatever lowers it
12 > What each filter looks for = nothing forces a net to find patterns that please us
12 > What each filter looks for = look at what comes out, not at the weights
12 > One unit and what it sees = third receptive field 19, jump 4, padding 8 | changed outside, same values: True
12 > What decided this answer? = they measure different things
12 > Does the heat map tell the truth? = which change does it claim to be about?

# Pooling layers
08 > Pooling layers = no weights | Each channel is pooled by itself | stride defaults to the window's size
08 > Pooling layers = Usually after a convolution and its activation | Many networks use stride instead
08 > Pooling layers = pads with minus infinity | padded with zeros: [[0, 0, 0], [0, -6, 0]]
08 > What shrinks, and what does not = exactly as many as before, 416 and 12,832 | from 128,010 to 5,130
08 > What shrinks, and what does not = a kernel does not know how large the map is | total 141,258 5,478,400 22,026
08 > What shrinks, and what does not = total 18,378 1,054,720 14,090
08 > How much does a value see? = (k - 1)\, j | three times conv 3, stride 2 formula 15 gradient 15 x 15
08 > Equivariant or invariant? = equivariant to shifts by multiples of its stride | neither equivariant nor invariant
08 > Equivariant or invariant? = to the right 0.334 | diagonally 0.143
08 > What to count = equal among all places: 0.852 | not background: 0.118 | It measures the black margin
08 > The curve = only global pooling is invariant | max pooling 1.00 0.14 0.00 | follow even shifts only
08 > Strides instead of pooling = stride 1, then pooling 5,120,000 | stride 2 1,280,000
08 > Global pooling = where does a classifier's tolerance to shifts come from? | global pooling before the linear layer
08 > Global pooling = training images that are shifted | A net that flattens has separate weights for every place
13 > The head decides = the head decides whether the place counts | at odd shifts as at even ones

# The output of convolutional neural networks
09 > 09 · What a CNN outputs = outputs a picture, unless something at its end removes the places
09 > Three heads = Flattening is common practice | fixes the input size | learn every place anew
09 > Three heads = 141,258 parameters, 90.6% of them in its head
09 > Three heads = flatten, linear same scores after a roll of the maps: False | 1x1, average same scores
09 > A linear layer is a convolution = same as the net on the window: True | fully convolutional
09 > One answer for each pixel = segmentation | scores of shape (N, K, H, W) | the class with the largest score
09 > One answer for each pixel = not magnitudes | averaged: [0. 4. 8.]
09 > A net that keeps the places = if height and width are multiples of 4 | (96, 160) -> (1, 11, 96, 160)
09 > A net that keeps the places = The mean IoU is above 0.75 on both sizes
09 > Making maps larger = two basic ways back to the image's size
09 > The transposed convolution = (n - 1)s + k | input gradient of 07: True | That is no inverse
09 > The checkerboard = some two, some four

# Let's implement a convolutional neural network
10 > Look at the data first = 50000 training, 10000 validation and 10000 test images | Do you agree with all of them?
10 > From files to batches = Its generator has a seed of its own, so the split is the same every time
10 > From files to batches = you look once, at the very end
10 > From files to batches = For evaluation the order does not matter, so it is not shuffled | 391 batches
10 > The net = That size is computed, never typed | together 141,258; in the linear layer 90.6%
10 > Logits, and the loss that expects them = cross_entropy takes logits | a softmax at the end of the net as well
10 > Logits, and the loss that expects them = lowest loss 1.4612 | highest loss 2.4612
10 > Logits, and the loss that expects them = 1 softmax: gradient of length 1.41 | 2 softmax: gradient of length 5.4e-09
10 > Logits, and the loss that expects them = zero_grad() empties the old gradients
10 > Prove that it can learn = close to -\log(1/10) = \log 10 | All 100 images are learned by heart
10 > Exercise: train_one_epoch = the mean loss over all images of the epoch | Batches may have different sizes
10 > Measure = eval(); no gradients; the device; counting over all batches before dividing once
10 > Measure = the net learned from neither
10 > Longer training, and when to stop = overfitting | wrong answers become more certain
10 > Augmentation, and when it is wrong = A change is allowed if the label stays true
10 > 10 · Train a ConvNet = weights_only=True | TensorBoard | the restored net gives the same scores: True
10 > Common mistakes = A typed 32 * 20 * 20 that breaks with the next image size

# It's done
13 > Recap = Convolution gives locality and sharing | from the head, or from data
14 > The course in one paragraph = An image is an array whose neighbours belong together | A kernel is a pattern
14 > The course in one paragraph = Many kernels, a bias and a ReLU make a layer
14 > The course in one paragraph = pooling and heads decide what a shift changes

# Next steps: Custom Datasets
14 > 14 · Your own data = it has a length, and for each index it gives one pair of image and label
14 > A folder of pictures = the place of its folder's name among the sorted names | other labels elsewhere, and no error
14 > A folder of pictures = paired with its file by name | by position is a classic mistake
14 > Modes and sizes = convert throws away the transparency | all above 255 is cut off
14 > Modes and sizes = turns the picture upright | Only then does it change the mode
14 > Broken files = Opening a file is no test | It never changes or deletes anything
14 > Broken files = cut off.png: is damaged or cut off | renamed.png: is no picture
14 > Split by group = split by photograph 98% right | split by drawing 85% right | Each group belongs to one side
14 > Learned from training images only = they come from the training images | Augmentation, too, is for training alone
14 > A good net, and your digits = come from another distribution | a net always answers
14 > Teach it with a few of yours = strokes and corners are the same everywhere
14 > Exercise: corners_to_center and center_to_corners = each as a fraction of the picture | lose no fraction of a pixel
14 > Exercise: box_iou = Intersection over union | Boxes that do not overlap give 0
14 > Where is it? One object, one box = smooth L1 | Mean IoU on unseen scenes: at least 0.7
14 > Where is it? One object, one box = boxes.csv, line 5: gone.png has a row, and there is no such file
14 > Where is it? One object, one box = also for an empty scene, and for two objects one between them
14 > Hand the net on = Never trust an export: compare

# Appendix: Empirical Benchmarking of Fully Connected vs Convolutional Architecture on MNIST
13 > Equal in what? = CNN - 39,674 5,250,944 132 | MLP, equal parameters 20 38,950 38,920 0.999
13 > Equal in what? = MLP, equal MACs 2698 5,253,016 5,250,308 | You cannot have both at once
13 > Equal effort, and luck = sample standard deviation | never the best
13 > Equal effort, and luck = CNN 97.5 ± 0.1 | MLP, equal parameters 89.3 ± 0.3 | MLP, equal MACs 93.6 ± 0.3
13 > Equal effort, and luck = The CNN wins both times | So it is not size
13 > Digits that move = odd numbers too. Nothing is cut off
13 > Digits that move = CNN 97.5 ± 0.1 94.9 ± 0.4 75.1 ± 1.8 44.8 ± 2.1 24.1 ± 4.6
13 > Digits that move = MLP, equal MACs 93.6 ± 0.3 70.1 ± 0.7 31.3 ± 0.8 11.0 ± 1.1 5.2 ± 0.3
13 > Digits that move = Convolution alone does not make an answer independent of the place
13 > The head decides = flatten 97.6 ± 0.2 94.9 ± 0.4 78.4 ± 2.5 | max 97.1 ± 0.5 96.8 ± 0.7 97.1 ± 0.5
13 > The head decides = In the middle, where all training digits were, flatten is slightly ahead of the average
13 > Or learn it from data = tolerance can be learned, even by an MLP | CNN, moved 95.2 ± 0.3 95.5 ± 0.6
13 > The same shuffle for all = one for all 91.6 ± 0.7 88.8 ± 0.6 | The MLP does not notice the fixed shuffle
13 > The same shuffle for all = one for each 25.8 ± 1.5 16.9 ± 0.9 | only ink is counted
13 > Few images = The fewer images, the larger the gap | 100 82.4 ± 2.8 68.9 ± 0.7
13 > An older experiment, looked at again = windows of 22x22 cut out at random
13 > An older experiment, looked at again = CNN, softmax twice 128,522 7,822,400 94.6 ± 4.7 67.0 ± 2.5
13 > An older experiment, looked at again = MLP, softmax once 137,285 136,900 94.8 ± 0.1 51.7 ± 0.5
13 > An older experiment, looked at again = random: 67.0% of the digits lose ink
13 > An older experiment, looked at again = Features that were translation invariant would lose nothing
13 > An older experiment, looked at again = Its maps are equivariant; its answer becomes invariant by a global head
"""
HEADINGS = 22  # of the AI-Core notebook, its title not counted
LAST = "14"  # the notebook up to which they are taken over


class Topic(NamedTuple):
    """One statement: where it came from, where it is now, and what has to be found there."""

    source: str
    notebook: str
    section: str
    says: tuple[str, ...]


def topics() -> Iterator[Topic]:
    for block in TABLE.strip().split("\n\n"):
        source, *lines = block.split("\n")
        for line in lines:
            place, says = line.split(" = ", 1)
            yield Topic(source.removeprefix("# "), *place.split(" > "), tuple(says.split(" | ")))


def plain(text: str) -> str:
    """Lower case, without Markdown's marks, one blank between words."""
    return " ".join(re.sub(r"[*`$]", "", text).lower().split())


def sections(notebook: Any) -> dict[str, str]:
    """What each section says, its subsections included: heading -> prose and outputs, as `plain` text."""
    found: list[tuple[int, str, str]] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.DOTALL)
            before, *parts = re.split(r"^(#+) (.*)\n?", prose, flags=re.MULTILINE)
            found += [(9, "", before)]
            for marks, title, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
                found.append((len(marks), title.strip(), text))
        else:
            found += [(9, "", str(output.get("text", ""))) for output in cell.outputs]
    whole = {}
    for index, (level, title, text) in enumerate(found):
        if title:
            below = takewhile(lambda part, level=level: part[0] > level, found[index + 1 :])
            whole[title] = plain(" ".join([text, *(part[2] for part in below)]))
    return whole


def missing(course: dict[str, dict[str, str]]) -> list[str]:
    """What the course (notebook's number -> its sections) leaves out, one sentence each."""
    said = []
    for topic in topics():
        text = course.get(topic.notebook, {}).get(topic.section)
        if text is None:
            said.append(f"{topic.source}: notebook {topic.notebook} has no section {topic.section!r}")
        else:
            gone = [words for words in topic.says if plain(words) not in text]
            said += [
                f"{topic.source}: {words!r} is not in {topic.notebook}, {topic.section!r}" for words in gone
            ]
    return said


@pytest.fixture(scope="module")
def course() -> dict[str, dict[str, str]]:
    return {path.name[:2]: sections(read(path)) for path in NOTEBOOKS if "01" <= path.name[:2] <= LAST}


def test_every_topic_has_its_place_and_its_statement(course: dict[str, dict[str, str]]) -> None:
    assert missing(course) == []


def test_the_table_is_whole() -> None:
    sources = [topic.source for topic in topics()]
    assert len(set(sources)) == HEADINGS
    assert {topic.notebook for topic in topics()} == {f"{n:02}" for n in range(1, int(LAST) + 1)}
    assert all(len(plain(words)) > 1 for topic in topics() for words in topic.says)


def test_a_removed_statement_is_seen(course: dict[str, dict[str, str]]) -> None:
    for topic in topics():
        for words in topic.says:
            poorer = copy.deepcopy(course)
            poorer[topic.notebook][topic.section] = course[topic.notebook][topic.section].replace(
                plain(words), ""
            )
            assert any(repr(words) in said for said in missing(poorer)), words


def test_a_removed_section_is_seen(course: dict[str, dict[str, str]]) -> None:
    for topic in topics():
        poorer = copy.deepcopy(course)
        del poorer[topic.notebook][topic.section]
        assert any(said.endswith(f"no section {topic.section!r}") for said in missing(poorer))


def test_outputs_count_and_answers_do_not() -> None:
    text = "## A\nSays *one*.\n### B\ntwo\n\n<details><summary>Answer</summary>\n\nthree\n\n</details>\n\n## C\nfour"
    cells = [nbformat.v4.new_markdown_cell(text), nbformat.v4.new_code_cell("five")]
    cells[1].outputs = [nbformat.v4.new_output("stream", text="six\n")]
    assert sections(nbformat.v4.new_notebook(cells=cells)) == {
        "A": "says one. two",
        "B": "two",
        "C": "four six",
    }
