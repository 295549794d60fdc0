"""What the page about latents teaches."""

import numpy as np
from PIL import Image

from core.engine.works.latents import DecodeWork, PictureWork
from core.ideas.picture_likeness import psnr
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose
from core.words import tr, tr_later


def _fewer(live: Live) -> Asked:
    run = live.run
    numbers, pixels = run.path[-1].size, run.picture.size
    height, width = run.picture.shape[:2]
    times = round(pixels / numbers)
    squares = (height * width) // (run.path.shape[2] * run.path.shape[3])
    said = tr(
        "{width} × {height} pixels of 3 numbers are {pixels:,}; the latents are "
        "{shape} = {numbers:,}",
        width=width,
        height=height,
        pixels=pixels,
        shape=" × ".join(map(str, run.path[-1].shape)),
        numbers=numbers,
    )
    return choose(
        tr("The U-Net never sees pixels, but latents. How many times fewer numbers are they?"),
        tr("{times} times", times=times),
        (tr("{times} times", times=2), tr("Many more: {said}.", said=said)),
        (
            tr("{times} times", times=times),
            tr("{said}. So many fewer are to be computed with, at every call.", said=said),
        ),
        (
            tr("{times} times", times=squares),
            tr("So many times fewer places; but each has more numbers. {said}.", said=said),
        ),
        (tr("the same number"), tr("No: {said}.", said=said)),
    )


def _shifted(live: Live) -> Asked:
    run = live.run
    moved = np.roll(run.path[-1], 1, axis=2)
    picture = live.read(DecodeWork.of(run.request.model, moved[None])).pictures[0]
    scale = run.picture.shape[1] // run.path.shape[3]
    sides = slice(2 * scale, -2 * scale)  # what comes in from the other side is left out
    likeness = {
        by: psnr(np.roll(run.picture, by, axis=1)[:, sides], picture[:, sides])
        for by in (0, 1, scale)
    }
    best = max(likeness, key=lambda by: likeness[by])
    names = {
        0: tr("it stays where it is"),
        1: tr("it moves by 1 pixel"),
        scale: tr("it moves by {scale} pixels", scale=scale),
    }
    said = tr(
        "Decoded just now, it is most like your picture moved by {best} pixels "
        "({moved:.1f} dB; unmoved {unmoved:.1f} dB)",
        best=best,
        moved=likeness[best],
        unmoved=likeness[0],
    )
    return choose(
        tr(
            "All latents are moved by one place to the right, then decoded. What does the picture "
            "do?"
        ),
        names[best],
        *(
            (name, f"{said}." if by == best else tr("No. {said}.", said=said))
            for by, name in names.items()
        ),
        (
            tr("it falls to pieces"),
            tr("No: latents have a place in the picture. {said}.", said=said),
        ),
    )


def _rough(picture: np.ndarray, scale: int) -> np.ndarray:
    """Shrink a picture by averaging and enlarge it again, as a scaler would."""
    image = Image.fromarray(picture)
    small = image.resize((image.width // scale, image.height // scale), Image.Resampling.BOX)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))


def _only_scales(live: Live) -> str:
    run = live.run
    height, width = run.picture.shape[:2]
    scale = width // run.path.shape[3]
    work = PictureWork(run.request.model, run.picture.tobytes(), width, height, ())
    back = live.read(work).back
    return tr(
        "The picture of your run, averaged down {scale} times and enlarged again, is "
        "{averaged:.1f} dB like itself; through the VAE and back it is {decoded:.1f} dB (more is "
        "better). The {channels} channels are no colours: they hold edges and texture in a code "
        "of their own, which only its decoder can read.",
        scale=scale,
        averaged=psnr(run.picture, _rough(run.picture, scale)),
        decoded=psnr(run.picture, back),
        channels=run.path.shape[1],
    )


LESSON = Lesson(
    headline=tr_later("What does a picture look like inside the model?"),
    leads={
        "how": tr_later(
            "The autoencoder squeezes it into few numbers, and draws it again from them. "
            "**Point anywhere** to see one patch on its way."
        ),
        "first": tr_later(
            "A picture is folded up small before the network sees it, and unfolded again at "
            "the end. This is what it looks like when folded: a few numbers for each place, "
            "which are no colours."
        ),
        "maths": tr_later(
            "An encoder gives a Gaussian $q(z|x)$ for each position; a draw from it, times the "
            "scaling factor, is what diffusion learns on. Shown is its mean."
        ),
    },
    remember=tr_later(
        "Diffusion does not happen in pixels: it happens in a code that is much smaller, "
        "whose numbers keep their place in the picture but are no colours."
    ),
    questions=(Question("fewer", _fewer), Question("shifted", _shifted)),
    cards=(Card(tr_later("The VAE only scales the picture down and up."), _only_scales),),
)
