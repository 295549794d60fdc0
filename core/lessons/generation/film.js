// The film of one run, scrubbed entirely in the browser: nothing is sent to the server.

const FRAME_MS = 140;
const WHOLE_MS = 4000;
const THUMB = 34; // least width of a thumbnail in the strip, CSS pixels
const GAP = 3; // between its two rows
const LARGE_THUMB = 42; // and the most: a short film makes a short strip, not a tall one
const TALL = 60; // of the curve
const KINDS = /** @type {const} */ (["given", "guess", "noise", "change"]);
const WAYS = /** @type {const} */ (["sheet", "latents"]);

export default (/** @type {Mounted} */ mounted) => present(mounted, ".film", Film);

/** @extends {Player<FilmData>} */
class Film extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.strip = this.find("canvas.strip");
    this.curve = new LineChart(this.find("svg.curve"));
    /** @type {"sheet" | "latents"} */
    this.mode = WAYS[0];
    this.chart = 0;
    this.find(".modes").addEventListener("change", (event) => {
      this.mode = /** @type {any} */ (event.target).value;
      this.redraw();
    });
    // Steps and play by keys, wherever in the film the focus is.
    const taken = (event) => event.composedPath()[0] === this.range || event.composedPath()[0].type === "radio";
    keys(
      root,
      (by, down, event) => {
        if (!by || !this.data || taken(event)) return false;
        this.pause();
        this.go(clamp(this.place + by, 0, this.last));
      },
      { " ": (event) => (event.composedPath()[0] === this.range ? this.toggle() : false) },
    );
    for (const kind of KINDS) {
      this.find(`.${kind} canvas`).addEventListener("click", () => this.range.focus());
    }
  }

  load(data) {
    return Promise.all(KINDS.map((kind) => Promise.all(WAYS.map((way) => openSheet(data[kind][way])))));
  }

  show(before, opened) {
    const { data } = this;
    const isNew = before?.id !== data.id;
    this.sheets = KINDS.map((_, at) => ({ sheet: opened[at][0], latents: opened[at][1] }));
    for (const kind of KINDS) {
      const { width, height } = data[kind].sheet;
      this.find(`.${kind}`).style.setProperty("--aspect", `${width} / ${height}`);
    }
    const names = data.charts.map(({ name }) => name);
    offer(this.find(".charts"), "film-chart", names, (at) => {
      this.chart = at;
      this.redraw();
    });
    this.root.dataset.run = data.id;
    this.span(data.given.sheet.count - 1, isNew);
    if (isNew && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.play();
  }

  state() {
    return { at: textOf(this.place, this.last), view: textOf(this.mode, WAYS[0]), curve: textOf(this.chart, 0) };
  }

  take(said) {
    if (said("at") !== null) this.pause();
    this.mode = WAYS.find((way) => way === said("view")) ?? WAYS[0];
    check(this.find(".modes"), WAYS.indexOf(this.mode));
    this.chart = placeOf(said("curve"), this.data.charts.length - 1, 0);
    check(this.find(".charts"), this.chart);
    this.place = placeOf(said("at"), this.last, this.last);
    this.range.value = String(this.place);
    this.redraw();
  }

  // The strip and the curve share one axis: a place is in the middle of the green frame.
  lay() {
    this.strip.parentElement.style.maxWidth = `${(this.last + 1) * LARGE_THUMB}px`;
    const width = this.strip.clientWidth;
    const cells = clamp(Math.floor(width / THUMB), 2, Math.max(2, this.last + 1));
    this.root.style.setProperty("--cell", `${width / cells}px`);
    this.layStrip(width, cells, width / cells);
    this.layCurve(width, width / cells);
  }

  layStrip(width, cells, cell) {
    const [given, guess] = this.sheets;
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

  layCurve(width, cell) {
    const { lines, fromZero } = this.data.charts[this.chart];
    const values = lines.flatMap((line) => line.values).filter((value) => value !== null);
    const [low, high] = [fromZero ? 0 : Math.min(...values), Math.max(...values)];
    const ends = high > low ? [low, high] : [low - 1, low + 1];
    this.curve.draw(lines, {
      frame: { left: 0, right: width, top: 6, bottom: TALL - 4 },
      ends,
      marks: high > low ? ticks(ends, 3).filter((mark) => mark || !fromZero) : [low],
      along: (call) => cell / 2 + (call / this.data.count) * (width - cell),
    });
    this.curve.size(width, TALL);
  }

  draw() {
    const { places, given, how } = this.data;
    const said = places[this.place];
    const ended = this.place === this.last && given.end !== null;
    this.name(said);
    this.find(".how").textContent = how[ended ? "end" : this.mode];
    KINDS.forEach((kind, at) => this.drawPane(kind, this.sheets[at], said, ended));
    this.drawValues();
  }

  drawPane(kind, sheets, said, ended) {
    /** @type {PaneData} */
    const part = this.data[kind];
    const { title, symbol, index } = ended ? part.end : part;
    const way = (ended && part.end.show) || this.mode;
    for (const [name, text] of Object.entries({ title, symbol, index })) {
      this.find(`.${kind} .${name}`).textContent = text;
    }
    const canvas = this.find(`.${kind} canvas`);
    canvas.ariaLabel = `${title}, ${said.spoken}`;
    const pen = fit(canvas);
    pen.imageSmoothingEnabled = way === "sheet" && (kind === "given" || kind === "guess");
    paint(pen, sheets[way], this.place, 0, 0, canvas.width, canvas.height);
  }

  drawValues() {
    const { title, lines } = this.data.charts[this.chart];
    const call = this.data.calls[this.place];
    const values = lines.map((line) => line.values[call] ?? null);
    this.curve.move(this.curve.along(call), values);
    legend(
      this.find(".values"),
      lines.map((line, at) => ({ ...line, said: values[at] === null ? "–" : reading(values[at]) })),
    );
    this.find(".values").prepend(make("li", "title soft", title));
  }
}

/**
 * @param {Pen} pen
 * @param {Sheet} sheet
 * @param {number} index
 * @param {[number, number, number, number]} where
 */
function paint(pen, sheet, index, ...where) {
  pen.imageSmoothingQuality = "high";
  pen.drawImage(...frameOf(sheet, index), ...where);
}
