"""Which token moved the noise: gradients through the U-Net at one call of a run."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from core.engine.request import RunWork
from core.engine.work import CallRow, Course, NoiseQuery, Progress, Wanted
from core.errors import ExplainerError
from core.ideas.checks import check_whole
from core.words import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from torch import Tensor

    from core.engine.loaded import LoadedModel
    from core.models.loading import Checkpoint

PARTS = 12  # of the way from the negative prompt to the prompt
MOST_CALLS = 1000


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Attribution:
    """What each position of the text accounts for.

    Attributes:
        shares: of the way that the prompt moves the predicted noise, (L,); they sum to about 1,
            and one below 0 pulls the other way.
        t: the timestep.
    """

    shares: "np.ndarray"
    t: float


@dataclass(frozen=True, slots=True)
class AttributionWork(RunWork[Attribution]):
    """The prompt's push at one call of a run, shared out among the positions of the text.

    Attributes:
        call: of the U-Net, 0 is the first.
    """

    call: int

    def _checked(self) -> dict[str, Any]:
        return {"call": check_whole(self.call, tr("call"), 0, MOST_CALLS)}

    def wants(self) -> Wanted:
        """Return the run."""
        return Wanted((self.request,))

    def course(self, loaded: "LoadedModel") -> Course[Attribution]:
        """Have the run done, then ask for the slope along the way from one prompt to the other."""
        import torch

        from core.ideas.attribution import integrate_gradients
        from core.models.conditions import is_xl

        if is_xl(loaded.checkpoint.unet):
            raise ExplainerError(
                tr(
                    "This model also reads the whole prompt as one vector, in which no word has a "
                    "part "
                    "of its own."
                ),
                tr("Choose a model of the Stable Diffusion 1 or 2 family."),
            )
        [outcome] = yield self.wants()
        steps = outcome.result().steps
        if self.call >= len(steps):
            raise ExplainerError(
                tr("There is no U-Net call {call}.", call=self.call + 1),
                tr("Choose 1 to {steps}.", steps=len(steps)),
            )
        step = steps[self.call]
        # Both prompts, also where guidance 1 does not ask about the negative one.
        both = loaded.states(replace(self.request, guidance=2.0))
        loras = self.request.loras
        uncond, cond = yield NoiseQuery(step.xt[None], step.t, both, loras=loras)
        push = cond - uncond
        size = float(push.square().sum())
        if not size > 0:
            raise ExplainerError(
                tr("Prompt and negative prompt ask for the same."), tr("Change one of them.")
            )
        negative, prompt = both
        way = (prompt - negative) / PARTS
        shares = torch.zeros(len(prompt))
        for part in range(PARTS):  # the integral over the whole way is the sum over its parts
            begin = negative + part * way
            middle = (begin + way / 2)[None]
            told = Progress(part, PARTS)
            how = _Slope(push / size)
            slopes = yield NoiseQuery(step.xt[None], step.t, middle, told, how, loras)
            shares = shares + integrate_gradients(lambda _, at=slopes[0]: at, begin, begin + way, 1)
        return Attribution(shares.numpy(), step.t)


@dataclass(frozen=True, slots=True, eq=False)
class _Slope:
    """How far along a direction the answer moves with the text: its gradient, (L, D) a row."""

    along: "Tensor"

    def ask(self, checkpoint: "Checkpoint", rows: "Sequence[CallRow]") -> "Tensor":
        """Answer each row by the gradient of its answer's part along the direction."""
        import torch

        from core.engine.ask import call_unet
        from core.models.lora_fitted import wearing

        place = {"device": checkpoint.device, "dtype": checkpoint.dtype}
        along = self.along.to(checkpoint.device)
        found = []
        for row in rows:
            t = torch.tensor([row.t], dtype=torch.float32, device=checkpoint.device)
            worn = wearing(checkpoint, checkpoint.unet, "unet", [row.loras])
            with torch.enable_grad(), worn:
                states = row.states.clone().to(checkpoint.device).requires_grad_()
                text = states.to(checkpoint.dtype)[None]
                latents = row.latents.clone()[None].to(**place)
                answer = call_unet(checkpoint, latents, t, text)
                part = (answer[0].float() * along).sum()
            found.append(torch.autograd.grad(part, states)[0].float().cpu())
        return torch.stack(found)
