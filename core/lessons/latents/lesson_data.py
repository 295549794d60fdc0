"""What the page about latents teaches."""

import numpy as np
from PIL import Image

from core.engine.works.latents import DecodeWork, PictureWork
from core.ideas.picture_likeness import psnr
from core.views.lesson import Asked, Card, Lesson, Live, Question, choose


def _fewer(live: Live) -> Asked:
    run = live.run
    numbers, pixels = run.path[-1].size, run.picture.size
    height, width = run.picture.shape[:2]
    times = round(pixels / numbers)
    squares = (height * width) // (run.path.shape[2] * run.path.shape[3])
    said = (
        f"{width} × {height} pixels of 3 numbers are {pixels:,}; the latents are "
        f"{' × '.join(map(str, run.path[-1].shape))} = {numbers:,}"
    )
    return choose(
        "The U-Net never sees pixels, but latents. How many times fewer numbers are they?",
        f"{times} times",
        ("2 times", f"Many more: {said}."),
        (f"{times} times", f"{said}. So everything is that much cheaper."),
        (f"{squares} times", f"So many times fewer places; but each has more numbers. {said}."),
        ("the same number", f"No: {said}."),
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
    names = {0: "it stays where it is", 1: "it moves by 1 pixel", scale: f"it moves by {scale}"}
    said = (
        f"Decoded just now, it is most like your picture moved by {best} pixels "
        f"({likeness[best]:.1f} dB; unmoved {likeness[0]:.1f} dB)"
    )
    return choose(
        "All latents are moved by one place to the right, then decoded. What does the picture do?",
        names[best],
        *((name, f"{said}." if by == best else f"No. {said}.") for by, name in names.items()),
        ("it falls to pieces", f"No: latents have a place in the picture. {said}."),
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
    return (
        f"Your picture, averaged down {scale} times and enlarged again, is "
        f"{psnr(run.picture, _rough(run.picture, scale)):.1f} dB like itself; through the VAE and "
        f"back it is {psnr(run.picture, back):.1f} dB (more is better). The {run.path.shape[1]} "
        "channels are no colours: they hold edges and texture in a code of their own, which only "
        "its decoder can read."
    )


LESSON = Lesson(
    headline="What does a picture look like in there?",
    leads={
        "how": "The autoencoder squeezes it into few numbers, and draws it again from them. "
        "**Point anywhere** to see one patch on its way.",
        "first": "A picture is folded up small before the network sees it, and unfolded again at "
        "the end. This is what it looks like when folded.",
        "maths": "An encoder gives a Gaussian $q(z|x)$ for each position; its mean, times the "
        "scaling factor, is what diffusion works on.",
    },
    remember="Diffusion does not happen in pixels: it happens in a code that is much smaller, "
    "whose numbers keep their place in the picture but are no colours.",
    questions=(Question("fewer", _fewer), Question("shifted", _shifted)),
    cards=(Card("The VAE only scales the picture down and up.", _only_scales),),
)
