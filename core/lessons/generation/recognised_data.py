"""When a run's picture is recognised: what the small judge takes every estimate for."""

from dataclasses import dataclass
from typing import Any

from core.engine.works.judged import JudgeWork
from core.ideas.arrays import Numbers, Pixels
from core.ideas.recognition import find_lead
from core.models.catalog import BUILT_IN
from core.models.judge_names import asked_for, judge_names
from core.views.lesson import Asked, Live, choose
from core.views.numbers import count, percent
from core.views.tables import Row
from core.words import in_a_row, tr, tr_later, tr_many

NAMED = 3  # of the names that count, said one by one
SHOWN = 6  # estimates beside each other
QUARTERS = (
    tr_later("in the first quarter"),
    tr_later("in the second"),
    tr_later("in the third"),
    tr_later("in the last"),
)


@dataclass(frozen=True, slots=True, eq=False)  # arrays have no plain ==
class Recognised:
    """What the judge says of a run, beside what its prompt asks for.

    Attributes:
        calls: which calls of the run were judged, from 0.
        names: of the objects that the prompt asks for, what the finished picture is most taken for
            first; there may be none.
        asked: their share in the judge's belief at each of those calls, (n,).
        rivals: share of the strongest of all others, (n,).
        rival_names: that one's name at each.
        first_names: what the judge would say at each.
        first_shares: its share, (n,).
        end: what it says of the finished picture: the share asked for, its first name, its share.
        pictures: what it was shown at each, uint8 (n, H, W, 3).
    """

    calls: tuple[int, ...]
    names: tuple[str, ...]
    asked: Numbers
    rivals: Numbers
    rival_names: tuple[str, ...]
    first_names: tuple[str, ...]
    first_shares: Numbers
    end: tuple[float, str, float]
    pictures: Pixels

    @property
    def lead(self) -> int | None:
        """The place, of those judged, from which on what was asked for leads to the end."""
        return find_lead(self.asked, self.rivals) if self.names else None


def recognised(judged: Any, prompt: str) -> Recognised:  # Any: a Judged of the engine
    """Set what the judge says beside what a prompt asks for.

    Args:
        judged: of a run.
        prompt: of it.
    """
    every, shares = judge_names(), judged.shares
    asked = sorted(asked_for(prompt), key=lambda place: -shares[-1, place])
    others = shares.copy()
    others[:, asked] = 0
    rivals, firsts = others.argmax(1), shares.argmax(1)
    wanted = shares[:, asked].sum(1)
    calls = len(judged.calls) - 1  # the last row is the finished picture
    return Recognised(
        tuple(judged.calls[:calls]),
        tuple(every[place] for place in asked),
        wanted[:calls],
        others.max(1)[:calls],
        tuple(every[place] for place in rivals[:calls]),
        tuple(every[place] for place in firsts[:calls]),
        shares.max(1)[:calls],
        (float(wanted[-1]), every[firsts[-1]], float(shares[-1].max())),
        judged.pictures[:calls],
    )


def say_when(found: Recognised) -> str:
    """Say from which call on the judge takes the picture for what was asked for.

    Args:
        found: of a run whose prompt asks for something that the judge has a name for.
    """
    names, lead = say_names(found.names), found.lead
    end, first, share = found.end
    if lead is None:
        return tr(
            "**Not even at the last call does the judge take it for {names}**: {asked} there, "
            "against {rival} for “{other}”. The finished picture it would call “{first}” "
            "({share}).",
            names=names,
            asked=percent(float(found.asked[-1])),
            rival=percent(float(found.rivals[-1])),
            other=found.rival_names[-1],
            first=first,
            share=percent(share),
        )
    said = {"names": names, "then": percent(float(found.asked[lead])), "end": percent(end)}
    if lead == 0:
        return tr(
            "**From the first call on the judge takes it for {names}**: {then} there, {end} of the "
            "finished picture.",
            **said,
        )
    return in_a_row(
        tr(
            "**From call {call} on the judge takes it for {names}**: {then} there, {end} of the "
            "finished picture.",
            call=found.calls[lead] + 1,
            **said,
        ),
        tr(
            "One look before, “{rival}” was ahead, with {share}.",
            rival=found.rival_names[lead - 1],
            share=percent(float(found.rivals[lead - 1])),
        ),
        tr("It had the lead before that already, and lost it.")
        if (found.asked[:lead] > found.rivals[:lead]).any()
        else "",
    )


def say_unknown(found: Recognised) -> str:
    """Say that the judge has no name for what the prompt asks for.

    Args:
        found: of such a run.
    """
    _, first, share = found.end
    return tr(
        "**The judge has no name for what this prompt asks for.** It knows {objects:,} drawn "
        "objects by their English names. The finished picture it would call “{first}” ({share}).",
        objects=len(judge_names()),
        first=first,
        share=percent(share),
    )


def say_names(names: tuple[str, ...]) -> str:
    """Say the names that count as what was asked for, the first ones by themselves."""
    said = ", ".join(tr("“{words}”", words=name) for name in names[:NAMED])
    more = len(names) - NAMED
    if more <= 0:
        return said
    return tr_many(more, "{said} or {count} other", "{said} or {count} others", said=said)


def shown_places(found: Recognised) -> list[int]:
    """Return which of the judged calls are shown as pictures: evenly spread, the lead among them.

    Args:
        found: of a run.
    """
    last = len(found.calls) - 1
    places = {round(at * last / (SHOWN - 1)) for at in range(SHOWN)} if last else {0}
    lead = found.lead
    if lead is not None and lead not in places:
        inner = sorted(places - {0, last}, key=lambda place: abs(place - lead))
        places -= set(inner[:1])
        places.add(lead)
    return sorted(places)


def recognised_rows(found: Recognised) -> list[Row]:
    """Return the shares as a table, one row a call.

    Args:
        found: of a run.
    """
    rows: list[Row] = []
    for place, call in enumerate(found.calls):
        row: Row = {tr_later("call"): call + 1}
        if found.names:
            row[tr_later("share of what was asked for")] = round(float(found.asked[place]), 4)
            row[tr_later("strongest rival")] = found.rival_names[place]
            row[tr_later("its share")] = round(float(found.rivals[place]), 4)
        else:
            row[tr_later("first answer")] = found.first_names[place]
            row[tr_later("its share")] = round(float(found.first_shares[place]), 4)
        rows.append(row)
    return rows


def ask_when_it_is_recognised(live: Live) -> Asked:
    """Ask in which quarter of a run the judge begins to see what was asked for.

    Args:
        live: the run.
    """
    request, calls = live.run.request, len(live.run.timesteps)
    names = [*map(tr, QUARTERS), tr("not even at the last call"), tr("it has no name for that")]
    right, said = names[-1], tr("It knows the drawn objects of the built-in model, and no others")
    if request.model == BUILT_IN:
        found = recognised(live.read(JudgeWork(request.model, request)), request.prompt)
        lead, (end, first, share) = found.lead, found.end
        if lead is not None:
            call = found.calls[lead]
            right = names[min(3, 4 * call // calls)]
            said = tr(
                "Asked just now: from call {call} on {names} had the largest share, {share} there, "
                "and {end} of the finished picture",
                call=call + 1,
                names=say_names(found.names),
                share=percent(float(found.asked[lead])),
                end=percent(end),
            )
        elif found.names:
            right = names[-2]
            said = tr(
                "Asked just now: at the end it would say “{first}”, with {share}",
                first=first,
                share=percent(share),
            )
    return choose(
        tr(
            "A small network that names drawn objects looks at every guess of your run, in "
            "{calls}. In which quarter does it begin to take the guess for what you asked for, and "
            "keep to it?",
            calls=count(calls, "call"),
        ),
        right,
        *((name, f"{said}." if name == right else tr("No. {said}.", said=said)) for name in names),
    )
