"""Training of classifiers: AdamW under a one-cycle schedule, seeded, resumed bit for bit after an interruption.

Our choice: the learning rate climbs over the first fifth of the steps and falls along a cosine to nothing, which
suits the few epochs that a CPU affords. The last weights are kept; nothing is selected on the monitored split.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor
from torch.nn import functional

from invariscope.checkpoint import Checkpoint, finish
from invariscope.classifiers.evaluation import Origin, Table, judge
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images, ImageSet
from invariscope.errors import UserError
from invariscope.runtime import seeded, torch_generator
from invariscope.schedule import one_cycle


@dataclass(frozen=True)
class Training:
    epochs: int
    batch_size: int = 128
    learning_rate: float = 2e-3  # at its peak
    weight_decay: float = 1e-4
    label_smoothing: float = 0.0


def train(
    classifier: Classifier,
    training: Training,
    images: Images,
    monitored: Mapping[str, ImageSet],
    seed: int,
    checkpoint: Checkpoint | None = None,
    label: str = "training",
) -> list[dict[str, Any]]:
    """Train in place; the history has a row an epoch for `train` and for each monitored split.

    The rows for `train` are means over the batches as they were trained on, the others are judged at the epoch's end.
    Without an epoch there is only the judgement, as epoch 0.

    Batch order and dropout are drawn anew for each epoch and step from named streams, so that a resumed training
    needs to know only how far it was.
    """
    run = Run(classifier, training, images, monitored, seed)
    if run.iterations == 0:
        run.judge()
    classifier.train()
    finish(run, checkpoint, label)
    classifier.eval().requires_grad_(False)
    return run.history


def history_table(rows: Sequence[Mapping[str, Any]], origin: Origin) -> Table:
    """Columns and units of a history. `seconds` is null: a measured time would differ between equal runs."""
    columns: dict[str, Any] = {name: [value] * len(rows) for name, value in origin.items()}
    kinds = {"epoch": pa.int64(), "split": pa.string(), "loss": pa.float64(), "accuracy": pa.float64()}
    for name, kind in kinds.items():
        columns[name] = pa.array([row[name] for row in rows], kind)
    columns["seconds"] = pa.nulls(len(rows), pa.float64())
    elsewhere = "measured times are in logs/ and benchmarks/jobs/, because equal seeds must give equal bytes"
    return columns, {"loss": "nats", "accuracy": "fraction", "seconds": f"s; null: {elsewhere}"}


class Run:
    """A training under way: everything that one iteration hands to the next."""

    def __init__(
        self, classifier: Classifier, training: Training, images: Images, monitored: Mapping[str, ImageSet], seed: int
    ) -> None:
        self.classifier, self.training, self.monitored, self.seed = classifier, training, monitored, seed
        self.device = classifier.mean.device
        self.pixels = torch.from_numpy(images.pixels).to(self.device)  # (N, C, H, W) uint8
        self.labels = torch.tensor(images.labels, device=self.device)  # (N,)
        self.batches = max(1, len(images) // training.batch_size)  # an epoch; what is left over waits for another one
        self.iteration, self.iterations = 0, self.batches * training.epochs
        self.optimiser = torch.optim.AdamW(
            classifier.network.parameters(), weight_decay=training.weight_decay, fused=self.device.type != "mps"
        )
        self.epoch_order = (-1, self.labels)
        self.sums = torch.zeros(2, device=self.device)  # loss and right answers of this epoch so far
        self.history: list[dict[str, Any]] = []

    def state(self) -> dict[str, Any]:
        return {
            "network": self.classifier.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "iteration": self.iteration,
            "sums": self.sums,
            "history": self.history,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.classifier.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.iteration = state["iteration"]
        self.sums = state["sums"].to(self.device)
        self.history = list(state["history"])

    def advance(self, iteration: int) -> None:
        """One step of the optimiser."""
        epoch, batch = divmod(iteration, self.batches)
        chosen = self.order(epoch)[batch * self.training.batch_size : (batch + 1) * self.training.batch_size]
        x, labels = self.pixels[chosen].float().div_(255), self.labels[chosen]  # (B, C, H, W), (B,)
        for group in self.optimiser.param_groups:
            group["lr"] = self.training.learning_rate * one_cycle(iteration, self.iterations)
        with seeded(self.device, self.seed, "dropout", iteration):
            logits = self.classifier(x)  # (B, classes)
        loss = functional.cross_entropy(logits, labels, label_smoothing=self.training.label_smoothing)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        with torch.no_grad():
            self.sums += torch.stack([loss, (logits.argmax(1) == labels).float().mean()])
        self.iteration = iteration + 1
        if self.iteration % self.batches == 0:
            self.close_epoch()

    def order(self, epoch: int) -> Tensor:
        """The images of an epoch, shuffled."""
        if self.epoch_order[0] != epoch:
            generator = torch_generator(self.seed, "batch order", epoch)
            self.epoch_order = epoch, torch.randperm(len(self.labels), generator=generator).to(self.device)
        return self.epoch_order[1]

    def close_epoch(self) -> None:
        """Add the rows of the epoch to the history. Raises UserError if the training has diverged."""
        epoch = self.iteration // self.batches
        loss, accuracy = (self.sums / self.batches).tolist()
        if not math.isfinite(loss):
            raise UserError(
                f"training: learning_rate: {self.training.learning_rate} made the loss {loss} in epoch {epoch}; "
                "use a smaller one"
            )
        self.sums.zero_()
        self.history.append({"epoch": epoch, "split": "train", "loss": loss, "accuracy": accuracy})
        self.judge()

    def judge(self) -> None:
        """Add a row for each monitored split to the history."""
        epoch = self.iteration // self.batches
        self.classifier.eval()
        for split, images in self.monitored.items():
            self.history.append({"epoch": epoch, "split": split} | judge(self.classifier, images))
        self.classifier.train()
