"""A part of a picture drawn anew: its mask as text, what the browser shows, and how it joins."""

import base64
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from core.engine.works.inpainting import InpaintWork
from core.ideas.arrays import Pixels
from core.ideas.inpainting import spread_mask
from core.views.browser import PlaceData, SheetData
from core.views.lesson import Asked, Live, choose
from core.views.numbers import count, percent, short
from core.views.run import Frames, Run, run_id, say_places
from core.views.steps import rms
from core.views.strips import photo_sheet
from core.views.tables import Row
from core.words import in_a_row, tr, tr_later

NEARLY = 1e-5  # of a latent number: that much is rounding
Mask = np.ndarray  # uint8, (h, w): 1 where it is drawn anew


class InpaintData(TypedDict):
    """What the component shows of a picture of which a part is drawn anew.

    Attributes:
        id: names picture, run and mask; the same one keeps its place.
        picture: names the picture that is painted on.
        height: of the latents.
        width: of the latents.
        mask: "1" where it is drawn anew, "0" where it is kept, row by row.
        pictures: two: before and after.
        given: what the network was given at each place.
        guess: what it believed.
        places: what to say at each.
    """

    id: str
    picture: str
    height: int
    width: int
    mask: str
    pictures: SheetData
    given: SheetData
    guess: SheetData
    places: list[PlaceData]


@dataclass(frozen=True, slots=True)
class Seam:
    """How the part that was drawn joins the rest, mean differences of 255.

    Attributes:
        near: by how much pixels that were kept differ from before, within one latent of the mask.
        far: the same farther away; None where there is no such pixel.
        across: from pixel to pixel across the boundary of the mask.
        before: the same in the picture as it was.
    """

    near: float
    far: float | None
    across: float
    before: float


def first_signs(height: int, width: int) -> str:
    """Return the mask to begin with, the right half, as signs.

    Args:
        height: of the latents.
        width: of the latents.
    """
    kept = width // 2
    return ("0" * kept + "1" * (width - kept)) * height


def mask_of(signs: str, height: int, width: int) -> Mask:
    """Return the mask that signs mean: "1" is drawn anew, "0" is kept, row by row."""
    return np.array([sign == "1" for sign in signs], np.uint8).reshape(height, width)


def signs_of(told: object, count: int) -> str | None:
    """Return the signs that a browser told; None where they are no mask of so many latents."""
    if not isinstance(told, str) or len(told) != count or not {*told} <= {"0", "1"}:
        return None
    return told


def write_signs(signs: str) -> str:
    """Return signs as an address has them: one bit each, in URL-safe base64."""
    bits = np.packbits([sign == "1" for sign in signs])
    return base64.urlsafe_b64encode(bits.tobytes()).decode("ascii").rstrip("=")


def read_signs(text: str, count: int) -> str | None:
    """Return the signs that a text of an address means; None where it is no such mask.

    Args:
        text: from ``write_signs``, or anything.
        count: of the latents.
    """
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
    signs = "".join(f"{byte:08b}" for byte in packed)
    fits = len(packed) == -(-count // 8) and "1" not in signs[count:]
    return signs[:count] if fits else None


def inpaint_data(
    run: Run, frames: Frames, original: Pixels, signs: str, picture: str
) -> InpaintData:
    """Return what the component shows.

    Args:
        run: the run that drew the part.
        frames: its film.
        original: the picture as it was, decoded from the latents that were kept.
        signs: the mask.
        picture: our own name for the picture.
    """
    height, width = run.path.shape[2:]
    return {
        "id": f"{run_id(run.request)} {picture} {write_signs(signs)}",
        "picture": picture,
        "height": height,
        "width": width,
        "mask": signs,
        "pictures": photo_sheet(np.stack([original, run.picture])).as_json(),
        "given": photo_sheet(frames.given).as_json(),
        "guess": photo_sheet(frames.guess).as_json(),
        "places": say_places(run, frames.places),
    }


def measure_seam(before: Pixels, after: Pixels, mask: Mask) -> Seam | None:
    """Measure what the mask's boundary does to pixels; None where there is no boundary.

    Args:
        before: the picture as it was, (H, W, 3).
        after: with the part drawn anew.
        mask: of the latents.
    """
    if mask.all() or not mask.any():
        return None
    scale = len(before) // len(mask)
    pixels = spread_mask(mask, scale).astype(bool)
    padded = np.pad(mask, 1)
    height, width = mask.shape
    touched = np.max([
        padded[down : down + height, across : across + width]
        for down in range(3) for across in range(3)
    ], axis=0)  # fmt: skip
    near = spread_mask(touched, scale).astype(bool) & ~pixels
    far = ~pixels & ~near
    moved = np.abs(after.astype(float) - before).mean(axis=-1)

    def across_boundary(picture: Pixels) -> float:
        jumps = []
        for axis in (0, 1):
            step = np.abs(np.diff(picture.astype(float), axis=axis)).mean(axis=-1)
            jumps.append(step[np.diff(pixels, axis=axis)])
        return float(np.concatenate(jumps).mean())

    return Seam(
        float(moved[near].mean()),
        float(moved[far].mean()) if far.any() else None,
        across_boundary(after),
        across_boundary(before),
    )


def say_kept(run: Run, original: np.ndarray, mask: Mask) -> str:
    """Say how much was kept, and how exactly.

    Args:
        run: the run that drew the part.
        original: latents of the picture, (C, h, w).
        mask: of the latents.
    """
    if not mask.any():
        return tr("**Nothing is painted, so nothing is drawn.** Drag over the picture.")
    if mask.all():
        return tr("**All is painted**: nothing is put back, and this is a plain run.")
    outside = mask == 0
    apart = float(np.abs(run.path[-1] - original)[:, outside].max())
    return tr(
        "**{share} of the latents are put back** before every call, {calls} in all, with as much "
        "noise as the rest has there. At the end they are the picture’s own: the largest "
        "difference is {apart}. The network is never told which part that is; it makes the "
        "new part fit because it sees both at once.",
        share=percent(float(outside.mean())),
        calls=count(len(run.timesteps), "call"),
        apart=short(apart),
    )


def say_seam(seam: Seam, scale: int) -> str:
    """Say what becomes of pixels at the boundary.

    Args:
        seam: measured.
        scale: pixels a latent, each way.
    """
    return in_a_row(
        tr(
            "**Seams.** The mask has steps of {scale} pixels, for one latent stands for {scale} × "
            "{scale} of them. Kept latents are not kept pixels: the decoder looks at neighbours "
            "too, and its normalisation at the whole picture. Within {scale} pixels of the mask "
            "they moved by {near:.1f} of 255 on average.",
            scale=scale,
            near=seam.near,
        ),
        tr("Farther away, they moved by {far:.1f}.", far=seam.far) if seam.far is not None else "",
        tr(
            "Across the boundary neighbouring pixels are {across:.0f} apart; in the picture as it "
            "was, {before:.0f}.",
            across=seam.across,
            before=seam.before,
        ),
    )


def inpaint_rows(run: Run, original: np.ndarray, mask: Mask) -> list[Row]:
    """Return call by call with how much noise the picture is put back, and what is made of it.

    Args:
        run: the run that drew the part.
        original: latents of the picture, (C, h, w).
        mask: of the latents.
    """
    outside, inside = mask == 0, mask == 1
    wrong = run.x0 - original
    rows: list[Row] = []
    for call, (t, alpha_bar) in enumerate(zip(run.timesteps, run.alpha_bars, strict=True)):
        rows.append(
            {
                tr_later("call"): call + 1,
                tr_later("timestep t"): round(float(t), 3),
                tr_later("weight of the picture"): round(float(alpha_bar) ** 0.5, 5),
                tr_later("weight of the noise"): round((1 - float(alpha_bar)) ** 0.5, 5),
                tr_later("estimate, kept part: from the picture"): _size(wrong[call][:, outside]),
                tr_later("estimate, new part: from the picture"): _size(wrong[call][:, inside]),
            }
        )
    return rows


def ask_what_stays(live: Live) -> Asked:
    """Ask what is as before where nothing was drawn anew, when the right half is.

    Args:
        live: the run.
    """
    run, (channels, height, width) = live.run, live.run.path.shape[1:]
    mask = np.zeros((height, width), np.uint8)
    mask[:, width // 2 :] = 1
    shape, latents = (channels, height, width), run.path[-1]
    found = live.read(
        InpaintWork(run.request.model, live.other, latents.tobytes(), shape, mask.tobytes())
    )
    apart_by = float(np.abs(found.trace.latents.numpy() - latents)[:, mask == 0].max())
    half = found.original.shape[1] * (width // 2) // width
    same = float((found.trace.picture == found.original)[:, :half].all(axis=-1).mean())
    said = tr(
        "Drawn just now: the latents of the left half are at most {apart} away from before, "
        "and {same} of its pixels are exactly as they were, for the decoder looks beyond a latent",
        apart=short(apart_by),
        same=percent(same, 1),
    )
    names = (
        tr("its latents, and so every pixel"),
        tr("its latents, but not every pixel"),
        tr("neither: all is drawn anew"),
    )
    right = names[2] if apart_by > NEARLY else names[0] if same == 1 else names[1]
    return choose(
        tr(
            "The right half is drawn anew with the words “{prompt}”; at every call the left half "
            "is put back. What is as before in the left half?",
            prompt=live.other.prompt,
        ),
        right,
        *((name, f"{said}." if name == right else tr("No. {said}.", said=said)) for name in names),
    )


def _size(numbers: np.ndarray) -> float | None:
    return round(float(rms(numbers[None])[0]), 5) if numbers.size else None
