// The embedding of every timestep as a heat map, and one row of it; all of it moves in the browser.

const FRAME_MS = 160;
const WHOLE_MS = 6000;
const MARK = 14; // CSS pixels, length of a mark at either edge of the map

export default (/** @type {Mounted} */ mounted) => present(mounted, ".timesteps", Timesteps);

/** @extends {Player<EmbeddingData>} */
class Timesteps extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.announce = () => document.dispatchEvent(new CustomEvent("timestep", { detail: this.t }));
  }

  show(before) {
    const { data } = this;
    this.range.max = String(data.last);
    this.find(".run").textContent = data.run;
    this.button.disabled = !data.visits.length;
    this.button.style.visibility = data.visits.length ? "" : "hidden";
    const halves = data.cosFirst ? [tr("cosines"), tr("sines")] : [tr("sines"), tr("cosines")];
    [...this.find(".halves").children].forEach((part, at) => (part.textContent = halves[at]));
    [...this.find(".speeds").children].forEach((part) => (part.textContent = tr("fast → slow")));
    this.low = Math.min(0, ...data.alike);
    this.find(".ends").firstChild.textContent = this.low === 0 ? "0" : minus(this.low.toFixed(2));
    this.find(".ends").lastChild.textContent = "1";
    if (JSON.stringify(data) !== JSON.stringify(before)) {
      this.drawTicks();
      this.clocks = data.pairs.map(clock);
      this.find(".clocks").replaceChildren(...this.clocks.map(({ box }) => box));
    }
    this.t = Math.min(this.t ?? data.start, data.last);
    this.redraw();
  }

  state() {
    return { t: textOf(Number(this.t.toFixed(1)), this.data.start) };
  }

  take(said) {
    this.go(numberOf(said("t"), 0, this.data.last, this.data.start));
  }

  // One row of the embedding: what the network is given at t, (dim,).
  row(t) {
    const { frequencies, cosFirst } = this.data;
    const cosines = frequencies.map((speed) => Math.cos(speed * t));
    const sines = frequencies.map((speed) => Math.sin(speed * t));
    return cosFirst ? [...cosines, ...sines] : [...sines, ...cosines];
  }

  go(t) {
    this.t = t;
    if (this.waiting) return; // several moves in one frame are drawn once
    this.waiting = requestAnimationFrame(() => {
      this.waiting = null;
      this.update();
    });
  }

  play() {
    const { visits } = this.data;
    let place = this.t > visits.at(-1) ? visits.findIndex((t) => t < this.t) : 0;
    this.go(visits[place]);
    this.walk(visits.length, () => {
      place += 1;
      if (place >= visits.length) this.pause();
      else this.go(visits[place]);
    });
  }

  open() {
    super.open();
    document.addEventListener("timestep-wanted", this.announce);
  }

  close() {
    super.close();
    document.removeEventListener("timestep-wanted", this.announce);
  }

  // ---- what changes with t

  draw() {
    const { last } = this.data;
    const { t } = this;
    const said = Number.isInteger(t) ? String(t) : t.toFixed(1);
    this.root.dataset.t = said;
    this.range.value = String(t);
    this.range.ariaValueText = tr("t = {t} of {last}", { t: said, last });
    this.find(".where b").textContent = `t = ${said}`;
    this.find(".where span").textContent = tr("of {last}", { last });
    this.find(".line").style.transform = `translateY(${((last - t + 0.5) / (last + 1)) * this.field}px)`;
    this.drawBars(this.row(t));
    this.drawAlike();
    this.moveClocks();
    this.announce();
  }

  drawBars(values) {
    const { pen, tall } = this.bars;
    const width = this.wide;
    const cell = width / values.length;
    const middle = tall / 2;
    pen.clearRect(0, 0, width, tall);
    pen.fillStyle = this.colours.faint;
    pen.fillRect(0, middle - 0.5, width, 1);
    pen.fillStyle = this.colours.time;
    pen.beginPath();
    const gap = cell > 4 ? 1 : 0;
    values.forEach((value, at) => pen.rect(at * cell, middle, cell - gap, -value * (middle - 1)));
    pen.fill();
    pen.fillStyle = this.colours.soft;
    pen.fillRect(width / 2 - 0.5, 0, 1, tall);
    pen.canvas.ariaLabel = tr("The {numbers} numbers of t = {t}", { numbers: values.length, t: this.root.dataset.t });
  }

  drawAlike() {
    const { alike, last } = this.data;
    const { pen, wide, tall } = this.likeness;
    const across = scale([this.low, 1], [2, wide - 2]);
    pen.clearRect(0, 0, wide, tall);
    if (this.low < 0) {
      pen.fillStyle = this.colours.faint;
      pen.fillRect(across(0) - 0.5, 0, 1, tall);
    }
    const here = Math.round(this.t);
    const down = (other) => ((last - other + 0.5) / (last + 1)) * tall;
    const points = alike.map((_, other) => [across(alike[Math.abs(here - other)]), down(other)]);
    stroke(pen, points, { colour: this.colours.time });
  }

  moveClocks() {
    const { frequencies, last } = this.data;
    for (const { index, hand, now, cos, sin } of this.clocks) {
      const angle = frequencies[index] * this.t;
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      hand.setAttribute("x2", String(17 * x));
      hand.setAttribute("y2", String(-17 * y));
      const left = (this.t / last) * this.wave.wide;
      const top = (value) => (0.5 - 0.42 * value) * this.wave.tall;
      now.style.transform = `translateX(${left}px)`;
      cos.style.transform = `translate(${left}px, ${top(x)}px)`;
      sin.style.transform = `translate(${left}px, ${top(y)}px)`;
    }
  }

  // ---- what changes with the settings or the window

  lay() {
    this.colours = {
      time: this.ink("time"),
      noise: this.ink("noise"),
      soft: this.ink("soft"),
      faint: this.ink("faint"),
    };
    const wave = this.clocks[0]?.wave;
    this.wide = this.find(".map").clientWidth;
    this.field = this.find(".field").clientHeight;
    this.wave = { wide: wave?.clientWidth ?? 0, tall: wave?.clientHeight ?? 0 };
    for (const canvas of this.root.querySelectorAll("canvas")) {
      canvas.getContext("2d", { willReadFrequently: true }); // small: quicker without a GPU
    }
    this.bars = fitInCss(this.find(".bars canvas"));
    this.likeness = fitInCss(this.find(".alike canvas"));
    this.drawMap();
    this.drawMarks();
    this.drawWaves();
  }

  drawMap() {
    const { frequencies, cosFirst, last } = this.data;
    const colours = new Colours(this.data.colours);
    const rows = last + 1;
    const half = frequencies.length;
    const wide = 2 * half;
    const picture = pixels(wide, rows, (at) => {
      const [row, column] = [Math.floor(at / wide), at % wide];
      const angle = frequencies[column % half] * (last - row);
      return colours.at((1 + (column < half === cosFirst ? Math.cos(angle) : Math.sin(angle))) / 2);
    });
    this.find(".key i").style.background = colours.bar();
    const pen = fit(this.find(".map canvas"));
    const { width, height } = pen.canvas;
    // First the height, smoothly, so that fast columns do not alias; then the width, in hard cells.
    const squeezed = Object.assign(make("canvas"), { width: wide, height });
    const squeeze = squeezed.getContext("2d");
    squeeze.imageSmoothingQuality = "high";
    squeeze.drawImage(put(make("canvas"), picture), 0, 0, wide, height);
    pen.imageSmoothingEnabled = wide > width;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(squeezed, 0, 0, width, height);
    pen.fillStyle = this.style.color;
    pen.fillRect(width / 2 - 1, 0, 2, height);
    pen.canvas.ariaLabel = tr("Heat map: {rows} timesteps down, {columns} numbers across", { rows, columns: wide });
    this.find(".alike canvas").ariaLabel = tr("How alike t is to every other timestep");
  }

  drawMarks() {
    const { visits, last } = this.data;
    const marks = this.find(".map svg");
    marks.setAttribute("viewBox", `0 0 ${this.wide} ${last + 1}`);
    const ways = visits.map((t) => {
      const y = (last - t + 0.5).toFixed(2);
      return `M0 ${y}h${MARK}M${this.wide - MARK} ${y}h${MARK}`;
    });
    marks.firstElementChild.setAttribute("d", ways.join(""));
    marks.dataset.count = String(visits.length);
  }

  drawTicks() {
    const { last } = this.data;
    const middle = [0.25, 0.5, 0.75].map((part) => Math.round((part * (last + 1)) / 50) * 50);
    const parts = [0, ...middle.filter((t) => t > 0 && t < last), last].map((t) => {
      const part = make("span", t === last ? "last" : t === 0 ? "zero" : "", t);
      part.style.bottom = t === last ? "" : t === 0 ? "0" : `${(100 * (t + 0.5)) / (last + 1)}%`;
      if (t === last) part.style.top = "0";
      if (t === last) part.append(make("small", "", tr("noise")));
      if (t === 0) part.prepend(make("small", "", tr("picture")));
      return part;
    });
    this.find(".ticks").replaceChildren(...parts);
  }

  drawWaves() {
    const { frequencies, last } = this.data;
    for (const { index, canvas } of this.clocks) {
      const { pen, wide, tall } = fitInCss(canvas);
      const turn = ((2 * Math.PI) / Math.abs(frequencies[index]) / last) * wide; // CSS pixels
      const how = turn < 8 ? { alpha: 0.6, width: 1 } : {};
      const places = Array.from({ length: 4 * wide + 1 }, (_, at) => at / 4);
      const points = (wave) =>
        places.map((x) => [x, (0.5 - 0.42 * wave((frequencies[index] * x * last) / wide)) * tall]);
      stroke(pen, points(Math.sin), { colour: this.colours.noise, ...how });
      stroke(pen, points(Math.cos), { colour: this.colours.time, ...how });
    }
  }
}

// A pair as a clock: its dial, its words, and both its waves with a dot on each.
function clock({ index, period }) {
  const hand = svg("line", {});
  const dial = svg("svg", { viewBox: "-24 -24 48 48", "aria-hidden": "true" }, svg("circle", { r: 22 }), hand);
  const canvas = drawing(tr("Cosine and sine of pair {pair} over all timesteps: {period}", { pair: index, period }));
  canvas.className = "filling";
  const [now, sin, cos] = [make("i", "now"), make("i", "dot noise"), make("i", "dot time")];
  const wave = make("div", "wave", canvas, now, sin, cos);
  const box = make(
    "div",
    "clock",
    dial,
    make("p", "", make("b", "", tr("Pair {pair}", { pair: index })), period),
    wave,
  );
  return { index, hand, now, cos, sin, wave, canvas, box };
}
