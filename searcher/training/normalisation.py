"""Batch normalisation by the global batch, on any device.

With PyTorch's own layers each rank normalises by its share of a batch, so that a training over two
ranks is another one than over one; ``torch.nn.SyncBatchNorm`` (2.13) refuses tensors on the CPU.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

KINDS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class GlobalBatchNorm(nn.BatchNorm1d):
    """Batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167) over the rows of all ranks.

    Takes (n, channels) and (n, channels, ...). The names of its parameters and buffers are those of
    PyTorch's layers. In evaluation mode it is PyTorch's.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        """Take any number of dimensions."""

    def forward(self, input: Tensor) -> Tensor:
        """Normalise each channel; running statistics follow as in PyTorch's layers."""
        if not self.training:
            return super().forward(input)
        others = [axis for axis in range(input.dim()) if axis != 1]
        wide = [1, -1] + [1] * (input.dim() - 2)
        values = input.float()
        count = values.new_full((1,), input.numel() / input.shape[1])
        sums = _summed(torch.cat([values.sum(others), count]))
        mean, count = sums[:-1] / sums[-1], sums[-1].detach()
        centred = values - mean.view(wide)
        variance = _summed(centred.square().sum(others)) / count
        self._remember(mean.detach(), variance.detach() * count / (count - 1))
        normal = centred * torch.rsqrt(variance + self.eps).view(wide)
        if self.affine:
            normal = normal * self.weight.view(wide) + self.bias.view(wide)
        return normal.to(input.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        if self.running_mean is None or self.running_var is None:
            return
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        share = self.momentum
        if share is None:  # all batches count alike
            share = 1 / float(self.num_batches_tracked or 1)
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def over_all_ranks(module: nn.Module) -> nn.Module:
    """Exchange the batch normalisations within a module; parameters and buffers stay the same."""
    if isinstance(module, KINDS):
        return _exchanged(module)
    for name, child in module.named_children():
        module.add_module(name, over_all_ranks(child))
    return module


def _exchanged(layer: Any) -> GlobalBatchNorm:
    exchanged = GlobalBatchNorm(
        layer.num_features,
        layer.eps,
        layer.momentum,
        affine=layer.affine,
        track_running_stats=layer.track_running_stats,
    )
    exchanged._parameters, exchanged._buffers = layer._parameters, layer._buffers
    return exchanged.train(layer.training)


class _Sum(torch.autograd.Function):
    """Sum over all ranks; its gradient is the sum of theirs."""

    @staticmethod
    def forward(_context: Any, values: Tensor) -> Tensor:
        total = values.detach().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> Tensor:
        total = gradient.contiguous().clone()
        dist.all_reduce(total)
        return total


def _summed(values: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return total
