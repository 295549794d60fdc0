"""Every symbol and abbreviation of the pages, in words."""

from dataclasses import dataclass

from core.words import tr_later


@dataclass(frozen=True, slots=True)
class Term:
    """One entry.

    Attributes:
        name: as it stands on the pages.
        symbol: in TeX; "" where it has none.
        meaning: one or two sentences.
        pages: addresses of the pages that use it most.
    """

    name: str
    symbol: str
    meaning: str
    pages: tuple[str, ...]


TERMS = (
    Term(
        tr_later("latents"),
        "z",
        tr_later(
            "The small code of a picture that diffusion works on: a few numbers for "
            "each place, where a place stands for a square of pixels."
        ),
        ("home", "latents", "generation", "unet"),
    ),
    Term(
        tr_later("noise"),
        "\\varepsilon",
        tr_later(
            "Random numbers, each drawn from a bell curve of mean 0 and "
            "deviation 1, and none depending on another."
        ),
        ("home", "noising", "generation", "unet"),
    ),
    Term(
        tr_later("time, timestep"),
        "t",
        tr_later(
            "How noisy the network is told to expect its input: a number, in its training a whole "
            "one; 0 is nearly clean, the highest nearly all noise. It counts down in a run."
        ),
        ("home", "timesteps", "noising", "schedulers", "generation"),
    ),
    Term(
        tr_later("step"),
        "",
        tr_later("One move of the scheduler from one noise level to the next. Steps count up."),
        ("home", "schedulers", "generation"),
    ),
    Term(
        tr_later("call"),
        "",
        tr_later("One question to the U-Net. Some schedulers make two calls a step."),
        ("schedulers", "generation"),
    ),
    Term(
        tr_later("seed"),
        "",
        tr_later(
            "A number that the random numbers are made from: the same seed gives the same noise. "
            "It is drawn on the CPU, for a GPU would draw other numbers."
        ),
        ("home", "noising", "generation"),
    ),
    Term(
        tr_later("signal power"),
        "\\bar\\alpha_t",
        tr_later(
            "The share of a noisy picture’s power that is still "
            "picture; the rest, 1 − ᾱ, is noise power."
        ),
        ("noising", "schedulers", "generation"),
    ),
    Term(
        tr_later("weights of the mixture"),
        "\\sqrt{\\bar\\alpha_t}, \\sqrt{1-\\bar\\alpha_t}",
        tr_later(
            "What picture and noise are multiplied with before they are added; their squares add "
            "up "
            "to 1."
        ),
        ("noising",),
    ),
    Term(
        tr_later("noise level"),
        "\\sigma",
        tr_later(
            "Noise for each unit of picture, "
            "√((1 − ᾱ)/ᾱ). At σ = 1 there "
            "is as much of one as of the other."
        ),
        ("schedulers", "noising", "generation"),
    ),
    Term(
        tr_later("signal to noise, SNR"),
        "",
        tr_later(
            "ᾱ/(1 − ᾱ), often in decibels: 10 dB are ten times the power, 0 dB is as much of both."
        ),
        ("noising", "schedulers"),
    ),
    Term(
        tr_later("guess of the picture"),
        "\\hat x_0",
        tr_later(
            "What the noisy latents would be without the noise "
            "that the network names: its guess of the clean ones at that call."
        ),
        ("generation", "home", "unet"),
    ),
    Term(
        tr_later("guidance"),
        "w",
        tr_later(
            "How far to go from the answer without your words towards the answer with them, and "
            "beyond it. 1 ends at it: no guidance."
        ),
        ("generation",),
    ),
    Term(
        tr_later("negative prompt"),
        "",
        tr_later("What the other answer of guidance is asked with; empty at first."),
        ("generation",),
    ),
    Term(
        tr_later("scheduler, sampler"),
        "",
        tr_later(
            "The rule that decides at which noise levels the network is "
            "asked, and how to get from one to the next."
        ),
        ("schedulers", "generation", "home"),
    ),
    Term(
        tr_later("token"),
        "",
        tr_later(
            "A piece of text that has a number in the model’s vocabulary: a word or a part of one."
        ),
        ("tokens", "attention", "home"),
    ),
    Term(
        tr_later("padding"),
        "",
        tr_later("What fills the places behind a text that is shorter than the model reads."),
        ("tokens", "attention"),
    ),
    Term(
        tr_later("embedding, row"),
        "",
        tr_later("The list of numbers that stands for a token, or for a time."),
        ("tokens", "timesteps"),
    ),
    Term(
        tr_later("mask"),
        "",
        tr_later("A table that says which place may look at which."),
        ("tokens",),
    ),
    Term(
        tr_later("cosine"),
        "",
        tr_later(
            "How alike the directions of two lists of numbers are: 1 the same, 0 "
            "unrelated, −1 opposite."
        ),
        ("tokens", "timesteps"),
    ),
    Term(
        tr_later("VAE, autoencoder"),
        "",
        tr_later("Two networks: one makes latents of a picture, the other a picture of latents."),
        ("latents", "home"),
    ),
    Term(
        "PSNR",
        "",
        tr_later(
            "How near two pictures are, in decibels, from the mean of the squared "
            "differences. 30 dB are near, 40 dB hardly told apart."
        ),
        ("latents", "training"),
    ),
    Term(
        "SSIM",
        "",
        tr_later("How alike the structure of two pictures is, 1 at most."),
        ("latents", "training"),
    ),
    Term(
        "KL",
        "",
        tr_later(
            "How far a distribution lies from another, here the encoder’s from a plain bell "
            "curve; in nats, of which 0.69 make a bit."
        ),
        ("latents",),
    ),
    Term(
        tr_later("scaling factor"),
        "",
        tr_later(
            "What latents are multiplied with so that their deviation is about "
            "1; it belongs to one VAE."
        ),
        ("latents",),
    ),
    Term(
        "RMS",
        "",
        tr_later("The size of a list of numbers: the root of the mean of their squares."),
        ("generation", "unet", "training"),
    ),
    Term(
        "U-Net",
        "\\varepsilon_\\theta",
        tr_later(
            "The network that names the noise: it makes its input "
            "smaller to see the whole, then larger again to say where."
        ),
        ("unet", "home"),
    ),
    Term(
        tr_later("skip connection"),
        "",
        tr_later(
            "A way across the U: what was there before it was made smaller is "
            "handed over to the way up."
        ),
        ("unet",),
    ),
    Term(
        tr_later("cross-attention"),
        "",
        tr_later(
            "Where the picture reads the text: every place takes a mixture of the text’s rows."
        ),
        ("attention", "unet"),
    ),
    Term(
        "softmax",
        "",
        tr_later("Turns any numbers into shares that are positive and add up to 1."),
        ("attention",),
    ),
    Term(
        tr_later("head"),
        "",
        tr_later("One of several attentions that work side by side in a layer."),
        ("attention",),
    ),
    Term(
        tr_later("loss"),
        "",
        tr_later(
            "The number that training makes small: here the mean square of what was named wrongly."
        ),
        ("training",),
    ),
    Term(
        "EMA",
        "",
        tr_later("A slow running average of the weights, which is what ships."),
        ("training",),
    ),
    Term(
        "v",
        "v",
        tr_later(
            "Another way to write the answer, √ᾱ ε − √(1 − ᾱ) x₀; it is not the velocity of "
            "a flow, ε − x₀."
        ),
        ("training", "unet"),
    ),
)


def terms_of(page: str) -> tuple[Term, ...]:
    """Return the entries that a page needs.

    Args:
        page: its address below the app's.
    """
    return tuple(term for term in TERMS if page in term.pages)
