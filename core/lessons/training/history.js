// The losses of every stage as they were logged; stages, numbers and steps are chosen here.

const SMOOTH = 0.02; // share of the log that the heavy line averages over, on either side
const RATE = 46; // CSS pixels of the strip that shows the learning rate
const BELOW = RATE + 24; // of the chart, to where the strip ends
const WHEN = "\n"; // stands in a sentence for its part in bold

export default (/** @type {Mounted} */ mounted) => present(mounted, ".training", Training);

/** @extends {ReadChart<HistoryData>} */
class Training extends ReadChart {
  constructor(root) {
    super(root);
    this.log = true;
    const log = this.find(".log input");
    log.addEventListener("change", () => {
      this.log = log.checked;
      this.redraw();
    });
  }

  show() {
    const { stages, opens } = this.data;
    this.buttons = stages.map((stage) => {
      const part = make("button", "", stage.title);
      part.dataset.stage = stage.name;
      part.style.setProperty("--hue", `var(--${stage.kind})`);
      part.addEventListener("click", () => this.choose(stage.name));
      return part;
    });
    this.find(".stages").replaceChildren(...this.buttons);
    this.choose(this.stage?.name ?? opens);
  }

  state() {
    const { stages, opens } = this.data;
    const first = stages.find((stage) => stage.name === opens) ?? stages[0];
    return {
      stage: textOf(this.stage.name, first.name),
      loss: textOf(this.series.name, this.stage.series[0].name),
      at: textOf(this.at, this.stage.steps.length - 1),
      scale: this.log ? null : "linear",
    };
  }

  take(said) {
    this.log = said("scale") !== "linear";
    this.find(".log input").checked = this.log;
    const { stages, opens } = this.data;
    this.choose(stages.some((stage) => stage.name === said("stage")) ? said("stage") : opens);
    this.at = placeOf(said("at"), this.stage.steps.length - 1, this.stage.steps.length - 1);
    const { series } = this.stage;
    this.pick(series.some((one) => one.name === said("loss")) ? said("loss") : series[0].name);
  }

  choose(name) {
    const stage = this.data.stages.find((stage) => stage.name === name) ?? this.data.stages[0];
    this.stage = stage;
    press(this.buttons, (part) => part.dataset.stage === stage.name);
    this.find(".learns").textContent = stage.learns;
    this.kinds = stage.series.map((series) => {
      const part = make("button", "", series.label);
      part.dataset.series = series.name;
      part.addEventListener("click", () => this.pick(series.name));
      return part;
    });
    this.find(".series").replaceChildren(...this.kinds);
    facts(this.find(".facts"), {
      [tr("steps")]: thousands(stage.steps.at(-1)),
      [tr("each step sees")]: stage.each,
      [tr("time")]: tr("{hours} hours", { hours: stage.hours.toFixed(1) }),
      [tr("on")]: stage.device,
    });
    const turns = stage.turns.map(([step, what]) =>
      make("li", "", make("b", "", `${tr("From step {step:,} on:", { step })} `), what),
    );
    this.find(".turns").replaceChildren(...turns);
    this.at = stage.steps.length - 1;
    this.cursor.max = String(this.at);
    this.meet();
    this.pick(stage.series[0].name);
  }

  pick(name) {
    this.series = this.stage.series.find((series) => series.name === name);
    press(this.kinds, (part) => part.dataset.series === name);
    this.root.dataset.shown = `${this.stage.name} ${name}`;
    this.redraw();
  }

  // ---- the chart

  lay() {
    const { pen, wide, tall } = fitInCss(this.canvas);
    const frame = { left: 56, top: 24, right: wide - 14, bottom: tall - 42 - BELOW };
    const { steps, title, kind } = this.stage;
    const { values, unit, label } = this.series;
    const logged = this.log && Math.min(...values) > 0;
    const [bend, unbend] = logged ? [Math.log10, (value) => 10 ** value] : [(value) => value, (value) => value];
    const bent = values.map(bend);
    this.smooth = smooth(bent, Math.max(1, Math.round(SMOOTH * values.length))); // as the scale shows it
    const [low, high] = [Math.min(...bent), Math.max(...bent)];
    const room = 0.04 * (high - low || 1);
    const ends = [low - room, high + room];
    const last = steps.at(-1);
    const ink = { soft: this.ink("soft"), faint: this.ink("faint"), font: this.style.fontFamily };
    const marks = logged
      ? logTicks(ends).map((value) => [bend(value), value])
      : ticks(ends, 5).map((value) => [value, value]);
    const { across, down } = drawAxes(
      pen,
      frame,
      {
        ends: [0, last],
        ticks: ticks([0, last], wide < 460 ? 3 : 6).map((step) => [step, thousands(step)]),
        title: tr("training step"),
        below: 26 + BELOW,
      },
      {
        ends,
        ticks: marks.map(([at, value]) => [at, say(value)]),
        title: logged ? tr("{unit}, log scale", { unit: unit || label }) : unit || label,
      },
      ink,
    );
    this.across = across;
    this.drawTurns(pen, frame, ink.soft);
    const points = (heights) => heights.map((height, at) => [across(steps[at]), down(height)]);
    stroke(pen, points(this.smooth), { colour: this.ink(kind), width: 4, alpha: 0.5 });
    stroke(pen, points(bent), { colour: this.style.color, width: 1, alpha: 0.9 });
    this.smooth = this.smooth.map(unbend);
    this.drawRate(pen, frame, ink, tall - 22);
    this.canvas.ariaLabel = tr("{stage}, {label}, {unit}: from {first} at step {start} to {last} at step {end}", {
      stage: title,
      label,
      unit,
      first: say(values[0]),
      start: steps[0],
      last: say(values.at(-1)),
      end: last,
    });
    this.root.dataset.scale = logged ? "log" : "linear";
    this.place(frame, RATE + 44);
  }

  // Where the training turned, with the number that its sentence has below.
  drawTurns(pen, { top, bottom }, colour) {
    Object.assign(pen, { fillStyle: colour, textAlign: "left", textBaseline: "top" });
    this.stage.turns.forEach(([step], at) => {
      const x = Math.round(this.across(step)) + 0.5;
      const ends = [top, bottom].map((y) => [x, y]);
      stroke(pen, ends, { colour, width: 1, dash: [4, 4] });
      pen.fillText(`${at + 1}`, x + 4, top + 2);
    });
  }

  // The size of the steps that the optimiser took, below the same axis.
  drawRate(pen, { left, right }, { soft, faint }, floor) {
    const { rates, steps } = this.stage;
    const most = Math.max(...rates);
    const up = scale([0, most], [floor, floor - RATE]);
    pen.fillStyle = faint;
    pen.fillRect(left, floor, right - left, 1);
    pen.fillRect(left, floor - RATE, right - left, 1);
    pen.fillStyle = this.ink("time");
    pen.globalAlpha = 0.3;
    pen.beginPath();
    pen.moveTo(left, floor);
    rates.forEach((rate, at) => pen.lineTo(this.across(steps[at]), up(rate)));
    pen.lineTo(right, floor);
    pen.fill();
    pen.globalAlpha = 1;
    Object.assign(pen, { fillStyle: soft, textAlign: "right", textBaseline: "middle" });
    pen.fillText("0", left - 8, floor);
    pen.fillText(power(most), left - 8, floor - RATE);
    pen.textBaseline = "top";
    pen.fillText(tr("learning rate"), right - 4, floor - RATE + 3);
  }

  // ---- reading it at one step

  read(share) {
    const { steps } = this.stage;
    const away = steps.map((step) => Math.abs(step - share * steps.at(-1)));
    this.point(away.indexOf(Math.min(...away)));
  }

  point(at) {
    this.at = at;
    this.update();
  }

  draw() {
    const { at } = this;
    const { steps, rates, seconds } = this.stage;
    const where = tr("step {step:,}", { step: steps[at] });
    const value = say(this.series.values[at]);
    const spent = seconds.slice(0, at + 1).reduce((sum, value) => sum + value, 0);
    this.mark(this.across(steps[at]), at, `${where}: ${value}`);
    this.find(".at").textContent = tr("At step {step:,}", { step: steps[at] });
    facts(this.find(".now"), {
      [tr("mean of {count} steps", { count: steps[at] - (steps[at - 1] ?? 0) })]: value,
      [tr("smoothed")]: say(this.smooth[at]),
      [tr("learning rate")]: power(rates[at]),
      [tr("time so far")]: spent < 5400 ? `${Math.round(spent / 60)} min` : `${(spent / 3600).toFixed(1)} h`,
    });
    this.root.dataset.step = String(steps[at]);
    this.grow();
  }

  // ---- the same prompts and noise at milestones of this stage

  meet() {
    const found = this.data.milestones;
    this.grown = null;
    this.find(".grown").hidden = found?.stage !== this.stage.name;
    if (found?.stage !== this.stage.name) return;
    this.canvases = found.prompts.map(() => drawing());
    const pictures = found.prompts.map((prompt, at) => make("div", "", this.canvases[at], make("p", "", prompt)));
    this.find(".pictures").replaceChildren(...pictures);
  }

  async grow() {
    const found = this.data.milestones;
    if (this.find(".grown").hidden) return;
    const at = Math.max(
      0,
      found.steps.findLastIndex((step) => step <= this.stage.steps[this.at]),
    );
    const sheet = found.sheets[at];
    if (this.grown === sheet) return;
    this.grown = sheet;
    const [before, after] = tr(
      "What it drew {when}, always from the same noise (seed {seed}). Move along the curve. {note}",
      { when: WHEN, seed: found.seed, note: found.note },
    ).split(WHEN);
    const when = trMany(found.steps[at], "after {count:,} step", "after {count:,} steps");
    this.find(".grown figcaption").replaceChildren(before, make("b", "", when), after);
    const image = await openImage(sheet);
    if (this.grown !== sheet) return;
    showSquares(this.canvases, image);
    this.canvases.forEach((canvas, which) => {
      canvas.ariaLabel = `${found.prompts[which]}, ${when}`;
    });
  }
}

function facts(list, rows) {
  list.replaceChildren(
    ...Object.entries(rows).flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]),
  );
}

// The mean over as many values on either side as there are, at most `reach`.
function smooth(values, reach) {
  return values.map((_, at) => {
    const few = Math.min(reach, at, values.length - 1 - at);
    const some = values.slice(at - few, at + few + 1);
    return some.reduce((sum, value) => sum + value, 0) / some.length;
  });
}

/** @param {number[]} ends */
function logTicks([low, high]) {
  const parts = high - low > 1.7 ? [1] : high - low > 0.8 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
  const found = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const part of parts) {
      const value = Number((part * 10 ** power).toPrecision(3));
      if (Math.log10(value) >= low && Math.log10(value) <= high) found.push(value);
    }
  }
  return found;
}

function power(value) {
  const [digits, exponent] = value.toExponential(1).split("e");
  const raised = [...String(Number(exponent))].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("");
  return `${digits} · 10${raised}`;
}

function say(value) {
  const size = Math.abs(value);
  const text = size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : String(Number(value.toPrecision(3)));
  return minus(text);
}
