// The losses of every stage as they were logged; stages, numbers and steps are chosen here.
//
// data.opens       name of the stage that is on show first
// data.stages      [{name, title, kind, learns, each, hours, device, steps, rates, seconds, series}]
//                  series: [{name, label, unit, values}], one value for each entry of steps
//                  turns: [[step, what]], what changed in the training from that step on
// data.milestones  {stage, prompts, seed, steps, sheets, note}: pictures at some steps, or null

const SMOOTH = 0.02; // share of the log that the heavy line averages over, on either side
const RATE = 46; // CSS pixels of the strip that shows the learning rate

export default function ({ parentElement, data }) {
  return present(parentElement, ".training", Training, data);
}

class Training {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.log = true;
    this.sheets = new Map();
    this.resize = new ResizeObserver(() => this.redraw());
    this.find(".log input").addEventListener("change", (event) => {
      this.log = event.target.checked;
      this.redraw();
    });
    this.find(".cursor").addEventListener("input", (event) => this.point(Number(event.target.value)));
    this.find(".chart").addEventListener("pointermove", (event) => this.follow(event));
  }

  open() {
    this.resize.observe(this.root);
  }

  close() {
    this.resize.disconnect();
  }

  show(data) {
    this.data = data;
    this.find(".stages").replaceChildren(
      ...data.stages.map((stage) => {
        const part = make("button", "", stage.title);
        part.type = "button";
        part.dataset.stage = stage.name;
        part.style.setProperty("--hue", `var(--${stage.kind})`);
        part.addEventListener("click", () => this.choose(stage.name));
        return part;
      }),
    );
    this.choose(this.stage?.name ?? data.opens);
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
    this.stage = this.data.stages.find((stage) => stage.name === name) ?? this.data.stages[0];
    const { stage } = this;
    for (const part of this.find(".stages").children) {
      part.setAttribute("aria-pressed", part.dataset.stage === stage.name);
    }
    this.find(".learns").textContent = stage.learns;
    this.find(".series").replaceChildren(
      ...stage.series.map((series) => {
        const part = make("button", "", series.label);
        part.type = "button";
        part.dataset.series = series.name;
        part.addEventListener("click", () => this.pick(series.name));
        return part;
      }),
    );
    facts(this.find(".facts"), [
      ["steps", stage.steps.at(-1).toLocaleString("en")],
      ["each step sees", stage.each],
      ["time", `${stage.hours.toFixed(1)} hours`],
      ["on", stage.device],
    ]);
    this.find(".turns").replaceChildren(
      ...stage.turns.map(([step, what]) => {
        const part = make("li");
        part.append(make("b", "", `From step ${step.toLocaleString("en")} on: `), what);
        return part;
      }),
    );
    const cursor = this.find(".cursor");
    cursor.max = stage.steps.length - 1;
    this.at = stage.steps.length - 1;
    this.meet();
    this.pick(stage.series[0].name);
  }

  pick(name) {
    this.series = this.stage.series.find((series) => series.name === name);
    for (const part of this.find(".series").children) {
      part.setAttribute("aria-pressed", part.dataset.series === name);
    }
    this.root.dataset.shown = `${this.stage.name} ${name}`;
    this.redraw();
  }

  // ---- the chart

  redraw() {
    if (!this.stage || !this.find(".chart").clientWidth) return;
    const canvas = this.find(".chart canvas");
    const { pen, wide, tall } = fitInCss(canvas);
    this.frame = { left: 56, top: 24, right: wide - 14, bottom: tall - 42 - RATE - 24 };
    const { left, top, right, bottom } = this.frame;
    const { steps } = this.stage;
    const { values, unit, label } = this.series;
    const logged = this.log && Math.min(...values) > 0;
    const [bend, unbend] = logged ? [Math.log10, (value) => 10 ** value] : [(value) => value, (value) => value];
    const reach = Math.max(1, Math.round(SMOOTH * values.length));
    this.smooth = smooth(values.map(bend), reach).map(unbend); // as the scale shows it
    const [low, high] = [bend(Math.min(...values)), bend(Math.max(...values))];
    const room = 0.04 * (high - low || 1);
    const ends = [low - room, high + room];
    const last = steps.at(-1);
    this.across = (step) => left + (step / last) * (right - left);
    this.down = (value) => bottom - ((bend(value) - ends[0]) / (ends[1] - ends[0])) * (bottom - top);
    const style = getComputedStyle(this.root);
    const soft = getComputedStyle(this.find(".facts dt")).color;
    const faint = getComputedStyle(this.find(".read")).borderTopColor;
    pen.font = `12px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (const value of logged ? logTicks(ends) : ticks(ends, 5)) {
      pen.fillStyle = faint;
      pen.fillRect(left, Math.round(this.down(value)), right - left, 1);
      pen.fillStyle = soft;
      pen.fillText(say(value), left - 8, this.down(value));
    }
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const value of ticks([0, last], wide < 460 ? 3 : 6)) {
      pen.fillStyle = faint;
      pen.fillRect(Math.round(this.across(value)), top, 1, bottom - top);
      pen.fillStyle = soft;
      pen.fillText(value.toLocaleString("en"), Math.min(right - 14, this.across(value)), bottom + 6);
    }
    pen.fillText("training step", (left + right) / 2, tall - 16);
    pen.textAlign = "left";
    pen.textBaseline = "bottom";
    pen.fillText(`${unit || label}${logged ? ", log scale" : ""}`, left, top - 6);
    this.drawTurns(pen, soft);
    const hue = style.getPropertyValue(`--${this.stage.kind}`);
    this.stroke(pen, this.smooth, hue, 4, 0.5);
    this.stroke(pen, values, style.color, 1, 0.9);
    this.drawRate(pen, style, soft, faint, tall - 22);
    const said = `${this.stage.title}, ${label}, ${unit}: from ${say(values[0])} at step ${steps[0]} to ${say(values.at(-1))} at step ${last}`;
    canvas.setAttribute("aria-label", said);
    this.root.dataset.scale = logged ? "log" : "linear";
    const cursor = this.find(".cursor").style;
    cursor.left = `${left}px`;
    cursor.width = `${right - left}px`;
    cursor.top = `${top}px`;
    cursor.height = `${bottom - top}px`;
    this.point(this.at);
  }

  // Where the training turned, with the number that its sentence has below.
  drawTurns(pen, soft) {
    const { top, bottom } = this.frame;
    pen.strokeStyle = pen.fillStyle = soft;
    pen.lineWidth = 1;
    pen.setLineDash([4, 4]);
    pen.textAlign = "left";
    pen.textBaseline = "top";
    this.stage.turns.forEach(([step], at) => {
      const x = Math.round(this.across(step)) + 0.5;
      pen.beginPath();
      pen.moveTo(x, top);
      pen.lineTo(x, bottom);
      pen.stroke();
      pen.fillText(`${at + 1}`, x + 4, top + 2);
    });
    pen.setLineDash([]);
  }

  // The size of the steps that the optimiser took, below the same axis.
  drawRate(pen, style, soft, faint, floor) {
    const { left, right } = this.frame;
    const { rates, steps } = this.stage;
    const most = Math.max(...rates);
    const green = style.getPropertyValue("--time");
    const up = (rate) => floor - (rate / most) * RATE;
    pen.fillStyle = faint;
    pen.fillRect(left, floor, right - left, 1);
    pen.fillRect(left, floor - RATE, right - left, 1);
    pen.fillStyle = green;
    pen.globalAlpha = 0.3;
    pen.beginPath();
    pen.moveTo(left, floor);
    rates.forEach((rate, at) => pen.lineTo(this.across(steps[at]), up(rate)));
    pen.lineTo(right, floor);
    pen.fill();
    pen.globalAlpha = 1;
    pen.fillStyle = soft;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    pen.fillText("0", left - 8, floor);
    pen.fillText(power(most), left - 8, floor - RATE);
    pen.textAlign = "right";
    pen.textBaseline = "top";
    pen.fillText("learning rate", right - 4, floor - RATE + 3);
  }

  stroke(pen, values, hue, width, alpha) {
    pen.strokeStyle = hue;
    pen.globalAlpha = alpha;
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.beginPath();
    values.forEach((value, at) => pen.lineTo(this.across(this.stage.steps[at]), this.down(value)));
    pen.stroke();
    pen.globalAlpha = 1;
  }

  // ---- reading it at one step

  follow(event) {
    const box = this.find(".chart canvas").getBoundingClientRect();
    const share = (event.clientX - box.left - this.frame.left) / (this.frame.right - this.frame.left);
    if (share < 0 || share > 1) return;
    const { steps } = this.stage;
    const wanted = share * steps.at(-1);
    let nearest = 0;
    steps.forEach((step, at) => {
      if (Math.abs(step - wanted) < Math.abs(steps[nearest] - wanted)) nearest = at;
    });
    this.point(nearest);
  }

  point(at) {
    this.at = at;
    const { steps, rates, seconds } = this.stage;
    const { top, bottom } = this.frame;
    const line = this.find(".line").style;
    line.transform = `translateX(${this.across(steps[at])}px)`;
    line.top = `${top}px`;
    line.height = `${bottom - top + RATE + 44}px`;
    const spent = seconds.slice(0, at + 1).reduce((sum, value) => sum + value, 0);
    const where = `step ${steps[at].toLocaleString("en")}`;
    this.find(".at").textContent = `At ${where}`;
    const window = steps[at] - (steps[at - 1] ?? 0);
    facts(this.find(".now"), [
      [`mean of ${window} steps`, say(this.series.values[at])],
      ["smoothed", say(this.smooth[at])],
      ["learning rate", power(rates[at])],
      ["time so far", spent < 5400 ? `${Math.round(spent / 60)} min` : `${(spent / 3600).toFixed(1)} h`],
    ]);
    const cursor = this.find(".cursor");
    cursor.value = at;
    cursor.setAttribute("aria-valuetext", `${where}: ${say(this.series.values[at])}`);
    this.root.dataset.step = steps[at];
    this.grow();
  }

  // ---- the same prompts and noise at milestones of this stage

  meet() {
    const found = this.data.milestones;
    const grown = this.find(".grown");
    grown.hidden = found?.stage !== this.stage.name;
    if (grown.hidden) return;
    this.canvases = found.prompts.map((prompt) => {
      const part = make("div");
      const canvas = make("canvas");
      canvas.setAttribute("role", "img");
      part.append(canvas, make("p", "", prompt));
      return [part, canvas];
    });
    this.find(".pictures").replaceChildren(...this.canvases.map(([part]) => part));
    this.grownAt = null;
  }

  async grow() {
    const found = this.data.milestones;
    if (this.find(".grown").hidden) return;
    const now = this.stage.steps[this.at];
    const past = found.steps.filter((step) => step <= now);
    const at = Math.max(0, past.length - 1);
    if (this.grownAt === at) return;
    this.grownAt = at;
    const caption = this.find(".grown figcaption");
    caption.replaceChildren(
      "What it drew ",
      make("b", "", `after ${found.steps[at].toLocaleString("en")} steps`),
      `, always from the same noise (seed ${found.seed}). Move along the curve. ${found.note}`,
    );
    if (!this.sheets.has(found.sheets[at])) {
      const image = new Image();
      image.src = found.sheets[at];
      this.sheets.set(
        found.sheets[at],
        image.decode().then(() => image),
      );
    }
    const image = await this.sheets.get(found.sheets[at]);
    if (this.grownAt !== at) return;
    const side = image.height;
    this.canvases.forEach(([, canvas], number) => {
      canvas.width = canvas.height = side;
      canvas.getContext("2d").drawImage(image, number * side, 0, side, side, 0, 0, side, side);
      canvas.setAttribute("aria-label", `${found.prompts[number]}, after ${found.steps[at]} steps`);
    });
    this.root.dataset.milestone = found.steps[at];
  }
}

function facts(list, rows) {
  list.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));
}

// The mean over as many values on either side as there are, at most `reach`.
function smooth(values, reach) {
  return values.map((_, at) => {
    const few = Math.min(reach, at, values.length - 1 - at);
    const some = values.slice(at - few, at + few + 1);
    return some.reduce((sum, value) => sum + value, 0) / some.length;
  });
}

function ticks([low, high], count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const stride = [1, 2, 5, 10].map((part) => part * power).find((size) => size >= rough);
  const found = [];
  for (let at = Math.ceil(low / stride); at * stride <= high + 1e-9; at++)
    found.push(Number((at * stride).toPrecision(12)));
  return found;
}

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
  return text.replace("-", "−");
}
