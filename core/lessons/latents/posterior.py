"""The encoder answers with a Gaussian for every number: its mean, its width, two draws from it."""

import numpy as np
import streamlit as st

from core.engine.request import MAX_SEED
from core.engine.works.latents import DecodeWork, PictureWork, ScaleWork
from core.ideas.latent_surgery import measure_scaling_factor
from core.lessons.latents.hero_data import LIKENESS, LIMIT, error_picture, say_likeness
from core.lessons.latents.numbers_data import scale_rows
from core.models.gallery import gallery, open_picture
from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.models.uploads import fit
from core.nets.autoencoder import kl_to_unit_gaussian, reparameterise
from core.ui.address import ask, whole
from core.ui.made import png
from core.ui.picture_source import Source
from core.ui.running_example import running_example
from core.ui.runs import read
from core.ui.tables import as_table
from core.views.numbers import percent
from core.views.pictures import channels_picture, map_picture
from core.words import tr, tr_later

FORMULAS = (reparameterise, kl_to_unit_gaussian, measure_scaling_factor)

SURE = 0.2  # of the means' spread: widths below it say that the encoder is nearly sure


def show(source: Source, facts: LatentFacts, reading: PictureReading) -> None:
    """Show mean, deviation and KL, then how much two samples differ, then the scaling factor.

    Args:
        source: the picture.
        facts: of the running example's model.
        reading: from the engine.
    """
    widest, kl = float(reading.std.max()), reading.kl.sum(axis=0)
    least, most = float(kl.min()), float(kl.max())
    maps = (
        (
            channels_picture(reading.mean, LIMIT),
            tr("**Mean** of each number, −{limit:g} to {limit:g}", limit=LIMIT),
        ),
        (
            channels_picture(reading.std, widest),
            tr("**Width** (std) of each number: white is 0, darkest {widest:.3g}", widest=widest),
        ),
        (
            map_picture(kl - least, max(most - least, 1e-6)),
            tr(
                "**KL** of each position, before scaling: white is {least:.3g} nats, darkest "
                "{most:.3g}",
                least=least,
                most=most,
            ),
        ),
    )
    for column, (picture, words) in zip(st.columns(3, gap="medium"), maps, strict=True):
        heard = words.replace("*", "")
        column.image(png(picture), words, width="stretch", output_format="PNG", alt=heard)
    nats = float(reading.kl.sum())
    width, spread = float(np.median(reading.std)), float(reading.mean.std())
    widths = (
        tr(
            "Half of the widths are below **{width:.2g}**, the means spread by {spread:.2g}: the "
            "encoder is nearly sure.",
            width=width,
            spread=spread,
        )
        if width < SURE * spread
        else tr(
            "Half of the widths are below **{width:.2g}**, the means spread by {spread:.2g}.",
            width=width,
            spread=spread,
        )
    )
    st.markdown(
        tr(
            "{widths} The KL says how far "
            "these Gaussians are from the unit Gaussian, before scaling: **{nats:,.0f} nats**, or "
            "{bytes:,.0f} bytes. A nat is a bit with e in place of 2: 1 nat is 1.44 "
            "bits. As much would have to be told to draw this picture's numbers instead of any.",
            widths=widths,
            nats=nats,
            bytes=nats / np.log(2) / 8,
        )
    )
    _show_samples(source, reading)
    _show_scale(facts)


def _show_samples(source: Source, reading: PictureReading) -> None:
    st.header(tr("Two samples of the same picture"), anchor=False)
    field = whole("sample", 0, 0, MAX_SEED - 1)
    seed = int(ask(st.number_input, tr("Seed of the first"), field, width=160))
    if seed:
        work = PictureWork(
            running_example().model, source.pixels, source.width, source.height, (seed, seed + 1)
        )
        reading = read(work, tr_later("Part"))
    decoded = read(DecodeWork.of(running_example().model, reading.samples), tr_later("Sample"))
    first, second = decoded.pictures
    most = max(float(np.abs(first.astype(float) - second).mean(axis=-1).max()) / 255, 1 / 255)
    shown = (
        (reading.back, tr("The mean, decoded")),
        (first, tr("Sample, seed {seed}", seed=seed)),
        (second, tr("Sample, seed {seed}", seed=seed + 1)),
        (
            error_picture(first, second, most),
            tr("Where the two differ, white is {most}", most=percent(most, 1)),
        ),
    )
    for column, (picture, words) in zip(st.columns(4), shown, strict=True):
        column.image(png(picture), words, width="stretch", output_format="PNG", alt=words)
    apart = float(np.sqrt(np.mean((reading.samples[0] - reading.samples[1]) ** 2)))
    st.markdown(
        tr(
            "Their numbers differ by about {apart:.2g}, their pictures {alike}. **Encoding is "
            "random unless the mean is taken**; the same seed gives the same sample. {likeness}",
            apart=apart,
            alike=say_likeness(first, second),
            likeness=tr(LIKENESS),
        )
    )


def _show_scale(facts: LatentFacts) -> None:
    st.header(tr("Why latents are scaled"), anchor=False)
    request = running_example()
    width, height = request.width or facts.width, request.height or facts.height
    pictures = tuple(
        fit(open_picture(picture.name), width, height).tobytes() for picture in gallery()
    )
    found = read(ScaleWork(request.model, pictures, width, height), tr_later("Picture"))
    st.markdown(
        tr(
            "Diffusion wants numbers of deviation 1. Measured on these {pictures} pictures, "
            "1 / std is **{measured:.3f}**; this model’s config says "
            "**{configured:g}**, measured where it was trained. The 0.18215 seen everywhere "
            "belongs to the autoencoder of Stable Diffusion 1 and 2; others have their own.",
            pictures=found.pictures,
            measured=found.measured,
            configured=found.configured,
        )
    )
    as_table(scale_rows(found), "scaling", tr("Mean and deviation of every channel, after scaling"))
