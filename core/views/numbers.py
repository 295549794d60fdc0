"""How numbers are written, and how a place in a run is named; the same on every page.

A *step* is one of the scheduler's; a *call* is one question to the U-Net, and some schedulers make
two a step. Both are numbered from 1. Between them lie places: "after 6 of 20 steps" is what step 6
left and what step 7 begins with. Noise in percent is always its share of the power of ``x_t``,
1 - alpha_bar; its weight, sqrt(1 - alpha_bar), is never given in percent.
"""

from core.words import of_many, tr, tr_many, unparted

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def percent(share: float, digits: int = 0) -> str:
    """Write a share, such as "41 %".

    Args:
        share: 1 is all.
        digits: after the point.
    """
    return unparted(minus(f"{100 * share:.{digits}f} %"))


def minus(number: str) -> str:
    """Write a number with a minus sign where Python has a hyphen.

    Args:
        number: as Python writes it.
    """
    return number.replace("-", "−")


def short(number: float, digits: int = 2) -> str:
    """Write a number by its first digits, such as "0.039", "0" or "7 · 10⁻¹⁶".

    Args:
        number: of any size.
        digits: at most, zeros at the end left out.
    """
    shown, _, power = f"{number:.{digits}g}".partition("e")
    return minus(f"{shown} · 10{f'{int(power)}'.translate(_RAISED)}" if power else shown)


def count(number: int, thing: str) -> str:
    """Say how many there are of something, such as "1 step" or "20 steps".

    Args:
        number: of them.
        thing: its name for one; an s makes it many.
    """
    return tr_many(number, *of_many(thing))


def gigabytes(size: float) -> str:
    """Write an amount of memory, such as "3.4 GB" or "40 MB".

    Args:
        size: bytes.
    """
    return unparted(f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB")


def say_noise(alpha_bar: float) -> str:
    """Say how much noise is in ``x_t``, as a share of its power.

    Args:
        alpha_bar: signal power left.
    """
    share = 1 - alpha_bar
    near = tr("under 1 %") if 0 < share < 0.01 else tr("over 99 %") if 0.99 < share < 1 else None
    return tr("{share} noise power", share=near or percent(share))


def say_after(calls: int, of_calls: int, steps: int, of_steps: int) -> str:
    """Say where in a run a place is, by what lies behind it.

    Args:
        calls: made before it.
        of_calls: all of the run's.
        steps: finished before it.
        of_steps: all of the run's.
    """
    if calls == 0:
        return tr("Start")
    if of_calls == of_steps:
        return tr_many(
            of_steps, "After {done} of {count} step", "After {done} of {count} steps", done=steps
        )
    called = tr_many(
        of_calls, "After {done} of {count} call", "After {done} of {count} calls", done=calls
    )
    stepped = tr_many(of_steps, "{done} of {count} step", "{done} of {count} steps", done=steps)
    return f"{called}, {stepped}"
