"""What becomes of the signal and of its gradient in a deep net with random weights."""

import matplotlib.pyplot as plt
import numpy as np
import traitlets
from numpy.typing import NDArray

from cnnlib import plot
from cnnlib.explorers.base import Explorer, uniform

WIDTH, SAMPLES, LAYERS = 64, 16, 30
RANGE = (1e-15, 1e9)  # of the axis, the same for all settings, so that slopes can be compared
NAMES = {"small": "normal, 0.01", "default": "PyTorch's default", "he": "He"}


def _normal(seed: int, *shape: int) -> NDArray[np.float64]:
    """Return the normal numbers that core.js draws with `normal`; source: Box and Muller 1958."""
    drawn = uniform(seed, *shape, 2)
    numbers: NDArray[np.float64] = np.sqrt(-2 * np.log(1 - drawn[..., 0])) * np.cos(2 * np.pi * drawn[..., 1])
    return numbers


def _weights(init: str, seed: int) -> NDArray[np.float64]:
    shape = (LAYERS, WIDTH, WIDTH)
    if init == "default":  # torch's nn.Linear: evenly between plus and minus one over the root of the fan-in
        return (2 * uniform(seed, *shape) - 1) / float(np.sqrt(WIDTH))
    return _normal(seed, *shape) * (float(np.sqrt(2 / WIDTH)) if init == "he" else 0.01)


class DepthExplorer(Explorer):
    """Follow the signal forward and the gradient backward through a net of fully connected ReLU layers.

    The net has 64 units a layer, no biases, and gets 16 random inputs. layers, 2 to 30; init is "small" (normal, 0.01),
    "default" (PyTorch's) or "he"; norm standardises every unit over the inputs before the ReLU, as batch normalisation
    in training; skip adds each layer's input to its output; seed draws all random numbers. TraitError for other values.
    """

    layers = traitlets.Int(24, min=2, max=LAYERS).tag(sync=True)
    init = traitlets.Enum(list(NAMES), "default").tag(sync=True)
    norm = traitlets.Bool(False).tag(sync=True)
    skip = traitlets.Bool(False).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=2**30).tag(sync=True)

    @property
    def value(self) -> dict[str, NDArray[np.float64]]:
        """Both curves, from the input (0) to the last layer, (layers + 1) each.

        "signal" is the standard deviation of a unit over the inputs, averaged over the layer; "gradient" is the root
        mean square of the gradient at the layer's output, for a loss whose gradient at the last layer is random.
        """
        x, back = _normal(2 * self.seed, 2, SAMPLES, WIDTH)
        signal, gradient, steps = [x.std(axis=0).mean()], [np.sqrt((back**2).mean())], []
        for weight in _weights(self.init, 2 * self.seed + 1)[: self.layers]:
            z = x @ weight.T
            deviation = np.sqrt(z.var(axis=0) + 1e-5) if self.norm else np.ones(WIDTH)
            z = (z - z.mean(axis=0)) / deviation if self.norm else z
            x = np.maximum(z, 0) + (x if self.skip else 0)
            steps.append((weight, z, deviation))
            signal.append(x.std(axis=0).mean())
        for weight, z, deviation in reversed(steps):
            inside = back * (z > 0)
            if self.norm:
                inside = (inside - inside.mean(axis=0) - z * (inside * z).mean(axis=0)) / deviation
            back = inside @ weight + (back if self.skip else 0)
            gradient.insert(0, np.sqrt((back**2).mean()))
        return {"signal": np.array(signal), "gradient": np.array(gradient)}

    def _draw(self) -> None:
        curves = self.value
        figure, panels = plt.subplots(1, 2, figsize=(plot.WIDTH, 2.6), layout="constrained", sharey=True)
        for ax, (name, curve) in zip(panels, curves.items(), strict=True):
            ax.semilogy(curve, ".-")
            ax.set(title=name, xlabel="layer")
            ax.set_ylim(*RANGE)
        parts = [NAMES[self.init], "normalised" * self.norm, "skip connections" * self.skip]
        figure.suptitle(f"{self.layers} layers: {', '.join(filter(None, parts))}", fontsize=10)
