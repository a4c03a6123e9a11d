"""Training of classifiers: Adam, a cosine of the learning rate, and the quantisers' own schedules."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from quadcim.models.bwma.activations import Staircase
from quadcim.models.bwma.datasets import Pictures

__all__ = ["Epoch", "accuracy", "fit_classifier"]

Epoch = tuple[int, float, float]
"""Number, mean loss in training, and share of the test pictures that are told right."""

_TEST_BATCH, _SHIFT = 500, 4


def fit_classifier(network: nn.Module, pictures: Pictures, *, epochs: int, lr: float, batch: int = 64, seed: int = 0,
                   report: Callable[[Epoch], None] = lambda epoch: None) -> list[Epoch]:
    """Train a network with Adam; the learning rate falls from `lr` to 0 as a cosine.

    Parameters
    ----------
    network : nn.Module
        Trained in place.
    pictures : Pictures
        What to learn from and what to judge by.
    epochs, batch : int
        How often all pictures are seen, and how many at once.
    lr : float
        The learning rate at the start.
    seed : int
        Of the order of the pictures, and of their shifts and flips.
    report : callable
        Called after each epoch.

    Returns
    -------
    list of (int, float, float)
        Number of the epoch from 1, mean loss, and accuracy on the test pictures.
    """
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=lr)
    steps = epochs * -(-len(pictures.train[0]) // batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    stairs = [module for module in network.modules() if isinstance(module, Staircase)]
    history: list[Epoch] = []
    for epoch in range(1, epochs + 1):
        network.train()
        for stair in stairs:
            stair.set_progress((epoch - 1) / epochs)
        losses = []
        for x, y in _batches(pictures, batch, generator):
            optimiser.zero_grad()
            loss = functional.cross_entropy(network(x), y)
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        history.append((epoch, sum(losses) / len(losses), accuracy(network, pictures.test)))
        report(history[-1])
    return history


@torch.no_grad()
def accuracy(network: nn.Module, pictures: tuple[Tensor, Tensor]) -> float:
    """The share of pictures that a network tells right."""
    network.eval()
    right = sum(int((network(x).argmax(1) == y).sum())
                for x, y in zip(*(part.split(_TEST_BATCH) for part in pictures), strict=True))
    return right / len(pictures[1])


def _batches(pictures: Pictures, batch: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    x, y = pictures.train
    for chosen in torch.randperm(len(x), generator=generator).split(batch):
        if len(chosen) > 1:  # batch normalisation needs two
            yield _augmented(x[chosen], generator) if pictures.augment else x[chosen], y[chosen]


def _augmented(x: Tensor, generator: torch.Generator) -> Tensor:
    """Shift each picture by up to 4 pixels, and mirror every other one."""
    count, _channels, height, width = x.shape
    padded = functional.pad(x, (_SHIFT,) * 4)
    offsets = torch.randint(2 * _SHIFT + 1, (2, count, 1), generator=generator)
    rows, columns = (offsets[axis] + torch.arange(size) for axis, size in enumerate((height, width)))
    mirrored = torch.rand(count, 1, generator=generator) < 0.5
    columns = torch.where(mirrored, columns.flip(1), columns)
    return padded[torch.arange(count)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
