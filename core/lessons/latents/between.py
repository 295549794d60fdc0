"""From one picture to another: once through the pixels, once through the latents."""

import numpy as np
import streamlit as st

from core.engine.works.latents import DecodeWork, PictureWork
from core.ideas.latent_surgery import mix
from core.lessons.latents.hero_data import LIKENESS, say_likeness
from core.models.gallery import gallery, open_picture
from core.models.latent_facts import LatentFacts
from core.models.latent_reading import PictureReading
from core.models.uploads import fit
from core.ui.address import ask, one_of
from core.ui.made import png
from core.ui.picture_source import Source
from core.ui.running_example import running_example
from core.ui.runs import read
from core.views.pictures import pixels_of, row_picture
from core.words import tr, tr_later

FORMULAS = (mix,)

STOPS = 7


def show(source: Source, facts: LatentFacts, reading: PictureReading) -> None:
    """Show both ways to another picture as rows of pictures.

    Args:
        source: where both begin.
        facts: of the running example's model.
        reading: of that picture.
    """
    titles = {one.name: tr(one.title) for one in gallery() if tr(one.title) != source.title}
    name = ask(
        st.selectbox, tr("To"), one_of("to", titles), format_func=titles.__getitem__, width=300
    )
    size = source.width, source.height
    pixels = fit(open_picture(name), *size).tobytes()
    model = running_example().model
    other = read(PictureWork(model, pixels, *size), tr_later("Part"))
    shares = [float(share) for share in np.linspace(0, 1, STOPS)]
    inside = np.stack([mix(reading.mean, other.mean, share) for share in shares])
    decoded = read(DecodeWork.of(model, inside), tr_later("Picture")).pictures
    first, second = pixels_of(source.pixels, *size), pixels_of(pixels, *size)
    outside = [np.rint(mix(first, second, share)).astype(np.uint8) for share in shares]
    for pictures, words in (
        (decoded, tr("Mixed as latents, then decoded")),
        (outside, tr("Mixed as pixels")),
    ):
        st.image(png(row_picture(pictures)), f"**{words}**", width="stretch", output_format="PNG",
                 alt=tr("{count} pictures: {what}", count=STOPS, what=words))  # fmt: skip
    middle = STOPS // 2
    st.markdown(
        tr(
            "Halfway, the two ways are alike by {alike}. "
            "**Nearby latents are nearby pictures, but the middle of two things is no third "
            "thing**: meaning is left to the network that works on the latents. {likeness}",
            alike=say_likeness(decoded[middle], outside[middle]),
            likeness=tr(LIKENESS),
        )
    )
