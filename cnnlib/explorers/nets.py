"""Nets that travel to the browser: a torch model read as a plain chain of layers that `core.js` knows."""

import copy
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from cnnlib import training
from cnnlib.data import load_samples
from cnnlib.explorers.base import Explorer, packed

Layer = dict[str, Any]
STORABLE = 250_000  # characters of weights that a stored notebook keeps of one explorer
NOTHING = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)  # in eval mode


class Net:
    """Layers in order, each a dict of its kind (torch's class name), settings, and weights as float32 arrays.

    Called with images (N, C, H, W) it gives the outputs of all layers, in float64.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)

    def __call__(self, images: NDArray[Any] | Tensor) -> list[Tensor]:
        """Return what each layer gives for `images`, the net's answer last."""
        outputs, x = [], torch.as_tensor(images).double()
        with torch.inference_mode():
            for layer in self.layers:
                x = _run(layer, x)
                outputs.append(x)
        return outputs

    def __repr__(self) -> str:
        learned = [layer.get(name) for layer in self.layers for name in ("weight", "bias")]
        return f"<{len(self.layers)} layers, {sum(v.size for v in learned if v is not None):,} parameters>"

    def state(self, dtype: str = "float32") -> list[Layer]:
        """Return the layers as JSON holds them, the weights as base64 of `dtype`."""

        def sent(value: Any) -> Any:
            return packed(value.astype(dtype)) if isinstance(value, np.ndarray) else value

        return [{name: sent(value) for name, value in layer.items()} for layer in self.layers]


class NetExplorer(Explorer):
    """The base of explorers with nets: in the browser where it knows all layers, else Python is asked."""

    nets = traitlets.List(traitlets.Instance(Net)).tag(
        sync=True, to_json=lambda nets, widget: [net.state() for net in nets]
    )
    asks_python = traitlets.Bool(False).tag(sync=True)
    _asked = traitlets.Int(0).tag(sync=True)
    _reply = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    _models: tuple[nn.Module, ...] = ()

    def _take(self, models: Sequence[object], images: NDArray[np.float32], shape: tuple[int, ...]) -> None:
        """Check the models, and read all of them for the browser or none."""
        self._models = tuple(checked(type(self).__name__, model, images, shape) for model in models)
        nets = [read(model, images) for model in self._models]
        known = [net for net in nets if net is not None]
        self.nets = known if len(known) == len(nets) else []
        self.asks_python = not self.nets

    def _scores(self, image: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """What the nets give for one image (1, H, W); with the weights that the browser has, where it has them."""
        if self.nets:
            return [net(image[None])[-1][0].numpy() for net in self.nets]
        images = image[None].astype(np.float32)
        return [training.predict(model, images)[0].double().numpy() for model in self._models]

    @property
    def traits_stored(self) -> dict[str, Any]:
        """Its traits with weights of 16 bits, half as many bytes, and without if they are still too many."""
        nets = [net.state("float16") for net in self.nets]
        fits = len(json.dumps(nets)) <= STORABLE
        asks = {"nets": nets} if fits else {"nets": [], "asks_python": True}
        return self.traits_shown | asks


def checked(where: str, model: object, images: NDArray[np.float32], shape: tuple[int, ...]) -> nn.Module:
    """Return `model` if it is a module that makes outputs of `shape` of each of the images.

    TypeError for anything but a module, TraitError where it refuses the images or gives another shape.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"{where}: model expects a torch.nn.Module, got {type(model).__name__}")
    expected, given = ", ".join(map(str, shape)), ", ".join(map(str, images.shape[1:]))
    expects = f"{where}: model expects scores (N, {expected}) from images (N, {given})"
    try:
        got = tuple(training.predict(model, images).shape)
    except Exception as error:  # whatever a forward of somebody else's raises
        raise traitlets.TraitError(
            f"{expects}, but the net raised {type(error).__name__}: {error}"
        ) from error
    if got != (len(images), *shape):
        raise traitlets.TraitError(f"{expects}, got {got} from {images.shape}")
    return model


def read(model: nn.Module, images: NDArray[np.float32]) -> Net | None:
    """Return `model` as a chain of known layers, or None where its forward is anything else.

    Modules are taken in the order in which they were registered. That this is what `forward` does is not
    believed but tried: in eval mode and float64 the chain must give what the model gives for the images.
    """
    try:
        net = Net([described for layer in _leaves(model) if (described := _describe(layer))])
        # Rounded to float32 first: those are the weights that are sent.
        twin = copy.deepcopy(model).cpu().float().double().eval()
        with torch.inference_mode():
            expected = twin(torch.from_numpy(images).double())
        agrees = torch.allclose(net(images)[-1], expected, rtol=1e-9, atol=1e-9)
    except Exception:  # an unknown layer, shapes that do not follow, a forward that needs something else
        return None
    return net if agrees else None


def probes(height: int, width: int) -> NDArray[np.float32]:
    """Return images (N, 1, height, width) to try a net on: sample digits, noise, and black."""
    digits = load_samples().digits[::3].astype(np.float32) / 255
    around = [((n - 28) // 2, n - 28 - (n - 28) // 2) for n in (height, width)]
    noise = np.random.default_rng(0).random((3, height, width), dtype=np.float32)
    black = np.zeros((1, height, width), np.float32)
    return np.concatenate([np.pad(digits, [(0, 0), *around]), noise, black])[:, None]


def _leaves(module: nn.Module) -> list[nn.Module]:
    children = list(module.children())
    return [leaf for child in children for leaf in _leaves(child)] if children else [module]


def _describe(layer: nn.Module) -> Layer | None:
    """What `core.js` must know of a layer, None of one that does nothing; ValueError for one it does not know."""
    if type(layer) in NOTHING:
        return None
    if type(layer) not in _KNOWN:  # exactly: a subclass may do something else
        raise ValueError(f"{type(layer).__name__} is not known")
    known: Callable[[Any], Layer] = _KNOWN[type(layer)]
    return {"kind": type(layer).__name__} | known(layer)


def _require(*conditions: bool) -> None:
    if not all(conditions):
        raise ValueError("a setting that core.js does not know")


def _two(value: Any) -> list[int]:
    return [int(v) for v in np.broadcast_to(value, 2)]


def _array(value: Tensor | None) -> NDArray[np.float32] | None:
    return None if value is None else value.detach().cpu().float().numpy().copy()


def _conv2d(layer: nn.Conv2d) -> Layer:
    padding: Any = [[n, n] for n in _two(0 if isinstance(layer.padding, str) else layer.padding)]
    if layer.padding == "same":
        reach = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
        padding = [[n // 2, n - n // 2] for n in reach]
    return {
        "stride": _two(layer.stride),
        "padding": padding,
        "dilation": _two(layer.dilation),
        "groups": layer.groups,
        "mode": layer.padding_mode,
        "weight": _array(layer.weight),
        "bias": _array(layer.bias),
    }


def _conv_transpose2d(layer: nn.ConvTranspose2d) -> Layer:
    _require(_two(layer.output_padding) == [0, 0], _two(layer.dilation) == [1, 1], layer.groups == 1)
    sizes = {"stride": _two(layer.stride), "padding": _two(layer.padding)}
    return sizes | {"weight": _array(layer.weight), "bias": _array(layer.bias)}


def _pool(layer: Any) -> Layer:
    _require(not layer.ceil_mode, getattr(layer, "divisor_override", None) is None)
    _require(_two(getattr(layer, "dilation", 1)) == [1, 1], not getattr(layer, "return_indices", False))
    padding = _two(layer.padding)
    _require(getattr(layer, "count_include_pad", True) or padding == [0, 0])
    return {"kernel_size": _two(layer.kernel_size), "stride": _two(layer.stride), "padding": padding}


def _batch_norm2d(layer: nn.BatchNorm2d) -> Layer:
    _require(layer.running_mean is not None)  # else it takes the batch's
    statistics = {"mean": _array(layer.running_mean), "variance": _array(layer.running_var), "eps": layer.eps}
    return statistics | {"weight": _array(layer.weight), "bias": _array(layer.bias)}


def _global_pool(layer: Any) -> Layer:
    _require(layer.output_size in (1, (1, 1)), not getattr(layer, "return_indices", False))
    return {}


def _flatten(layer: nn.Flatten) -> Layer:
    _require(layer.start_dim == 1, layer.end_dim == -1)
    return {}


def _log_softmax(layer: nn.LogSoftmax) -> Layer:
    _require(layer.dim in (1, -1))
    return {}


_KNOWN: dict[type[nn.Module], Callable[[Any], Layer]] = {
    nn.Conv2d: _conv2d,
    nn.ConvTranspose2d: _conv_transpose2d,
    nn.ReLU: lambda layer: {},
    nn.MaxPool2d: _pool,
    nn.AvgPool2d: _pool,
    nn.AdaptiveAvgPool2d: _global_pool,
    nn.AdaptiveMaxPool2d: _global_pool,
    nn.BatchNorm2d: _batch_norm2d,
    nn.Flatten: _flatten,
    nn.Linear: lambda layer: {"weight": _array(layer.weight), "bias": _array(layer.bias)},
    nn.LogSoftmax: _log_softmax,
}


def _run(layer: Layer, x: Tensor) -> Tensor:
    """Apply one described layer, in float64: the meaning of what is sent to the browser."""
    arrays: dict[str, Any] = {
        k: torch.from_numpy(v).double() for k, v in layer.items() if isinstance(v, np.ndarray)
    }
    weight: Any = arrays.get("weight")
    bias = arrays.get("bias")
    pool: list[Any] = [layer.get(name) for name in ("kernel_size", "stride", "padding")]
    match layer["kind"]:
        case "Conv2d":
            (top, bottom), (left, right) = layer["padding"]
            mode = "constant" if layer["mode"] == "zeros" else layer["mode"]
            padded = F.pad(x, (left, right, top, bottom), mode)
            return F.conv2d(padded, weight, bias, layer["stride"], 0, layer["dilation"], layer["groups"])
        case "ConvTranspose2d":
            return F.conv_transpose2d(x, weight, bias, layer["stride"], layer["padding"])
        case "MaxPool2d":
            return torch.max_pool2d(x, *pool)
        case "AvgPool2d":
            return F.avg_pool2d(x, *pool)
        case "AdaptiveAvgPool2d":
            return x.mean((2, 3), keepdim=True)
        case "AdaptiveMaxPool2d":
            return x.amax((2, 3), keepdim=True)
        case "BatchNorm2d":
            return F.batch_norm(x, arrays["mean"], arrays["variance"], weight, bias, eps=layer["eps"])
        case "Flatten":
            return x.flatten(1)
        case "Linear" if x.ndim == 2:
            return F.linear(x, weight, bias)
        case "LogSoftmax" if x.ndim == 2:
            return x.log_softmax(1)
        case "ReLU":
            return x.relu()
    raise ValueError(f"{layer['kind']} of an input of shape {tuple(x.shape)}")
