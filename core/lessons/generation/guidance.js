// One call under guidance, redone for every weight that is scrubbed to; nothing is sent to the server.
//
// data.id, data.channels, data.height, data.width    of the run and its latents
// data.rescales  whether its answer is the noise itself, which can be rescaled here
// data.weight, data.largest  of the run, and the end of the slider
// data.gain      how many times stronger the difference is shown
// data.weights, data.bias    of the linear guess of the colours, (channels, 3) and (3)
// data.marked    [row, column] to begin with
// data.places    [{text, spoken}], one a call; data.alphaBars signal power left there
// data.given, data.uncond, data.cond    {values, unit}: 16-bit numbers of every call in base64
// data.charts    [{name, title, lines: [{label, kind, dashed, values}]}]

const TALL = 110; // of a chart, CSS pixels
const KINDS = {
  // what each pane is called aloud
  uncond: "Noise seen without the prompt",
  cond: "Noise seen with the prompt",
  added: "Difference of the two",
  guided: "Guided noise",
  guess: "Estimate of the picture",
};
const GREY = 0.5;

export default function ({ parentElement, data }) {
  return present(parentElement, ".guidance", Guidance, data);
}

class Guidance {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.range = this.find(".call");
    this.chart = 0;
    this.phi = 0;
    this.resize = new ResizeObserver(() => this.draw());
    this.range.addEventListener("input", () => this.go(Number(this.range.value)));
    this.find(".weight").addEventListener("input", (event) => {
      this.w = Number(event.target.value);
      this.draw();
    });
    this.find(".phi").addEventListener("input", (event) => {
      this.phi = Number(event.target.value);
      this.draw();
    });
    this.find(".reset").addEventListener("click", () => {
      this.w = this.data.weight;
      this.phi = 0;
      this.draw();
    });
    for (const kind of Object.keys(KINDS)) {
      this.find(`.${kind} canvas`).addEventListener("click", (event) => this.mark(event));
    }
    this.find(".along svg").addEventListener("click", (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      this.go(Math.round(Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * this.last));
    });
  }

  open() {
    this.resize.observe(this.root);
  }

  close() {
    this.resize.disconnect();
  }

  go(place) {
    this.place = place;
    this.range.value = place;
    this.draw();
  }

  show(data) {
    const isNew = this.data?.id !== data.id;
    this.data = data;
    this.size = data.channels * data.height * data.width;
    for (const kind of ["given", "uncond", "cond"]) this[kind] = unpack(data[kind]);
    this.last = data.places.length - 1;
    this.range.max = this.last;
    this.find(".weight").max = data.largest;
    this.find(".tame").hidden = !data.rescales;
    if (isNew) {
      this.w = data.weight;
      this.phi = 0;
      this.marked = data.marked;
      this.place = Math.round(this.last * 0.3);
    }
    this.root.style.setProperty("--aspect", `${data.width} / ${data.height}`);
    this.offerCharts();
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
    this.root.querySelectorAll(".choice input").forEach((input, at) => {
      input.checked = at === this.chart;
    });
    this.go(placeOf(said("g_call"), this.last, Math.round(this.last * 0.3)));
  }

  offerCharts() {
    const box = this.find(".choice");
    if (box.childElementCount === this.data.charts.length) return;
    box.replaceChildren(
      ...this.data.charts.map(({ name }, at) => {
        const part = make("label");
        const input = part.appendChild(make("input"));
        Object.assign(input, { type: "radio", name: "guidance-chart", checked: at === this.chart });
        input.addEventListener("change", () => {
          this.chart = at;
          this.draw();
        });
        part.append(make("span", "", name));
        return part;
      }),
    );
  }

  mark(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const { height, width } = this.data;
    const row = Math.floor(((event.clientY - box.top) / box.height) * height);
    const column = Math.floor(((event.clientX - box.left) / box.width) * width);
    this.marked = [clamp(row, 0, height - 1), clamp(column, 0, width - 1)];
    this.draw();
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
    if (!this.given || !this.root.clientWidth) return;
    const said = this.data.places[this.place];
    const now = this.redo(this.w, this.phi);
    this.range.setAttribute("aria-valuetext", said.spoken);
    this.find(".at output").textContent = said.text.split(" · ").slice(0, 2).join(" · ");
    this.find(".weight").value = this.w;
    this.find(".phi").value = this.phi;
    this.find(".weigh output").textContent = short(this.w);
    this.find(".tame output").textContent = this.phi ? short(this.phi) : "off";
    this.find(".reset").disabled = this.w === this.data.weight && this.phi === 0;
    const { weights, bias, gain } = this.data;
    const grey = [GREY, GREY, GREY];
    const added = now.cond.map((value, at) => gain * (value - now.uncond[at]));
    this.pane("uncond", now.uncond, weights, grey, said);
    this.pane("cond", now.cond, weights, grey, said);
    this.pane("added", added, weights, grey, said);
    this.pane("guided", now.eps, weights, grey, said);
    this.pane("guess", now.guess, weights, bias, said);
    this.find(".guess b").textContent = now.guess ? "What it then believes" : "Not told by noise alone";
    this.find(".how").textContent =
      `Noise in quick colours, grey is 0; what they add ${gain === 1 ? "" : `${gain} times as strong`}. ` +
      "The guess in quick colours as well, linear in the latents. Only this call is redone; whole runs are below.";
    this.work(now);
    this.drawAlong();
    this.drawSpread(now);
  }

  pane(kind, latents, weights, bias, said) {
    const { height, width, channels } = this.data;
    const canvas = this.find(`.${kind} canvas`);
    canvas.setAttribute("aria-label", `${KINDS[kind]}, ${said.spoken}, w = ${short(this.w)}`);
    const pen = fit(canvas);
    if (!latents) return;
    const small = new OffscreenCanvas(width, height);
    const picture = new ImageData(width, height);
    const plane = height * width;
    for (let at = 0; at < plane; at++) {
      for (let colour = 0; colour < 3; colour++) {
        let share = bias[colour];
        for (let channel = 0; channel < channels; channel++)
          share += latents[channel * plane + at] * weights[channel][colour];
        picture.data[4 * at + colour] = Math.round(255 * clamp(share, 0, 1));
      }
      picture.data[4 * at + 3] = 255;
    }
    small.getContext("2d").putImageData(picture, 0, 0);
    pen.imageSmoothingEnabled = kind === "guess";
    pen.imageSmoothingQuality = "high";
    pen.drawImage(small, 0, 0, canvas.width, canvas.height);
    if (kind === "guess") {
      const limit =
        picture.data.filter((value, at) => at % 4 !== 3 && (value <= 2 || value >= 253)).length / (3 * plane);
      this.limit = limit;
    }
    const [row, column] = this.marked;
    const [across, down] = [canvas.width / width, canvas.height / height];
    for (const [colour, wide] of [
      ["#000", 4],
      ["#fff", 2],
    ]) {
      pen.strokeStyle = colour;
      pen.lineWidth = (wide * devicePixelRatio) / 2;
      pen.strokeRect(column * across, row * down, across, down);
    }
  }

  // The formula with this position's numbers, in the channel where the words add most.
  work(now) {
    const { height, width, channels } = this.data;
    const [row, column] = this.marked;
    const all = [...Array(channels).keys()].map((channel) => channel * height * width + row * width + column);
    const at = all.reduce((best, one) =>
      Math.abs(now.cond[one] - now.uncond[one]) > Math.abs(now.cond[best] - now.uncond[best]) ? one : best,
    );
    const [uncond, cond] = [now.uncond[at], now.cond[at]];
    const guided = uncond + this.w * (cond - uncond);
    const then = now.factor === 1 ? "" : `, then × ${say(now.factor)} = ${say(now.factor * guided)}`;
    this.find(".filled").textContent =
      `${say(guided)} = ${fine(uncond)} + ${short(this.w)} × (${fine(cond)} − ${uncond < 0 ? `(${fine(uncond)})` : fine(uncond)})${then}`;
    const rescaled =
      now.factor === 1
        ? ""
        : ` Rescaled: the spread of ε̂ goes from ${say(now.spread)} towards ${say(now.wanted)}, that of ε_c.`;
    this.find(".spot").textContent =
      `at the marked position: row ${row + 1}, column ${column + 1}, channel ${all.indexOf(at) + 1}. Click another.${rescaled}`;
    this.root.dataset.filled = [guided, uncond, this.w, cond].join(" ");
  }

  drawAlong() {
    const { title, lines } = this.data.charts[this.chart];
    const count = this.last + 1;
    const along = (call, width) => (this.last ? (call / this.last) * width : width / 2);
    this.find(".along .title").textContent = title;
    legend(
      this.find(".along .values"),
      lines.map((line) => ({ ...line, value: line.values[this.place] })),
    );
    const svg = this.find(".along svg");
    const frame = axes(
      svg,
      lines.flatMap((line) => line.values),
    );
    const parts = lines.map((line) =>
      curve(
        line,
        Array.from({ length: count }, (_, call) => [along(call, frame.width), frame.up(line.values[call])]),
      ),
    );
    const x = along(this.place, frame.width);
    svg.append(
      svgElement("line", { class: "cursor", x1: x, x2: x, y1: 0, y2: TALL }),
      ...parts,
      ...lines.map((line) =>
        svgElement("circle", { class: line.kind, r: 4.5, cx: x, cy: frame.up(line.values[this.place]) }),
      ),
    );
    svg.setAttribute("aria-label", `${title}, over the calls`);
  }

  // How far the guess spreads as the weight grows, plain and with phi.
  drawSpread(now) {
    const svg = this.find(".spread svg");
    if (!now.guess) {
      svg.replaceChildren();
      return;
    }
    const { largest, weight } = this.data;
    const tried = Array.from({ length: 31 }, (_, at) => (at * largest) / 30);
    const plain = tried.map((w) => deviation(this.redo(w, 0).guess));
    const lines = [{ label: "std of x̂₀", kind: "picture", values: plain }];
    if (this.phi)
      lines.push({
        label: `with φ = ${short(this.phi)}`,
        kind: "noise",
        dashed: true,
        values: tried.map((w) => deviation(this.redo(w, this.phi).guess)),
      });
    const value = deviation(now.guess);
    this.root.dataset.spread = value;
    legend(this.find(".spread .values"), [
      { label: "std", kind: this.phi ? "noise" : "picture", value },
      { label: "colours at the limit", kind: "", text: `${Math.round(100 * this.limit)} %` },
    ]);
    const frame = axes(
      svg,
      lines.flatMap((line) => line.values),
    );
    const along = (w) => (w / largest) * frame.width;
    const x = along(this.w);
    svg.append(
      svgElement("line", { class: "run", x1: along(weight), x2: along(weight), y1: 0, y2: TALL }),
      svgElement("line", { class: "cursor", x1: x, x2: x, y1: 0, y2: TALL }),
      ...lines.map((line) =>
        curve(
          line,
          tried.map((w, at) => [along(w), frame.up(line.values[at])]),
        ),
      ),
      svgElement("circle", { class: this.phi ? "noise" : "picture", r: 4.5, cx: x, cy: frame.up(value) }),
    );
    svg.setAttribute(
      "aria-label",
      `Standard deviation of the estimate against the weight, ${say(value)} at w = ${short(this.w)}`,
    );
  }
}

// Empty a chart and give it two or three lines to read values by.
function axes(svg, values) {
  const width = svg.clientWidth;
  const most = Math.max(...values) || 1;
  svg.setAttribute("viewBox", `0 0 ${width} ${TALL}`);
  svg.style.height = `${TALL}px`;
  const up = (value) => TALL - 3 - (value / most) * (TALL - 12);
  const power = 10 ** Math.floor(Math.log10(most / 3));
  const gap = [1, 2, 5, 10].map((part) => part * power).find((part) => part >= (most / 3) * 0.9999);
  const parts = [];
  for (let tick = 0; tick <= most * 1.0001; tick += gap) {
    parts.push(svgElement("line", { class: "grid", x1: 0, x2: width, y1: up(tick), y2: up(tick) }));
    const label = svgElement("text", { x: 2, y: up(tick) - 3 });
    label.textContent = String(Number(tick.toPrecision(3)));
    parts.push(label);
  }
  svg.replaceChildren(...parts);
  return { width, up };
}

function curve(line, points) {
  const way = points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return svgElement("path", { class: line.kind, d: way, "stroke-dasharray": line.dashed ? "5 4" : "none" });
}

function legend(list, lines) {
  list.replaceChildren(
    ...lines.map(({ label, kind, dashed, value, text }) => {
      const part = make("li", kind + (dashed ? " dashed" : ""));
      if (kind) part.append(make("i"));
      part.append(make("span", "", label), make("b", "", text ?? say(value)));
      return part;
    }),
  );
}

function unpack({ values, unit }) {
  return Float64Array.from(new Int16Array(bytes(values).buffer), (whole) => whole * unit);
}

function deviation(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function say(value) {
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 3).replace("-", "−");
}

function short(value) {
  return String(Number(value.toFixed(2)));
}

// So many digits that a calculator comes to the three of the result.
function fine(value) {
  return value.toFixed(5).replace("-", "−");
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
