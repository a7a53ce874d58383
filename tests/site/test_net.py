"""The front page's net: what the browser computes with the file's weights is torch's, and it reads what is drawn."""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Browser

from cnnlib import __main__, data, training, web
from tests.site.onnx import array, model
from tests.site.website import SITE, make

STORED = json.loads((SITE / "digit_pad.json").read_text(encoding="utf-8"))
LAYERS = STORED["traits"]["nets"][0]


@pytest.fixture(scope="module")
def page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A page beside the explorers' modules, and onnxruntime-web's where npm has them."""
    module = make()
    context = chromium.new_context()
    there = {"": ("<!doctype html><html lang='en'><main></main></html>", "text/html")}

    def answer(route: Any) -> None:
        name = route.request.url.removeprefix("http://localhost/")
        file = module.EXPLORERS / name
        if name.startswith("ort/"):
            file = (
                module.BUILD
                / "npm-dev"
                / "node_modules"
                / "onnxruntime-web"
                / "dist"
                / name.removeprefix("ort/")
            )
        if name in there:
            route.fulfill(body=there[name][0], content_type=there[name][1])
        elif file.is_file():
            kind = {".wasm": "application/wasm", ".css": "text/css"}.get(file.suffix, "text/javascript")
            route.fulfill(path=file, content_type=kind)
        else:
            route.abort()

    context.route("**/*", answer)
    page = context.new_page()
    page.goto("http://localhost/")
    yield page
    context.close()


def images(count: int) -> Any:
    """Test digits (count, 28, 28), uint8, and their labels: of MNIST where it is at hand."""
    try:
        test = data.load_mnist(download=False).test
    except (OSError, ValueError):
        test = data.load_digits().test
    return test.images[:count, 0], test.labels[:count]


def rebuilt() -> torch.nn.Module:
    """The net of notebook 00 with the very weights of the file."""
    net = web.digit_net()
    names = {"weight": "weight", "bias": "bias", "running_mean": "mean", "running_var": "variance"}
    with torch.no_grad():
        for layer, stored in zip(net, LAYERS, strict=True):
            assert type(layer).__name__ == stored["kind"]
            for name, values in layer.state_dict().items():
                if name in names:
                    values.copy_(torch.from_numpy(array(stored[names[name]])))
    return net.eval()


def expected(digits: Any) -> Any:
    return training.predict(rebuilt(), digits[:, None].astype(np.float32) / 255).numpy()


def packed(digits: Any) -> dict[str, Any]:
    return {
        "shape": list(digits.shape),
        "dtype": "uint8",
        "base64": base64.b64encode(digits.tobytes()).decode(),
    }


def test_the_browser_s_logits_are_torch_s(page: Any) -> None:
    digits, _ = images(1000)
    mine = page.evaluate(
        """async ([layers, digits]) => {
            const core = await import("/core.js");
            const net = core.readNet(layers);
            const { shape, data } = core.tensor(digits);
            return Array.from({ length: shape[0] }, (_, n) => {
                const pixels = data.slice(784 * n, 784 * (n + 1)).map(value => value / 255);
                return [...core.forward(net, { shape: [1, 28, 28], data: pixels }).at(-1).data];
            });
        }""",
        [LAYERS, packed(digits)],
    )
    want = expected(digits)
    np.testing.assert_allclose(mine, want, atol=1e-4, rtol=0)
    assert len(want) >= 200 and np.ptp(want) > 10


def test_onnxruntime_web_agrees(page: Any) -> None:
    module = make()
    try:
        folder = module.install_npm(dev=True)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"npm cannot install onnxruntime-web: {error}")
    assert (folder / "onnxruntime-web").is_dir()
    digits, _ = images(1000)
    theirs = page.evaluate(
        """async ([bytes, digits]) => {
            const ort = await import("/ort/ort.wasm.min.mjs");
            ort.env.wasm.numThreads = 1;
            ort.env.wasm.wasmPaths = "/ort/";
            const core = await import("/core.js");
            const file = Uint8Array.from(atob(bytes), c => c.charCodeAt(0));
            const session = await ort.InferenceSession.create(file, { executionProviders: ["wasm"] });
            const { shape, data } = core.tensor(digits);
            const images = new ort.Tensor("float32", Float32Array.from(data, v => v / 255), [shape[0], 1, 28, 28]);
            return [...(await session.run({ images })).logits.data];
        }""",
        [base64.b64encode(model(LAYERS)).decode(), packed(digits)],
    )
    np.testing.assert_allclose(np.reshape(theirs, (-1, 10)), expected(digits), atol=1e-4, rtol=0)


def test_digits_on_the_pad_are_read(page: Any) -> None:
    """Pictures of test digits, enlarged to the pad, through its own preprocessing: at least 97 %."""
    digits, labels = images(200)
    said = page.evaluate(
        """async ([stored, digits]) => {
            const core = await import("/core.js");
            const { show } = await import("/page.js");
            const { model } = await show(document.querySelector("main"), stored);
            const line = document.querySelector(".cnx-line");
            const { shape, data } = core.tensor(digits);
            return Array.from({ length: shape[0] }, (_, n) => {
                const digit = { shape: [1, 28, 28], data: data.slice(784 * n, 784 * (n + 1)) };
                const { shape: [, ...sides], data: large } = core.upsampleNearest(digit, 2);
                model.set("drawing", core.packed({ shape: sides, data: large }));
                return line.textContent;
            });
        }""",
        [STORED, packed(digits)],
    )
    right = [line.startswith(f"Read as {label},") for line, label in zip(said, labels, strict=True)]
    print(f"{sum(right)} of {len(right)}")
    assert len(right) == 200 and sum(right) >= 194


def test_the_file_says_how_it_was_made_and_the_net_reads_99_percent(mnist_folder: Path) -> None:
    assert (SITE / "digit_pad.json").stat().st_size < web.LARGEST == 150_000
    made = STORED["made"]
    assert made["by"] == "python -m cnnlib export-web" and made["data"] == "mnist" and made["epochs"] == 8
    measured = training.evaluate(rebuilt(), data.load_mnist(download=False).tensors()[2])["accuracy"]
    assert measured >= 0.99
    assert abs(measured - made["test_accuracy"]) < 2e-4  # a rounding apart on other processors


# python -m cnnlib export-web


def test_export_web_writes_a_trained_net_and_refuses_another(
    mnist_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, out = tmp_path / "net.pt", tmp_path / "pad.json"
    training.save(rebuilt(), weights)
    assert __main__.main(["export-web", "--weights", str(weights), "--out", str(out)]) == 0
    assert json.loads(out.read_text())["traits"] == STORED["traits"]
    out.unlink()
    training.save(web.digit_net(), weights)
    assert __main__.main(["export-web", "--weights", str(weights), "--out", str(out)]) == 1
    assert "the site's reads at least 99%" in capsys.readouterr().err
    assert not out.exists()


def test_a_net_the_browser_cannot_take_is_refused(tmp_path: Path) -> None:
    flat = torch.nn.Flatten()
    unknown = torch.nn.Sequential(flat, torch.nn.Linear(784, 10), torch.nn.Tanh())
    with pytest.raises(ValueError, match="write: model expects a plain chain of layers"):
        web.write(unknown, tmp_path / "x.json", {})
    large = torch.nn.Sequential(flat, torch.nn.Linear(784, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10))
    with pytest.raises(
        ValueError, match=r"write: model expects weights that make at most 150000 bytes, these make \d+"
    ):
        web.write(large, tmp_path / "x.json", {})
    assert not list(tmp_path.iterdir())


def test_weights_are_rounded_to_what_is_written() -> None:
    net = web.rounded(web.digit_net())
    assert all(
        torch.equal(v, v.half().to(v.dtype)) for v in net.state_dict().values() if v.is_floating_point()
    )
    assert not torch.equal(web.digit_net()[0].weight, net[0].weight)


def test_jitter_moves_each_picture_in_its_own_way_and_little() -> None:
    torch.manual_seed(0)
    bar = torch.zeros(64, 1, 28, 28)
    bar[:, :, 8:20, 13:15] = 1
    moved = web.jitter(bar)
    assert moved.shape == bar.shape and moved.min() >= 0 and moved.max() <= 1 + 1e-6
    assert len({tuple(picture.flatten().tolist()) for picture in moved}) == 64
    rows = torch.arange(28.0)
    middles = (moved.sum(3)[:, 0] * rows).sum(1) / moved.sum((1, 2, 3))
    assert (middles - 13.5).abs().max() < 3.5 and middles.std() > 0.5
