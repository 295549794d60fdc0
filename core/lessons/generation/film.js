// The film of one run, scrubbed entirely in the browser: nothing is sent to the server.
//
// data.id       names the run; a new one plays once, the same one keeps its place
// data.given, data.guess, data.noise, data.change
//               {title, symbol, index, sheet, latents, end}: x_t, the estimate of x0, the predicted
//               noise and what the scheduler changed, as pictures and as channels; end has the words
//               of the last place, or null where the run was stopped; and show: which of the two
//               is shown there whatever is chosen
// data.places   [{text, spoken}]: what to say at each frame
// data.calls    the U-Net call of each frame, data.count of them in all
// data.charts   [{name, title, fromZero, lines: [{label, kind, dashed, values}]}], one value a call
// data.how      how the frames were made, one line for each way to show them and for the end
// A sheet is one image with all frames, row by row: {url, count, columns, width, height, pad}.

const FRAME_MS = 140;
const WHOLE_MS = 4000;
const THUMB = 34; // least width of a thumbnail in the strip, CSS pixels
const GAP = 3; // between its two rows
const LARGE_THUMB = 42; // and the most: a short film makes a short strip, not a tall one
const TALL = 60; // of the curve
const GRIP = 18; // below it, where the green frame is held
const KINDS = ["given", "guess", "noise", "change"];
const WAYS = ["sheet", "latents"];

export default function ({ parentElement, data }) {
  return present(parentElement, ".film", Film, data);
}

class Film extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.find = (name) => root.querySelector(name);
    this.strip = this.find(".strip");
    this.curve = this.find(".curve");
    this.mode = WAYS[0];
    this.chart = 0;
    this.find(".modes").addEventListener("change", (event) => {
      this.mode = event.target.value;
      this.redraw();
    });
    root.addEventListener("keydown", (event) => this.press(event));
    for (const kind of KINDS) {
      this.find(`.${kind} canvas`).addEventListener("click", () => this.range.focus());
    }
  }

  async show(data) {
    this.coming = data; // until it is decoded, what is shown may be drawn again
    const opened = await Promise.all(KINDS.flatMap((kind) => WAYS.map((way) => openSheet(data[kind][way]))));
    if (this.coming !== data) return; // a newer one arrived while this one was decoded
    this.data = data;
    const isNew = this.root.dataset.run !== data.id;
    this.sheets = Object.fromEntries(
      KINDS.map((kind, at) => [
        kind,
        Object.fromEntries(WAYS.map((way, which) => [way, opened[at * WAYS.length + which]])),
      ]),
    );
    this.last = data.given.sheet.count - 1;
    this.range.max = this.last;
    for (const kind of KINDS) {
      const { width, height } = data[kind].sheet;
      this.find(`.${kind}`).style.setProperty("--aspect", `${width} / ${height}`);
    }
    this.offerCharts();
    this.root.dataset.run = data.id;
    this.drawn = null;
    if (isNew) this.pause();
    this.go(isNew ? this.last : Math.min(this.place, this.last));
    if (isNew && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.play();
  }

  state() {
    return { at: textOf(this.place, this.last), view: textOf(this.mode, WAYS[0]), curve: textOf(this.chart, 0) };
  }

  take(said) {
    if (!this.sheets) return;
    if (said("at") !== null) this.pause();
    this.mode = WAYS.find((way) => way === said("view")) ?? WAYS[0];
    for (const input of this.root.querySelectorAll(".modes input")) input.checked = input.value === this.mode;
    this.chart = placeOf(said("curve"), this.data.charts.length - 1, 0);
    this.root.querySelectorAll(".charts input").forEach((input, at) => {
      input.checked = at === this.chart;
    });
    this.place = placeOf(said("at"), this.last, this.last);
    this.range.value = this.place;
    this.redraw();
  }

  offerCharts() {
    const box = this.find(".charts");
    if (box.childElementCount === this.data.charts.length) return;
    box.replaceChildren(
      ...this.data.charts.map(({ name }, at) => {
        const part = make("label");
        const input = part.appendChild(make("input"));
        Object.assign(input, { type: "radio", name: "film-chart", checked: at === this.chart });
        input.addEventListener("change", () => {
          this.chart = at;
          this.redraw();
        });
        part.append(make("span", "", name));
        return part;
      }),
    );
  }

  // Steps and play by keys, wherever in the film the focus is.
  press(event) {
    const target = event.composedPath()[0];
    if (event.altKey || event.ctrlKey || event.metaKey || !this.sheets) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by && target.type !== "radio" && target !== this.range) {
      this.pause();
      this.go(Math.min(Math.max(this.place + by, 0), this.last));
    } else if (event.key === " " && target === this.range) {
      this.toggle();
    } else return;
    event.preventDefault();
  }

  redraw() {
    this.drawn = null;
    this.draw();
  }

  draw() {
    if (!this.sheets || !this.root.clientWidth) return;
    const said = this.data.places[this.place];
    const [where, ...rest] = said.text.split(" · ");
    const ended = this.place === this.last && this.data.given.end !== null;
    this.find(".where b").textContent = where;
    this.find(".where span").textContent = rest.join(" · ");
    this.range.setAttribute("aria-valuetext", said.spoken);
    this.find(".how").textContent = this.data.how[ended ? "end" : this.mode];
    for (const kind of KINDS) this.drawPane(kind, said, ended);
    this.drawTrack();
    this.drawValues();
  }

  drawPane(kind, said, ended) {
    const part = this.data[kind];
    const { title, symbol, index } = ended ? part.end : part;
    const way = (ended && part.end.show) || this.mode;
    const pane = this.find(`.${kind}`);
    pane.querySelector(".title").textContent = title;
    pane.querySelector(".symbol").textContent = symbol;
    pane.querySelector(".index").textContent = index;
    const canvas = pane.querySelector("canvas");
    canvas.setAttribute("aria-label", `${title}, ${said.spoken}`);
    const pen = fit(canvas);
    const sheet = this.sheets[kind][way];
    pen.imageSmoothingEnabled = way === "sheet" && (kind === "given" || kind === "guess");
    paint(pen, sheet, this.place, 0, 0, canvas.width, canvas.height);
  }

  // The strip and the curve share one axis: a place is in the middle of the green frame.
  drawTrack() {
    const track = this.strip.parentElement;
    track.style.maxWidth = `${(this.last + 1) * LARGE_THUMB}px`;
    const width = this.strip.clientWidth;
    const cells = Math.max(2, Math.min(this.last + 1, Math.floor(width / THUMB)));
    const cell = width / cells;
    this.root.style.setProperty("--cell", `${cell}px`);
    const drawn = `${width} ${devicePixelRatio}`;
    if (this.drawn !== drawn) {
      this.drawn = drawn;
      this.drawStrip(width, cells, cell);
      this.drawCurve(width, cell);
    }
    this.moveDots();
  }

  drawStrip(width, cells, cell) {
    const { given, guess } = this.sheets;
    const tall = (cell * given.sheet.height) / given.sheet.width;
    this.strip.style.height = `${2 * tall + GAP}px`;
    const pen = fit(this.strip, width, 2 * tall + GAP);
    const scale = this.strip.width / width;
    pen.imageSmoothingEnabled = this.mode === "sheet";
    for (let index = 0; index < cells; index++) {
      const place = Math.round((index * this.last) / (cells - 1));
      const [left, wide, high] = [index * cell * scale, cell * scale, tall * scale];
      paint(pen, given[this.mode], place, left, 0, wide, high);
      paint(pen, guess[this.mode], place, left, (tall + GAP) * scale, wide, high);
      if (index) pen.clearRect(left - scale, 0, 2 * scale, this.strip.height); // pictures do not touch
    }
  }

  drawCurve(width, cell) {
    const { lines, fromZero } = this.data.charts[this.chart];
    const values = lines.flatMap((line) => line.values).filter((value) => value !== null);
    const scale = scaleOf(values, fromZero);
    const up = (value) => TALL - 4 - ((value - scale.low) / (scale.high - scale.low)) * (TALL - 10);
    const along = (call) => cell / 2 + (call / this.data.count) * (width - cell);
    this.at = { along, up };
    this.curve.setAttribute("viewBox", `0 0 ${width} ${TALL}`);
    this.curve.style.height = `${TALL}px`;
    const parts = scale.ticks.map((tick) =>
      svgElement("line", { class: "grid", x1: 0, x2: width, y1: up(tick), y2: up(tick) }),
    );
    this.dots = lines.map((line) => {
      parts.push(
        svgElement("path", {
          class: line.kind,
          d: pathOf(line.values, along, up),
          "stroke-dasharray": line.dashed ? "5 4" : "none",
        }),
      );
      return svgElement("circle", { class: line.kind, r: 4.5 });
    });
    for (const tick of scale.ticks) {
      const label = svgElement("text", { x: 2, y: up(tick) - 3 });
      label.textContent = say(tick);
      parts.push(label);
    }
    this.curve.replaceChildren(...parts, ...this.dots);
  }

  moveDots() {
    const call = this.data.calls[this.place];
    this.data.charts[this.chart].lines.forEach(({ values }, at) => {
      const value = values[call] ?? null;
      this.dots[at].style.display = value === null ? "none" : "";
      if (value === null) return;
      this.dots[at].setAttribute("cx", this.at.along(call));
      this.dots[at].setAttribute("cy", this.at.up(value));
    });
  }

  drawValues() {
    const { title, lines } = this.data.charts[this.chart];
    const call = this.data.calls[this.place];
    const parts = lines.map((line) => {
      const part = make("li", line.kind + (line.dashed ? " dashed" : ""));
      const value = line.values[call] ?? null;
      part.append(make("i"), make("span", "", line.label), make("b", "", value === null ? "–" : say(value, 3)));
      return part;
    });
    this.find(".values").replaceChildren(make("li", "title", title), ...parts);
  }
}

function pathOf(values, along, up) {
  let pen = "M";
  return values
    .map((value, call) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const point = `${pen}${along(call).toFixed(1)} ${up(value).toFixed(1)}`;
      pen = "L";
      return point;
    })
    .join("");
}

// One to three round numbers that span the values.
function scaleOf(values, fromZero) {
  const most = Math.max(...values, fromZero ? 0 : -Infinity);
  const least = fromZero ? 0 : Math.min(...values);
  if (!(most > least)) return { low: least - 1, high: least + 1, ticks: [least] };
  const raw = (most - least) / 3;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((part) => part * power).find((part) => part >= raw * 0.9999);
  const ticks = [];
  for (let tick = Math.ceil(least / step) * step; tick <= most + step / 1e6; tick += step) ticks.push(tick);
  return { low: least, high: most, ticks: ticks.filter((tick) => tick !== 0 || !fromZero) };
}

function say(value, digits) {
  const told = digits ? value.toFixed(Math.abs(value) >= 10 ? 1 : digits) : String(Number(value.toPrecision(3)));
  return told.replace("-", "−");
}

function paint(pen, sheet, index, ...where) {
  pen.imageSmoothingQuality = "high";
  pen.drawImage(...frameOf(sheet, index), ...where);
}
