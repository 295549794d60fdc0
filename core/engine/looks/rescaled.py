"""Pictures whose guided noise is rescaled at every step: a large weight cannot blow it up."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from core.engine.looks.look import Look, Work
from core.engine.request import Request, validated
from core.errors import ExplainerError
from core.ideas.checks import check_real, check_whole
from core.models.catalog import find_entry

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from core.engine.loaded import LoadedModel

MOST_PICTURES = 12


@dataclass(frozen=True, slots=True)
class RescaledLook(Look["tuple[np.ndarray, ...]"]):
    """Whole runs with guidance rescale; read as one picture a request, uint8 (H, W, 3).

    Attributes:
        model: the checkpoint's id in the catalog.
        requests: at most ``MOST_PICTURES``, all of this model.
        phi: how much is rescaled, 0 to 1.
    """

    model: str
    requests: tuple[Request, ...]
    phi: float

    def validated(self) -> Self:
        """Return the look with every field checked.

        Raises:
            ExplainerError: a field is wrong.
        """
        check_whole(len(self.requests), "number of pictures", 1, MOST_PICTURES)
        requests = tuple(validated(request) for request in self.requests)
        if any(request.model != self.model for request in requests):
            raise ExplainerError(
                "A strip has one model.", "Choose the same model for all pictures."
            )
        phi = check_real(self.phi, "rescale factor", 0, 1)
        return type(self)(find_entry(self.model).id, requests, phi)

    def read(self, loaded: "LoadedModel") -> "Work[tuple[np.ndarray, ...]]":
        """Draw them all, one U-Net call of one of them a piece.

        The denoising loop guides with w, which is linear in the two answers: scaling both scales
        what it makes of them. So it needs no switch of its own.

        Args:
            loaded: the model.

        Raises:
            ExplainerError: the size does not suit the model, or the numbers ran away.
        """
        from core.engine.denoise import denoise, read_prompts

        pictures: list[np.ndarray] = []
        asked, total = 0, sum(request.steps for request in self.requests)
        for request in self.requests:
            yield asked, total, tuple(pictures)
            loop = denoise(loaded.checkpoint, request, read_prompts(request, loaded.read))
            query = next(loop)
            total += query.calls - request.steps  # some schedulers ask twice a step
            while True:
                [found] = loaded.answers([query])
                if isinstance(found, Exception):
                    raise found
                try:
                    query = loop.send(self._rescaled(found, request.guidance))
                except StopIteration as end:
                    steps = end.value
                    break
                finally:
                    asked += 1
                yield asked, total, tuple(pictures)
            [picture] = loaded.vae.run([steps[-1].x_prev])
            if isinstance(picture, Exception):
                raise picture
            pictures.append(picture.numpy())
        return tuple(pictures)

    def _rescaled(self, answers: "Tensor", w: float) -> "Tensor":
        """Scale both answers so that the loop's guidance gives the rescaled one."""
        from core.ideas.guidance import guide, rescale

        if len(answers) == 1:  # w = 1: there is nothing that guidance could have blown up
            return answers
        uncond, cond = answers.chunk(2)
        guided = guide(uncond, cond, w)
        spread = guided.std()
        if not spread > 0:
            return answers
        return answers * (rescale(guided, cond, self.phi).std() / spread)
