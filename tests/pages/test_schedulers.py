"""The schedulers page: every look computed for real, without a browser."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ideas.flow import space_flow
from core.models.schedulers.flow import FLOW_CLASSES, library_shares
from core.models.schedulers.table import SCHEDULERS
from core.models.turbo import FOLDER

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/4_schedulers.py"

LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")

Open = Callable[..., AppTest]


def drawn(at: AppTest) -> dict:
    """What the overlay was given."""
    (found,) = [part for part in at.get("bidi_component") if '"curves"' in part.proto.json]
    return json.loads(found.proto.json)[0]


def curve(at: AppTest, name: str) -> dict:
    return next(curve for curve in drawn(at)["curves"] if curve["id"] == name)


def widget(kind: list, label: str) -> object:
    return next(part for part in kind if part.label == label)


def number(said: str) -> float:
    """What is said as "−0.3" or "7 · 10⁻¹⁶"."""
    shown, _, power = said.replace("−", "-").partition(" · 10")
    return float(f"{shown}e{power.translate(LOWERED)}" if power else shown)


@pytest.mark.parametrize("way", [(PAGE,), ("Home.py", PAGE)], ids=["alone", "through home"])
def test_page_opens_on_the_run_among_others(open_page: Open, way: tuple) -> None:
    at = open_page(*way)
    assert not at.exception
    assert at.title[0].value == "Who decides how much noise is left?"
    data = drawn(at)
    assert (data["run"], data["steps"], data["last"]) == ("ddim", 20, 999)
    assert {curve["id"] for curve in data["curves"]} >= set(SCHEDULERS)
    assert curve(at, "ddim")["t"][0] == 951
    assert data["opening"] == ["ddim", "euler-a", "dpmpp-2m use_karras_sigmas"]
    assert data["pictures"] == []  # the curves come first, the pictures are drawn afterwards


def test_controls_move_the_curves(open_page: Open) -> None:
    at = open_page(PAGE, steps="2")
    widget(at.selectbox, "Scheduler").set_value("heun").run()
    widget(at.slider, "Steps").set_value(3).run()
    assert not at.exception
    assert (drawn(at)["run"], curve(at, "heun")["calls"]) == ("heun", 5)
    assert at.query_params["scheduler"] == "heun"


def test_link_with_settings_moves_the_runs_own_curve(open_page: Open) -> None:
    at = open_page(PAGE, steps="4", scheduler="euler", params='[["use_karras_sigmas", true]]')
    assert not at.exception
    assert curve(at, "euler")["sigma"] != curve(at, "lms")["sigma"]


def test_pictures_of_one_seed_come_beside_the_curves(open_page: Open) -> None:
    at = open_page(PAGE, steps="2").run()  # the browser asks again once it has painted
    assert not at.exception
    assert drawn(at)["pictures"] == [0, 1, 2]
    assert drawn(at)["apart"][0] == 0
    assert min(drawn(at)["apart"][1:]) > 0


def test_a_scheduler_keeps_its_colour_whatever_is_chosen(open_page: Open) -> None:
    at = open_page(PAGE, steps="2")
    before = {one["id"]: (one["hue"], one["dash"]) for one in drawn(at)["curves"]}
    widget(at.selectbox, "Scheduler").set_value("heun").run()
    assert {one["id"]: (one["hue"], one["dash"]) for one in drawn(at)["curves"]} == before


ZERO = '[["timestep_spacing", "trailing"], ["rescale_betas_zero_snr", true]]'


@pytest.mark.parametrize("page", [PAGE, "pages/6_generation.py"])
def test_settings_that_cannot_run_are_refused_alike_with_a_way_back(
    open_page: Open, shown_text: Callable[[AppTest], str], page: str
) -> None:
    at = open_page(page, steps="2", params=ZERO)
    assert not at.exception
    assert "no signal is left at t = 999" in shown_text(at)
    widget(at.button, "Back to the checkpoint’s settings").click().run()
    assert "no signal is left" not in shown_text(at)
    assert "params" not in at.query_params


@pytest.mark.parametrize("page", [PAGE, "pages/6_generation.py"])
def test_a_run_that_begins_where_no_noise_is_expected_says_so(
    open_page: Open, shown_text: Callable[[AppTest], str], page: str
) -> None:
    at = open_page(page, steps="1")
    assert "This run begins at t = 1." in shown_text(at)
    assert "*leading* with 1 step begins down there." in shown_text(at)
    assert "under 1\xa0% noise power" in shown_text(at)
    at.button(key="trailing_spacing").click().run()
    assert not at.exception
    assert "This run begins at" not in shown_text(at)
    assert at.query_params["params"] == '[["timestep_spacing", "trailing"]]'


def test_a_look_that_there_is_not_is_told_until_another_is_chosen(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, steps="2", look="Two prompts")
    assert "This page has no look called “Two prompts”." in shown_text(at)
    at.run()
    assert "This page has no look called" in shown_text(at)
    assert "no look called" not in shown_text(look(at, "All of them"))


def all_settings(at: AppTest) -> AppTest:
    """Open the settings by their own names."""
    return next(one for one in at.toggle if one.label.startswith("All ")).set_value(True).run()


def look(at: AppTest, name: str) -> AppTest:
    return at.button_group(key="ask_look").set_value(name).run()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Settings", "def accumulate_alpha_bar("),
        ("All of them", "def sigma_from_alpha_bar("),
        ("One step", "def ddim_step("),
        ("Your own noise levels", "def space_karras("),
        ("The proof", "def solve_exactly("),
        ("Fewer steps", "def consistency_loss("),
    ],
)
def test_every_look_has_its_formulas_with_their_code(
    open_page: Open, shown_text: Callable[[AppTest], str], name: str, code: str
) -> None:
    at = look(open_page(PAGE, steps="3"), name)
    widget(at.toggle, "The formulas and their code").set_value(True).run()
    assert not at.exception
    assert code in shown_text(at)
    assert "Ho et al. 2020" in shown_text(at)


def test_settings_are_made_from_the_schedulers_own(open_page: Open) -> None:
    at = open_page(PAGE, steps="4", scheduler="dpmpp-2m")
    switches = [one.label for one in at.toggle]
    assert switches[1:4] == [
        "More of the calls where little noise is left",
        "Begin where there is most noise, at t = 999",
        "Nothing of the picture is left at t = 999",
    ]
    assert "use_karras_sigmas" not in switches
    at = all_settings(at)
    table = at.dataframe[0].value
    assert list(table["setting"]) == [option.name for option in SCHEDULERS["dpmpp-2m"].options]
    row = table[table["setting"] == "beta_end"].iloc[0]
    assert (row["library's default"], row["this checkpoint"]) == ("0.02", "0.012")
    assert (row["type"], row["in force"]) == ("float", "0.012")
    before = curve(at, "dpmpp-2m")["sigma"]
    widget(at.toggle, "use_karras_sigmas").set_value(True).run()
    assert not at.exception
    assert curve(at, "dpmpp-2m")["sigma"] != before
    assert at.query_params["params"] == '[["use_karras_sigmas", true]]'
    assert at.toggle[1].value  # the plain switch says the same
    widget(at.button, "Back to the checkpoint’s settings").click().run()
    assert curve(at, "dpmpp-2m")["sigma"] == before


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("use_karas_sigmas=true", "Did you mean use_karras_sigmas"),
        ("karras", "This is not a setting and a value."),
        ("beta_start=-1", "beta_start cannot be '-1'"),
        ("beta_start=nan", "It takes a number from 1e-05 to 0.05"),
        ("beta_start=0.05", "lies above beta_end"),
        ("timestep_spacing=foo", "leading or linspace or trailing"),
        ("prediction_type=foo", "prediction_type cannot be set here"),
        ("eta=0.5", "It is a setting of DDIM"),
        ("__class__=1", "Euler has no setting called '__class__'."),
        ("![x](http://x)=1", "Euler has no setting called"),
    ],
)
def test_wrong_setting_is_told_in_a_sentence_and_changes_nothing(
    open_page: Open, shown_text: Callable[[AppTest], str], typed: str, says: str
) -> None:
    at = all_settings(open_page(PAGE, steps="4", scheduler="euler"))
    before = drawn(at)
    widget(at.text_input, "Or type one").set_value(typed).run()
    assert not at.exception
    assert says in shown_text(at)
    assert drawn(at) == before


def test_contradiction_is_told(open_page: Open, shown_text: Callable[[AppTest], str]) -> None:
    at = all_settings(
        open_page(PAGE, steps="4", scheduler="euler", params='[["use_karras_sigmas", true]]')
    )
    widget(at.toggle, "use_beta_sigmas").set_value(True).run()
    assert "exclude each other" in shown_text(at)
    widget(at.text_input, "Or type one").set_value("use_karras_sigmas=false").run()
    assert "exclude each other" not in shown_text(at)
    assert not at.exception


def test_typed_setting_is_taken(open_page: Open) -> None:
    at = all_settings(open_page(PAGE, steps="4", scheduler="euler"))
    widget(at.text_input, "Or type one").set_value("--param timestep_spacing=trailing").run()
    assert not at.exception
    assert curve(at, "euler")["t"][0] == 999


def test_table_is_counted_and_filtered(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    def rows(at: AppTest) -> dict[str, list[str]]:
        text = next(part.value for part in at.markdown if part.value.startswith("| scheduler |"))
        cells = [line.strip("| ").split(" | ") for line in text.splitlines()]
        assert cells[0] == [
            "scheduler", "what it does", "U-Net calls", "counted", "order", "fresh noise",
        ]  # fmt: skip
        return {row[0]: row[1:] for row in cells[2:]}

    at = look(open_page(PAGE, steps="6"), "All of them")
    assert not at.exception
    table = rows(at)
    assert set(table) == {info.title for info in SCHEDULERS.values()}
    assert all(row[2] == row[1] for row in table.values() if row[2].isdigit())
    assert "None" not in {row[2] for row in table.values()}
    assert (table["Heun"][1], table["PNDM"][1]) == ("11", "7")
    assert table["DDIM"][0] == SCHEDULERS["ddim"].blurb
    assert "EDMEulerScheduler" in shown_text(at)
    at.button_group(key="ask_only").set_value(["Fresh noise", "One call a step"]).run()
    assert {row[4] for row in rows(at).values()} == {"yes"}
    assert "Heun" not in rows(at)


@pytest.mark.parametrize("scheduler", ["ddim", "heun", "unipc", "dpmpp-sde", "sa-solver"])
def test_one_step_equals_the_librarys(
    open_page: Open, shown_text: Callable[[AppTest], str], scheduler: str
) -> None:
    at = look(open_page(PAGE, scheduler=scheduler, steps="3"), "One step")
    assert not at.exception
    ours, theirs, apart = (number(metric.value) for metric in at.metric)
    assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-5)
    assert apart < 1e-4
    widget(at.slider, "Step").set_value(3).run()
    widget(at.number_input, "Channel").set_value(2).run()
    assert not at.exception
    assert number(at.metric[2].value) < 1e-4
    assert "Step 3 of 3 goes from t = " in shown_text(at)
    assert (
        f"it begins with call {5 if SCHEDULERS[scheduler].calls[0] == '2' else 3}."
        in shown_text(at)
    )


def test_one_step_says_where_it_leads_and_what_is_told_next(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    spaced = '[["timestep_spacing", "linspace"]]'
    at = look(open_page(PAGE, scheduler="ddim", steps="4", params=spaced), "One step")
    assert not at.exception
    text = shown_text(at)
    assert "goes from t = 666 to t = 416" in text
    assert "counts 250 timesteps down" in text
    assert "told t = 333 all the same" in text


def test_one_step_that_corrects_shows_both_sums(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = look(open_page(PAGE, scheduler="unipc", steps="6"), "One step")
    assert not at.exception
    said = shown_text(at)
    assert said.index("are **corrected** by what") < said.index("Then **the step itself**")
    filled = [one.value for one in at.latex if r"\underset" in one.value]
    assert len(filled) == 2
    assert filled[0].count(r"\tilde x") == 2  # what it gives, and what it began with


def test_own_noise_levels_are_run(open_page: Open, shown_text: Callable[[AppTest], str]) -> None:
    at = look(open_page(PAGE, steps="3", prompt="never drawn"), "Your own noise levels")
    assert not at.exception
    # Calls beside calls: the level that a run ends at is asked about by nobody.
    said = r"\d of 3 calls \(\d+\xa0%\) lies? below σ = 1\*\*; in your run \d of 3 calls"
    assert re.search(said, shown_text(at))
    widget(at.slider, "Karras’ ρ").set_value(3.0).run()
    widget(at.button, "Run these noise levels").click().run()
    assert not at.exception
    assert len(at.get("image")) == 2  # beside the picture of your run


def test_proof_draws_error_over_calls(open_page: Open) -> None:
    at = look(open_page(PAGE, steps="2"), "The proof")
    assert not at.exception
    orders = at.dataframe[0].value.set_index("scheduler")
    assert orders["slope here"]["Euler"] < 1.3 < orders["slope here"]["DPM++ 2M"]
    spec = json.loads(at.get("vega_lite_chart")[0].proto.spec)
    assert spec["layer"][0]["encoding"]["x"]["scale"]["type"] == "log"
    assert spec["layer"][0]["encoding"]["y"]["scale"]["type"] == "log"


def test_model_that_is_not_here_is_told_in_a_sentence(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, model="someone/no-such-model")
    assert not at.exception
    assert "is not on this machine." in shown_text(at)


def test_learned_variance_is_weighed_against_both_fixed_ones(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, steps="2")
    at.button_group(key="ask_look").set_value("Learned variance").run()
    at.select_slider(key="ask_face_steps").set_value(4).run()
    assert not at.exception
    bits = {metric.label.split(",")[0]: float(metric.value) for metric in at.metric}
    assert set(bits) == {"fixed small", "fixed large", "learned"}
    assert [metric.delta for metric in at.metric if metric.delta == "fewest"] == ["fewest"]
    assert bits["fixed small"] == max(bits.values())
    assert "Theory gives a smallest and a largest variance" in shown_text(at)
    at.select_slider(key="ask_face_steps").set_value(6).run()
    assert not at.exception
    drawn_charts = [part.proto.spec for part in at.get("vega_lite_chart")]
    assert any("bits per dimension" in chart for chart in drawn_charts)


def test_fewer_steps_are_drawn_from_one_noise_and_measured(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, look="Fewer steps", prompt="a red apple", steps="3")
    assert not at.exception
    assert not at.error
    drawn_table, judged = (table.value for table in at.dataframe)
    assert drawn_table["calls"].tolist() == [20, *(1, 2, 4, 8) * 2]
    rows = drawn_table["rows of the network"].tolist()
    assert rows == [40, 2, 4, 8, 16, 1, 2, 4, 8]
    near = drawn_table["PSNR to the teacher, dB"].tolist()
    assert float(near[7]) > float(near[5])  # four calls are nearer than one
    assert judged["calls"].tolist() == drawn_table["calls"].tolist()
    report = json.loads((FOLDER / "evaluation.json").read_text())
    named = [row["top1_percent"] for row in report["few"]["turbo"]]
    assert [float(cell) for cell in judged["named rightly, %"].tolist()[5:]] == named
    assert f"a judge names {named[2]:g}\xa0%" in shown_text(at)


def test_one_step_is_walked_as_a_flow_and_the_librarys_double_shift_is_told(
    open_page: Open, shown_text: Callable[[AppTest], str]
) -> None:
    at = open_page(PAGE, look="As a flow", steps="6", shift="3")
    assert not at.exception
    text = shown_text(at)
    apart = re.search(r"differ by \*\*([^*]+)\*\* at most", text)
    assert apart is not None
    assert number(apart[1]) < 1e-12
    theirs, ours = library_shares(6, 3.0)[FLOW_CLASSES[0]][-2], space_flow(6, 3.0)[-2]
    assert f"s = {theirs:.4f}, the formula once gives {ours:.4f}" in text
    widget(at.slider, "Shift").set_value(1.0).run()
    assert "shifts twice" not in shown_text(at)
