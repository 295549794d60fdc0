"""One finished run as plain arrays, and what the pages show of it; imports no torch.

A place is a position in the film of a run: place k is the noisy latents after k U-Net calls, with
what the network makes of them; the last place is the finished picture on both sides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.engine.request import Request, key
from core.engine.works.call_input import CallInput
from core.views.browser import PlaceData
from core.views.numbers import count, say_after, say_noise
from core.words import tr

PREVIEW_TIMES = 8  # pixels a latent position in the picture of a run that was stopped


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Run:
    """A finished run, one row a U-Net call.

    Attributes:
        request: what was asked.
        steps: the scheduler step each call belongs to, (n,).
        timesteps: what the network was told, (n,).
        sigmas: noise per unit of signal, (n,).
        alpha_bars: signal power, (n,).
        path: noisy latents at unit scale and the final ones, (n + 1, C, h, w).
        eps: guided noise, (n, C, h, w).
        eps_uncond: noise seen with the negative prompt, (n, C, h, w); None at w = 1, where it is
            not asked.
        eps_cond: noise seen with the prompt, (n, C, h, w).
        x0: estimates of the clean latents, (n, C, h, w).
        picture: the result, uint8 (H, W, 3).
        seconds: from the first step to the picture on the machine that ran it, with what it did
            for others meanwhile.
        fingerprint: of the weights that answered.
        computer: what answered for the U-Net, and in which numbers; "" where that is not known.
        memory: the most that the process had held by then, bytes.
    """

    request: Request
    steps: NDArray[np.integer]
    timesteps: NDArray[np.floating]
    sigmas: NDArray[np.floating]
    alpha_bars: NDArray[np.floating]
    path: NDArray[np.floating]
    eps: NDArray[np.floating]
    eps_uncond: NDArray[np.floating] | None
    eps_cond: NDArray[np.floating]
    x0: NDArray[np.floating]
    picture: NDArray[np.uint8]
    seconds: float
    fingerprint: str
    computer: str = ""
    memory: int = 0

    def input_at(self, call: int) -> CallInput:
        """Return what the network was asked at one call, to ask about it again.

        Args:
            call: 0 is the first.
        """
        xt = self.path[call]
        return CallInput(
            request=self.request,
            t=float(self.timesteps[call]),
            alpha_bar=float(self.alpha_bars[call]),
            shape=(xt.shape[0], xt.shape[1], xt.shape[2]),
            xt=xt.astype("<f4").tobytes(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """The film of a run as pictures.

    Attributes:
        places: which places of the run are shown, ascending, the first and last included.
        given: what the network was shown there, uint8 (len(places), H, W, 3).
        guess: what it believed is in there, the same shape; the result at the last place.
        decoded: whether a decoder made them; otherwise they are a linear guess of the colours.
        small: whether that was the small decoder; the finished picture is the VAE's all the same.
    """

    places: tuple[int, ...]
    given: NDArray[np.uint8]
    guess: NDArray[np.uint8]
    decoded: bool
    small: bool = False


def run_id(request: Request) -> str:
    """Return a short name that tells runs apart in the browser.

    Args:
        request: a valid request.
    """
    return key(request, "")[:16]


def run_of(trace: Any) -> Run:  # Any: an engine.trace.Trace; naming its class would import torch
    """Take a finished trace as plain arrays.

    Args:
        trace: from the engine.
    """
    run = _run(trace.request, trace.steps, trace.picture, trace.seconds, trace.fingerprint)
    return replace(run, computer=trace.computer, memory=trace.memory)


def say_cost(run: Run) -> str:
    """Say what a run cost: calls, seconds, what computed it, and memory.

    Args:
        run: finished.
    """
    calls = count(len(run.timesteps), "call")
    said = tr(
        "{calls} of the network and the decoding in {seconds:.2f} s",
        calls=calls,
        seconds=run.seconds,
    )
    if not run.computer:
        return said
    return tr(
        "{said}, by {computer}; the most memory so far {memory:.2g} GB",
        said=said,
        computer=run.computer,
        memory=run.memory / 1e9,
    )


def _run(
    request: Request,
    steps: Sequence[Any],  # Any: the engine's, as above
    picture: NDArray[np.uint8],
    seconds: float,
    fingerprint: str,
) -> Run:
    def column(name: str) -> NDArray[Any]:
        return np.array([getattr(step, name) for step in steps])

    def latents(name: str) -> NDArray[np.floating]:
        return np.stack([getattr(step, name).numpy() for step in steps])

    return Run(
        request=request,
        steps=column("step"),
        timesteps=column("t"),
        sigmas=column("sigma"),
        alpha_bars=column("alpha_bar"),
        path=np.concatenate([latents("xt"), steps[-1].x_prev.numpy()[None]]),
        eps=latents("eps"),
        eps_uncond=None if steps[0].eps_uncond is None else latents("eps_uncond"),
        eps_cond=latents("eps_cond"),
        x0=latents("x0"),
        picture=picture,
        seconds=seconds,
        fingerprint=fingerprint,
    )


def linear_colours(*runs: Run) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return the linear function of latents that comes nearest to the pictures of these very runs.

    Args:
        runs: finished, of one model.

    Returns:
        Weights, (C, 3), and constant, (3,); colours are shares of full brightness.
    """
    channels, height, width = runs[0].path.shape[1:]
    wanted, known = [], []
    for run in runs:
        rows = run.picture.astype(np.float64) / 255
        blocks = rows.reshape(height, len(rows) // height, width, rows.shape[1] // width, 3)
        wanted.append(blocks.mean(axis=(1, 3)).reshape(-1, 3))
        latents = run.path[-1].reshape(channels, -1).T
        known.append(np.column_stack([latents, np.ones(height * width)]))
    rows, given = np.concatenate(wanted), np.concatenate(known)
    ridge = 1e-2 * len(given) * np.diag([1.0] * channels + [0.0])  # few colours leave it open
    weights = np.linalg.solve(given.T @ given + ridge, given.T @ rows)  # (C + 1, 3)
    return weights[:-1], weights[-1]


def in_colours(
    latents: NDArray[np.floating], weights: NDArray[np.floating], bias: NDArray[np.floating] | float
) -> NDArray[np.uint8]:
    """Colour latents by a linear function of their channels.

    Args:
        latents: (n, C, h, w).
        weights: (C, 3).
        bias: the colour of latents that are 0.

    Returns:
        One pixel a position, (n, h, w, 3).
    """
    shares = np.moveaxis(latents, 1, -1) @ weights + bias
    return np.rint(np.clip(shares, 0, 1) * 255).astype(np.uint8)


def quick_frames(run: Run) -> Frames:
    """Guess the film without the VAE, in the time of one small matrix product.

    The colours are linear in the latents, see ``linear_colours``; the finished picture itself
    stands at the end.

    Args:
        run: the finished run.
    """
    weights, bias = linear_colours(run)
    size = (run.picture.shape[1], run.picture.shape[0])

    def colour(latents: NDArray[np.floating]) -> NDArray[np.uint8]:
        small = in_colours(latents, weights, bias)
        return np.stack([np.asarray(Image.fromarray(frame).resize(size)) for frame in small])

    end = run.picture[None]
    given = np.concatenate([colour(run.path[:-1]), end])
    guess = np.concatenate([colour(run.x0), end])
    return Frames(tuple(range(len(run.path))), given, guess, False)


def frames_of(run: Run, film: Any) -> Frames:  # Any: an engine film; its class would import torch
    """Take a decoded film as frames.

    Args:
        run: the finished run.
        film: from the engine; of a long run it holds an even sample of the places.
    """
    places = tuple(sorted({*(int(index) for index in film.indices), len(run.timesteps)}))
    guess = np.concatenate([film.x0, run.picture[None]])
    return Frames(places, film.xt, guess, True, film.small)


def begun_run(request: Request, steps: Sequence[Any], preview: NDArray[np.uint8]) -> Run:
    """Take the steps of a run that was stopped as if it had been asked for no more.

    Args:
        request: what was asked.
        steps: the engine's, so far; at least one.
        preview: the newest estimate, one pixel a latent position, (h, w, 3).

    Returns:
        Its picture is a linear guess of the colours of the latents where it stopped.
    """
    newest = steps[-1].x0.numpy()
    channels = len(newest)
    known = np.column_stack([newest.reshape(channels, -1).T, np.ones(newest[0].size)])
    ridge = 1e-2 * len(known) * np.diag([1.0] * channels + [0.0])  # as in linear_colours
    wanted = known.T @ (preview.reshape(-1, 3) / 255)
    weights = np.linalg.solve(known.T @ known + ridge, wanted)
    end = in_colours(steps[-1].x_prev.numpy()[None], weights[:-1], weights[-1])[0]
    picture = end.repeat(PREVIEW_TIMES, 0).repeat(PREVIEW_TIMES, 1)
    return _run(request, steps, picture, 0.0, "")


def say_places(
    run: Run, places: Sequence[int], whole: tuple[int, int] | None = None
) -> list[PlaceData]:
    """Say where in the run each place is, to read and to hear.

    Args:
        run: the run.
        places: which of its places.
        whole: calls and steps it would have had, where it was stopped before.
    """
    calls, steps = whole or (len(run.timesteps), int(run.steps[-1]) + 1)
    said: list[PlaceData] = []
    for place in places:
        ended = place == calls
        done = steps if ended else int(run.steps[place])
        parts = [say_after(place, calls, done, steps)]
        if ended:
            parts.append(tr("finished"))
        elif place == 0:  # all of it is drawn; what t stands for has a little picture in it
            parts += [
                tr("only noise"),
                tr("the network is told t = {t:g}", t=run.timesteps[0]),
            ]
        else:
            parts += [f"t = {run.timesteps[place]:g}", say_noise(float(run.alpha_bars[place]))]
        text = " · ".join(parts)
        spoken = text.replace("t = ", f"{tr('timestep')} ").replace(" · ", ", ")
        said.append({"text": text, "spoken": spoken})
    return said
