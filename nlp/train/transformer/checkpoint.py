"""Where a long training stands, so that a killed one goes on: weights, optimiser and step, as safetensors."""

from __future__ import annotations

import json
import time
from pathlib import Path

import torch

_EVERY = 120.0  # seconds between two writes


class Checkpoint:
    """One file of one stage. The order of examples follows from seed and step, so it is not kept."""

    def __init__(self, path: Path, mark: str) -> None:
        self.path, self.mark = path, mark
        self._written = time.monotonic()

    def resume(self, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> int:
        """Load what was kept by the same recipe; returns the step to go on with, 0 for a fresh start."""
        from safetensors import safe_open

        if not self.path.is_file():
            return 0
        with safe_open(self.path, "pt") as kept:
            about = kept.metadata() or {}
            if about.get("mark") != self.mark:
                return 0
            tensors = {name: kept.get_tensor(name) for name in kept.keys()}  # noqa: SIM118
        model.load_state_dict(
            {name[6:]: tensor for name, tensor in tensors.items() if name.startswith("model.")}, strict=False
        )
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith("optim."):
                _, number, part = name.split(".")
                state.setdefault(int(number), {})[part] = tensor
        whole = optimiser.state_dict()
        optimiser.load_state_dict({"state": state, "param_groups": whole["param_groups"]})
        return int(json.loads(about["step"]))

    def keep(
        self, model: torch.nn.Module, optimiser: torch.optim.Optimizer, step: int, now: bool = False
    ) -> None:
        """Write, at most every two minutes unless `now`; a kill leaves the file before or the file after."""
        from safetensors.torch import save_file

        if not now and time.monotonic() - self._written < _EVERY:
            return
        tensors = {
            f"model.{name}": value.detach().cpu().contiguous() for name, value in model.named_parameters()
        }
        for number, parts in optimiser.state_dict()["state"].items():
            for part, value in parts.items():
                tensors[f"optim.{number}.{part}"] = torch.as_tensor(value).detach().cpu().contiguous()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        half = self.path.with_suffix(".half")
        save_file(tensors, half, metadata={"mark": self.mark, "step": str(step)})
        half.replace(self.path)
        self._written = time.monotonic()
