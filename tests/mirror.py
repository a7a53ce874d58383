"""A download mirror on this machine, small stand-ins for the files it serves, and functions run in a child."""

import gzip
import hashlib
import os
import select
import signal
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

import numpy as np
import pytest

NOBODY = 65534
LIMIT = 60  # seconds after which a test that hangs is given up


class Mirror(socketserver.ThreadingTCPServer):
    """Serves `files`.

    `cut` sends so many bytes of each and hangs up, `stall` names a file it never finishes, and `rude` does
    not speak HTTP. With `together`, nobody is answered before everybody has asked.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 32

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = dict(files)
        self.asked: list[str] = []
        self.cut: int | None = None
        self.stall = ""
        self.rude = False
        self.stalling, self.closing = threading.Event(), threading.Event()
        self.together: threading.Barrier | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/mnist/"


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        mirror, name = self.server, self.path.rsplit("/", 1)[-1]
        mirror.asked.append(name)
        if mirror.together:
            with suppress(threading.BrokenBarrierError):
                mirror.together.wait(LIMIT)
        if mirror.rude:
            self.wfile.write(b"what?\r\n")
            return None
        if name not in mirror.files:
            return self.send_error(404)
        body = mirror.files[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # torchvision asks twice and hangs up on the first answer
            if name == mirror.stall:
                self.wfile.write(body[: len(body) // 2])
                if mirror.asked.count(name) == 2:
                    mirror.stalling.set()
                mirror.closing.wait(LIMIT)
            else:
                self.wfile.write(body[: mirror.cut])
        return None

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Mirror]:
    with Mirror(files) as mirror:
        threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield mirror
        finally:
            mirror.closing.set()
            mirror.shutdown()


def dead_url() -> str:
    """Return an address where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/mnist/"


def idx(array: np.ndarray) -> bytes:
    """Return the IDX file of an array of bytes, written independently of `cnnlib.data`."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return b"\0\0\x08" + bytes([array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def stand_ins() -> dict[str, np.ndarray]:
    """Return the arrays of a tiny MNIST: 60 training images and 20 to test."""
    rng = np.random.default_rng(7)
    return {
        "train-images-idx3-ubyte": rng.integers(0, 256, (60, 28, 28)).astype(np.uint8),
        "train-labels-idx1-ubyte": rng.integers(0, 10, 60).astype(np.uint8),
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (20, 28, 28)).astype(np.uint8),
        "t10k-labels-idx1-ubyte": rng.integers(0, 10, 20).astype(np.uint8),
    }


def expectations(arrays: dict[str, np.ndarray]) -> dict[str, tuple[tuple[int, ...], str]]:
    """Return what `cnnlib.data` must know of these arrays: shape and SHA-256."""
    return {name: (a.shape, hashlib.sha256(a.tobytes()).hexdigest()) for name, a in arrays.items()}


def packed(arrays: dict[str, np.ndarray]) -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(idx(array), mtime=0) for name, array in arrays.items()}


class Child:
    """Runs a function in a forked process, so that everything imported and patched here holds there."""

    def __init__(self, function: Callable[[], object], unprivileged: bool = False) -> None:
        if not hasattr(os, "fork"):
            pytest.skip("needs os.fork")
        answer, self.pipe = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self.run(function, unprivileged)
        os.close(self.pipe)
        self.answer = answer

    def run(self, function: Callable[[], object], unprivileged: bool) -> None:
        try:
            if unprivileged and os.geteuid() == 0:  # root may write anywhere
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            said = str(function())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(self.pipe, said.encode())
        os._exit(0)

    def result(self) -> str:
        """Wait for the end and return what the function returned or raised, as text ("" if it was killed)."""
        with os.fdopen(self.answer) as pipe:
            if not select.select([pipe], [], [], LIMIT)[0]:
                os.kill(self.pid, signal.SIGKILL)
            said = pipe.read()
        os.waitpid(self.pid, 0)
        return said
