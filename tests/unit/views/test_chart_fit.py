import json
from typing import Any

import pytest

from core.ui.made import Chart
from core.views.chart_fit import fit_chart
from core.views.chart_rows import chart_rows

NAMES = ["the variance of the noise", "the weight of the picture"]


def chart(**legend: Any) -> dict[str, Any]:
    values = [{"of": name, "x": 0} for name in NAMES]
    layer = {"encoding": {"color": {"field": "of", "legend": {"orient": "top", **legend}}}}
    return {"data": {"values": values}, "layer": [layer]}


def columns(spec: dict[str, Any], width: int) -> int:
    says = spec["layer"][0]["encoding"]["color"]["legend"]["columns"]["expr"]
    return eval(says, {"max": max, "floor": int, "width": width})  # our own arithmetic


@pytest.mark.parametrize(("width", "wanted"), [(120, 1), (260, 1), (600, 2)])
def test_a_narrow_chart_sets_its_names_one_below_the_other(width: int, wanted: int) -> None:
    spec = chart()
    fit_chart(spec)
    assert columns(spec, width) == wanted


def test_names_count_as_the_scale_says_them_where_it_does() -> None:
    spec = chart()
    spec["layer"][0]["encoding"]["color"]["scale"] = {"domain": ["a", "b"]}
    fit_chart(spec)
    assert columns(spec, 260) > 2
    assert spec["layer"][0]["encoding"]["color"]["legend"]["labelLimit"] == 0


def test_charts_side_by_side_and_other_legends_stay_as_they_are() -> None:
    for spec in (chart(orient="right"), {"hconcat": [chart()]}):
        before = {name: repr(said) for name, said in spec.items()}
        fit_chart(spec)
        assert {name: repr(spec[name]) for name in before} == before


def test_a_long_title_of_an_axis_is_broken_and_read_whole_in_the_table() -> None:
    title = "share of the attention, % of all of it, by the call of the network"
    x = {"field": "x", "title": title, "type": "quantitative"}
    spec = {"data": {"values": [{"x": 1}]}, "mark": "point", "encoding": {"x": x}}
    fit_chart(spec)
    lines = spec["encoding"]["x"]["title"]
    assert len(lines) == 2
    assert max(map(len, lines)) <= 36
    assert chart_rows(Chart(json.dumps(spec))) == [{title: 1}]


def test_no_word_of_a_title_is_cut_where_lines_are_made_alike() -> None:
    title = "die Wahrscheinlichkeitsdichte des verrauschten Latents bei diesem Rauschpegel"
    x = {"field": "x", "title": title, "type": "quantitative"}
    spec = {"data": {"values": [{"x": 1}]}, "mark": "point", "encoding": {"x": x}}
    fit_chart(spec)
    assert " ".join(spec["encoding"]["x"]["title"]) == title


def test_a_plot_is_never_as_wide_as_a_box_on_a_screen() -> None:
    spec = chart()
    fit_chart(spec)
    boxes = 64 * (400 - spec["padding"]["right"])  # a box and the whole pixels of its axes taken
    assert boxes != int(boxes)


def test_a_title_beside_a_low_chart_is_no_longer_than_its_axis() -> None:
    def lines(tall: int) -> list[str]:
        y = {"field": "y", "title": "output moved, % of its length", "type": "quantitative"}
        spec = {"data": {"values": [{"y": 1}]}, "height": tall, "encoding": {"y": y}}
        fit_chart(spec)
        return [y["title"]] if isinstance(y["title"], str) else y["title"]

    assert lines(360) == ["output moved, % of its length"]
    assert len(lines(240)) == 2
    assert max(map(len, lines(100))) <= 12


def test_a_chart_keeps_what_it_says_itself_and_for_a_projector_its_letters_grow() -> None:
    specs = [chart(), chart()]
    for spec, large in zip(specs, (False, True), strict=True):
        spec |= {"height": 200, "config": {"axis": {"labelPadding": 1}}}
        fit_chart(spec, large)
        assert spec["config"]["axis"]["labelPadding"] == 1
    plain, projected = specs
    assert "labelFontSize" not in plain["config"]["axis"]
    assert projected["config"]["axis"]["labelFontSize"] > 12
    assert projected["height"] > plain["height"] == 200
    assert columns(projected, 600) <= columns(plain, 600)


def test_a_legend_without_a_title_has_no_row_for_one() -> None:
    spec = {"encoding": {"color": {"field": "of", "title": None, "legend": {"orient": "top"}}}}
    fit_chart(spec)
    assert spec["encoding"]["color"]["title"] == ""


def test_a_line_has_a_line_for_its_name_also_where_it_has_dots() -> None:
    def sign(mark: dict[str, Any]) -> str | None:
        spec = {"mark": mark, "encoding": {"color": {"legend": {"orient": "top"}}}}
        fit_chart(spec)
        return spec["encoding"]["color"]["legend"].get("symbolType")

    assert sign({"type": "line", "point": True}) == "stroke"
    assert sign({"type": "circle"}) is None


def test_no_word_of_a_broken_title_stands_alone_that_need_not() -> None:
    y = {"field": "y", "title": "share of the judge’s belief", "type": "quantitative"}
    fit_chart({"height": 260, "encoding": {"y": y}})
    assert y["title"] == ["share of the", "judge’s belief"]
