// One call under guidance, redone for every weight that is scrubbed to; nothing is sent to the server.

const TALL = 110; // of a chart, CSS pixels
// What each pane is called aloud.
const KINDS = /** @type {const} */ ({
  uncond: () => tr("Noise seen without the prompt"),
  cond: () => tr("Noise seen with the prompt"),
  added: () => tr("Difference of the two"),
  guided: () => tr("Guided noise"),
  guess: () => tr("Estimate of the picture"),
});
const GREY = [0.5, 0.5, 0.5];

export default (/** @type {Mounted} */ mounted) => present(mounted, ".guidance", Guidance);

/** @extends {View<GuidanceData>} */
class Guidance extends View {
  constructor(root) {
    super(root);
    this.range = this.find("input.call");
    this.along = new LineChart(this.find(".along svg"));
    this.spread = new LineChart(this.find(".spread svg"));
    this.chart = 0;
    this.phi = 0;
    this.range.addEventListener("input", () => this.go(Number(this.range.value)));
    this.find("input.weight").addEventListener("input", () =>
      this.weigh(Number(this.find("input.weight").value), this.phi),
    );
    this.find("input.phi").addEventListener("input", () => this.weigh(this.w, Number(this.find("input.phi").value)));
    this.find(".reset").addEventListener("click", () => this.weigh(this.data.weight, 0));
    for (const kind of Object.keys(KINDS)) {
      drag(this.find(`.${kind} canvas`), { move: (across, down) => this.mark(across, down) });
    }
    const chart = /** @type {any} */ (this.along.element);
    drag(chart, { move: (across) => this.go(Math.round(clamp(across, 0, 1) * this.last)) });
  }

  go(place) {
    this.place = place;
    this.range.value = place;
    this.update();
  }

  weigh(w, phi) {
    this.w = w;
    this.phi = phi;
    this.update();
  }

  mark(across, down) {
    this.marked = cellAt(across, down, this.data);
    this.update();
  }

  show(before) {
    const { data } = this;
    this.size = data.channels * data.height * data.width;
    this.given = unpack(data.given);
    this.uncond = unpack(data.uncond);
    this.cond = unpack(data.cond);
    this.last = data.places.length - 1;
    this.range.max = String(this.last);
    this.find("input.weight").max = String(data.largest);
    this.find(".tame").hidden = !data.rescales;
    if (before?.id !== data.id) {
      this.w = data.weight;
      this.phi = 0;
      this.marked = data.marked;
      this.place = Math.round(this.last * 0.3);
    }
    this.root.style.setProperty("--aspect", `${data.width} / ${data.height}`);
    const names = data.charts.map(({ name }) => name);
    offer(this.find(".choice"), "guidance-chart", names, (at) => {
      this.chart = at;
      this.update();
    });
    this.go(Math.min(this.place, this.last));
    this.root.dataset.run = data.id;
  }

  state() {
    return {
      g_call: textOf(this.place, Math.round(this.last * 0.3)),
      g_w: textOf(this.w, this.data.weight),
      g_phi: textOf(this.phi, 0),
      g_place: textOf(this.marked.join(), this.data.marked.join()),
      g_curve: textOf(this.chart, 0),
    };
  }

  take(said) {
    const { data } = this;
    this.w = numberOf(said("g_w"), 0, data.largest, data.weight);
    this.phi = numberOf(said("g_phi"), 0, 1, 0);
    const marked = /^\d{1,4},\d{1,4}$/.test(said("g_place")) ? said("g_place").split(",").map(Number) : data.marked;
    this.marked = [clamp(marked[0], 0, data.height - 1), clamp(marked[1], 0, data.width - 1)];
    this.chart = placeOf(said("g_curve"), data.charts.length - 1, 0);
    check(this.find(".choice"), this.chart);
    this.go(placeOf(said("g_call"), this.last, Math.round(this.last * 0.3)));
  }

  // Both answers at this call, and what w and phi make of them.
  redo(w, phi) {
    const part = (whole) => whole.subarray(this.place * this.size, (this.place + 1) * this.size);
    const [given, uncond, cond] = [part(this.given), part(this.uncond), part(this.cond)];
    const guided = uncond.map((value, at) => value + w * (cond[at] - value)); // Ho & Salimans, eq. 6
    const [spread, wanted] = [deviation(guided), deviation(cond)];
    const factor = spread > 0 ? phi * (wanted / spread) + 1 - phi : 1; // Lin et al. 2023, eq. 14 to 16
    const eps = factor === 1 ? guided : guided.map((value) => factor * value);
    const kept = this.data.alphaBars[this.place];
    const guess = kept > 0 ? given.map((value, at) => (value - Math.sqrt(1 - kept) * eps[at]) / Math.sqrt(kept)) : null;
    return { uncond, cond, eps, guess, factor, spread, wanted };
  }

  draw() {
    const { places, weight, bias, gain } = this.data;
    const said = places[this.place];
    const now = this.redo(this.w, this.phi);
    this.range.ariaValueText = said.spoken;
    this.find(".at output").textContent = said.text.split(" · ").slice(0, 2).join(" · ");
    this.find("input.weight").value = String(this.w);
    this.find("input.phi").value = String(this.phi);
    this.find(".weigh output").textContent = brief(this.w);
    this.find(".tame output").textContent = this.phi ? brief(this.phi) : tr("off");
    this.find("button.reset").disabled = this.w === weight && this.phi === 0;
    this.pane("uncond", now.uncond, GREY, said);
    this.pane("cond", now.cond, GREY, said);
    this.pane(
      "added",
      now.cond.map((value, at) => gain * (value - now.uncond[at])),
      GREY,
      said,
    );
    this.pane("guided", now.eps, GREY, said);
    const guess = this.pane("guess", now.guess, bias, said);
    const cut = guess?.data.filter((value, at) => at % 4 !== 3 && (value <= 2 || value >= 253)).length;
    this.limit = guess ? cut / (3 * guess.width * guess.height) : 0;
    this.find(".guess b").textContent = now.guess ? tr("What it then believes") : tr("Not told by noise alone");
    const added =
      gain === 1
        ? tr("Noise in quick colours, grey is 0; what they add as strong as it is.")
        : tr("Noise in quick colours, grey is 0; what they add {gain} times as strong.", { gain });
    const guessed = tr(
      "The guess in quick colours as well, linear in the latents. Only this call is redone; whole runs are below.",
    );
    this.find(".how").textContent = `${added} ${guessed}`;
    this.work(now);
    this.drawAlong();
    this.drawSpread(now);
  }

  pane(kind, latents, bias, said) {
    const { height, width } = this.data;
    const canvas = this.find(`.${kind} canvas`);
    canvas.ariaLabel = `${KINDS[kind]()}, ${said.spoken}, w = ${brief(this.w)}`;
    const pen = fit(canvas);
    if (!latents) return null;
    const plane = height * width;
    const picture = quickColours(this.data, bias, (channel, at) => latents[channel * plane + at]);
    pen.imageSmoothingEnabled = kind === "guess";
    pen.imageSmoothingQuality = "high";
    pen.drawImage(put(make("canvas"), picture), 0, 0, canvas.width, canvas.height);
    const [row, column] = this.marked;
    const [across, down] = [canvas.width / width, canvas.height / height];
    const half = devicePixelRatio / 2;
    outline(pen, { "#000": 4 * half, "#fff": 2 * half }, column * across, row * down, across, down);
    return picture;
  }

  // The formula with this position's numbers, in the channel where the words add most.
  work(now) {
    const { height, width, channels } = this.data;
    const [row, column] = this.marked;
    const all = [...Array(channels).keys()].map((channel) => channel * height * width + row * width + column);
    const added = (at) => Math.abs(now.cond[at] - now.uncond[at]);
    const at = all.reduce((best, one) => (added(one) > added(best) ? one : best));
    const [uncond, cond] = [now.uncond[at], now.cond[at]];
    const guided = uncond + this.w * (cond - uncond);
    const less = uncond < 0 ? `(${fine(uncond)})` : fine(uncond);
    const [then, rescaled] =
      now.factor === 1
        ? ["", ""]
        : [
            tr(", then × {factor} = {rescaled}", {
              factor: reading(now.factor),
              rescaled: reading(now.factor * guided),
            }),
            tr(" Rescaled: the spread of ε̂ goes from {spread} towards {wanted}, that of ε_c.", {
              spread: reading(now.spread),
              wanted: reading(now.wanted),
            }),
          ];
    this.find(".filled").textContent =
      `${reading(guided)} = ${fine(uncond)} + ${brief(this.w)} × (${fine(cond)} − ${less})${then}`;
    const spot = tr("at the marked position: row {row}, column {column}, channel {channel}. Click another.", {
      row: row + 1,
      column: column + 1,
      channel: all.indexOf(at) + 1,
    });
    this.find(".spot").textContent = spot + rescaled;
    this.root.dataset.filled = [guided, uncond, this.w, cond].join(" ");
  }

  // Lines from 0 up; lets places lie along the chart's width.
  chartOf(chart, lines, along, more) {
    const width = chart.element.clientWidth;
    const ends = [0, Math.max(...lines.flatMap((line) => line.values)) || 1];
    const frame = { left: 0, right: width, top: 9, bottom: TALL - 3 };
    chart.draw(lines, { frame, ends, marks: ticks(ends, 3), along: (place) => along(place) * width }, more?.(width));
    chart.size(width, TALL);
  }

  drawAlong() {
    const { title, lines } = this.data.charts[this.chart];
    const values = lines.map((line) => line.values[this.place]);
    this.find(".along .title").textContent = title;
    legend(
      this.find(".along .values"),
      lines.map((line, at) => ({ ...line, said: reading(values[at]) })),
    );
    this.chartOf(this.along, lines, (call) => (this.last ? call / this.last : 0.5));
    this.along.move(this.along.along(this.place), values);
    this.along.element.ariaLabel = tr("{title}, over the calls", { title });
  }

  // How far the guess spreads as the weight grows, plain and with phi.
  drawSpread(now) {
    const { element } = this.spread;
    if (!now.guess) {
      element.replaceChildren();
      return;
    }
    const { largest, weight } = this.data;
    const tried = Array.from({ length: 31 }, (_, at) => (at * largest) / 30);
    const spreads = (phi) => tried.map((w) => deviation(this.redo(w, phi).guess));
    const lines = [{ kind: "picture", values: spreads(0) }];
    if (this.phi) lines.push({ kind: "noise", dashed: true, values: spreads(this.phi) });
    const value = deviation(now.guess);
    this.root.dataset.spread = String(value);
    legend(this.find(".spread .values"), [
      { label: tr("std"), kind: this.phi ? "noise" : "picture", said: reading(value) },
      { label: tr("colours at the limit"), kind: "", said: `${Math.round(100 * this.limit)} %` },
    ]);
    this.chartOf(
      this.spread,
      lines,
      (at) => at / 30,
      (width) => {
        const x = (weight / largest) * width;
        return [svg("line", { class: "run", x1: x, x2: x, y1: 0, y2: TALL })];
      },
    );
    this.spread.move(this.spread.along((30 * this.w) / largest), this.phi ? [null, value] : [value]);
    element.ariaLabel = tr("Standard deviation of the estimate against the weight, {spread} at w = {w}", {
      spread: reading(value),
      w: brief(this.w),
    });
  }
}

function unpack({ values, unit }) {
  return Float64Array.from(new Int16Array(bytes(values).buffer), (whole) => whole * unit);
}

function deviation(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function brief(value) {
  return String(Number(value.toFixed(2)));
}

// So many digits that a calculator comes to the three of the result.
function fine(value) {
  return minus(value.toFixed(5));
}
