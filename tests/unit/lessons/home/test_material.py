from typing import Any

import pytest

from core.lessons.home import material


class Offered(Exception):
    """The menu was opened."""


@pytest.mark.parametrize(
    ("room", "teacher", "offered"),
    [(None, False, True), (object(), False, False), (object(), True, True)],
)
def test_in_a_class_the_key_is_offered_to_the_teacher_alone(
    monkeypatch: pytest.MonkeyPatch, room: object, teacher: bool, offered: bool
) -> None:
    def opened(*_: Any, **__: Any) -> None:
        raise Offered

    monkeypatch.setattr(material, "classroom", lambda: room)
    monkeypatch.setattr(material, "is_teacher", lambda: teacher)
    monkeypatch.setattr(material.st, "popover", opened)
    if offered:
        with pytest.raises(Offered):
            material.offer_material()
    else:
        material.offer_material()
