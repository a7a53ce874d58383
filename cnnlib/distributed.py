"""Several processes that train one model together, started by PyTorch's `torchrun`.

Each process holds the whole model and computes its share of every batch; PyTorch's DistributedDataParallel adds
the gradients up while they are computed. Where `torchrun` started nothing there is one process, and every
function here leaves things as they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel


@contextmanager
def joined(device: torch.device | str) -> Iterator[torch.device | str]:
    """Join the processes that `torchrun` started with this one; yields the device of this process.

    They speak NCCL on CUDA, where each takes the GPU of its number, and gloo elsewhere. At the end the
    process leaves them. Alone it keeps `device`.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield device
        return
    device = torch.device(device)
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    store, number, count = next(rendezvous("env://"))
    if os.environ.get("GROUP_WORLD_SIZE") == "1":
        # On one machine torchrun restarts killed processes with the same store, where their addresses still are.
        store = PrefixStore(f"start {os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", store)
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=number, world_size=count)
    try:
        yield device
    finally:
        dist.destroy_process_group()


def size() -> int:
    """How many processes train together: 1 outside of `torchrun`."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def rank() -> int:
    """The number of this process, from 0; only process 0 prints and writes files."""
    return dist.get_rank() if size() > 1 else 0


def wrap(model: nn.Module, device: torch.device) -> nn.Module:
    """`model` as DistributedDataParallel, which begins with the weights of process 0; alone `model` itself.

    On CUDA batch normalisation then takes its statistics over all processes. On other devices PyTorch cannot:
    each process takes them over its own share (`own_statistics`).
    """
    if size() == 1:
        return model
    if device.type == "cuda":
        model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # changes the layers inside `model` itself
    return DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)


def own_statistics(model: nn.Module, device: torch.device | str) -> bool:
    """Whether batch normalisation in `model` sees a process' own share of a batch only."""
    together = size() == 1 or torch.device(device).type == "cuda"
    return not together and any(isinstance(module, _BatchNorm) for module in model.modules())


def share(indices: Tensor) -> tuple[Tensor, float]:
    """Return this process' part of a batch of `indices`, and the weight of its mean loss in the batch's mean.

    The weight makes the average over processes the mean over the batch when shares differ in size. A process
    left without an index takes the first one with weight 0, since it has to take part in every step.
    """
    mine = indices[rank() :: size()]
    if len(mine) == 0:
        return indices[:1], 0.0
    return mine, len(mine) * size() / len(indices)


def total(values: Tensor, device: torch.device) -> Tensor:
    """The sum of `values` over all processes, on the CPU."""
    if size() == 1:
        return values
    values = values.to(device)
    dist.all_reduce(values)
    return values.cpu()


def of_first(values: Tensor, device: torch.device) -> Tensor:
    """The `values` of process 0, for all, on the CPU."""
    if size() == 1:
        return values
    values = values.to(device)
    dist.broadcast(values, 0)
    return values.cpu()


def share_buffers(model: nn.Module) -> None:
    """Give all processes the buffers of process 0, such as running means, before `model` is measured."""
    if size() > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, 0)
