"""Which token moved the noise: gradients through the U-Net at one call of a run."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from core.engine.looks.look import Look, Work
from core.engine.request import Request, validated
from core.errors import ExplainerError
from core.ideas.checks import check_whole

if TYPE_CHECKING:
    import numpy as np

    from core.engine.loaded import LoadedModel

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
class AttributionLook(Look[Attribution]):
    """The prompt's push at one call of a run, shared out among the positions of the text.

    Attributes:
        model: the checkpoint's id in the catalog.
        request: the run.
        call: of the U-Net, 0 is the first.
    """

    model: str
    request: Request
    call: int

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        request = validated(self.request)
        if request.model != self.model:
            raise ExplainerError("This run is another model's.", "Draw the picture again.")
        return type(self)(self.model, request, check_whole(self.call, "call", 0, MOST_CALLS))

    def read(self, loaded: "LoadedModel") -> Work[Attribution]:
        """Walk to the call, then ask for the slope along the way from negative prompt to prompt.

        Args:
            loaded: the model.

        Raises:
            ExplainerError: the run has no such call, both prompts are the same, or the numbers ran
                away.
        """
        import dataclasses

        import torch

        from core.engine.ask import answer
        from core.engine.denoise import denoise, read_prompts
        from core.ideas.attribution import integrate_gradients

        yield 0, self.call + PARTS
        checkpoint = loaded.checkpoint
        loop = denoise(checkpoint, self.request, read_prompts(self.request, loaded.read))
        query = next(loop)
        if self.call >= query.calls:
            raise ExplainerError(
                f"There is no U-Net call {self.call + 1}.", f"Choose 1 to {query.calls}."
            )
        for done in range(self.call):
            yield done, self.call + PARTS
            query = loop.send(answer(checkpoint, query))
        loop.close()
        # Both prompts, also where guidance 1 does not ask about the negative one.
        both = read_prompts(dataclasses.replace(self.request, guidance=2.0), loaded.read)
        place = {"device": checkpoint.device, "dtype": checkpoint.dtype}
        negative, prompt = both.clone().to(**place)
        latents = query.latents.clone().to(**place)
        t = torch.tensor([query.t], dtype=torch.float32, device=checkpoint.device)

        def predict(states: torch.Tensor) -> torch.Tensor:
            return checkpoint.unet(
                latents, t, encoder_hidden_states=states.to(latents.dtype)[None], return_dict=False
            )[0].float()

        with torch.no_grad():
            push = predict(prompt) - predict(negative)
        size = float(push.square().sum())
        if not size > 0:
            raise ExplainerError(
                "Prompt and negative prompt ask for the same.", "Change one of them."
            )

        def gradient(states: torch.Tensor) -> torch.Tensor:
            with torch.enable_grad():
                states = states.detach().requires_grad_()
                along = (predict(states) * push).sum() / size
            return torch.autograd.grad(along, states)[0].float()

        way = (prompt - negative).float() / PARTS
        shares = torch.zeros(len(prompt), device=checkpoint.device)
        for part in range(PARTS):  # the integral over the whole way is the sum over its parts
            yield self.call + part, self.call + PARTS
            begin = negative.float() + part * way
            shares += integrate_gradients(gradient, begin, begin + way, 1)
        return Attribution(shares.cpu().numpy(), query.t)
