// The embedding of every timestep as a heat map, and one row of it; all of it moves in the browser.
//
// data.frequencies  radians a timestep of every pair, fastest first; Python computed them
// data.cosFirst     whether the cosines stand before the sines
// data.last         the noisiest timestep, so that there are last + 1 of them
// data.alike        similarity of two timesteps by how far they are apart, last + 1 numbers
// data.pairs        which pairs are drawn as clocks: [{index, period}], period in words
// data.colours      257 times red, green, blue in base64, for -1 to 1
// data.visits       timesteps of the run in its order; empty while they are not known
// data.run          the run in words
// data.start        the timestep to begin with

const FRAME_MS = 160;
const WHOLE_MS = 6000;
const MARK = 14; // CSS pixels, length of a mark at either edge of the map
const SVG = "http://www.w3.org/2000/svg";

export default function ({ parentElement, data }) {
  return present(parentElement, ".timesteps", Timesteps, data);
}

class Timesteps extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.find = (name) => root.querySelector(name);
    this.tell = () => document.dispatchEvent(new CustomEvent("timestep", { detail: this.t }));
  }

  show(data) {
    const fresh = JSON.stringify(data) !== this.shown;
    this.shown = JSON.stringify(data);
    this.data = data;
    this.range.max = data.last;
    this.find(".run").textContent = data.run;
    this.button.disabled = !data.visits.length;
    this.button.style.visibility = data.visits.length ? "" : "hidden";
    const halves = data.cosFirst ? ["cosines", "sines"] : ["sines", "cosines"];
    [...this.find(".halves").children].forEach((part, at) => {
      part.textContent = halves[at];
    });
    [...this.find(".speeds").children].forEach((part) => {
      part.textContent = "fast → slow";
    });
    this.low = Math.min(0, ...data.alike);
    this.find(".ends").firstChild.textContent = this.low === 0 ? "0" : this.low.toFixed(2).replace("-", "−");
    this.find(".ends").lastChild.textContent = "1";
    this.label();
    if (fresh) this.drawTicks();
    if (fresh) this.drawClocks();
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
      this.draw();
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
    document.addEventListener("timestep-wanted", this.tell);
  }

  close() {
    super.close();
    document.removeEventListener("timestep-wanted", this.tell);
  }

  // ---- what changes with t

  draw() {
    const { last } = this.data;
    const { t } = this;
    const said = Number.isInteger(t) ? String(t) : t.toFixed(1);
    this.root.dataset.t = said;
    this.range.value = t;
    this.range.setAttribute("aria-valuetext", `t = ${said} of ${last}`);
    this.find(".where b").textContent = `t = ${said}`;
    this.find(".where span").textContent = `of ${last}`;
    const { map, field, line } = this.sizes;
    line.style.transform = `translateY(${((last - t + 0.5) / (last + 1)) * field}px)`;
    const values = this.row(t);
    this.drawBars(values, map);
    this.drawAlike();
    this.moveClocks();
    this.tell();
  }

  drawBars(values, width) {
    const canvas = this.find(".bars canvas");
    const { pen, tall } = this.pens.bars;
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
    canvas.setAttribute("aria-label", `The ${values.length} numbers of t = ${this.root.dataset.t}`);
  }

  drawAlike() {
    const { alike, last } = this.data;
    const { pen, wide, tall } = this.pens.alike;
    const across = (value) => 2 + ((value - this.low) / (1 - this.low)) * (wide - 4);
    pen.clearRect(0, 0, wide, tall);
    if (this.low < 0) {
      pen.fillStyle = this.colours.faint;
      pen.fillRect(across(0) - 0.5, 0, 1, tall);
    }
    pen.strokeStyle = this.colours.time;
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.beginPath();
    const here = Math.round(this.t);
    for (let other = 0; other <= last; other++) {
      pen.lineTo(across(alike[Math.abs(here - other)]), ((last - other + 0.5) / (last + 1)) * tall);
    }
    pen.stroke();
  }

  moveClocks() {
    const { frequencies, last } = this.data;
    const { wave } = this.sizes;
    for (const { index, hand, now, cos, sin } of this.clocks) {
      const angle = frequencies[index] * this.t;
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      hand.setAttribute("x2", 17 * x);
      hand.setAttribute("y2", -17 * y);
      const left = (this.t / last) * wave.wide;
      const top = (value) => (0.5 - 0.42 * value) * wave.tall;
      now.style.transform = `translateX(${left}px)`;
      cos.style.transform = `translate(${left}px, ${top(x)}px)`;
      sin.style.transform = `translate(${left}px, ${top(y)}px)`;
    }
  }

  // ---- what changes with the settings or the window

  redraw() {
    if (!this.data || !this.root.clientWidth) return;
    const style = getComputedStyle(this.root);
    this.colours = Object.fromEntries(["time", "noise"].map((name) => [name, style.getPropertyValue(`--${name}`)]));
    this.colours.soft = getComputedStyle(this.find(".ends")).color;
    this.colours.faint = getComputedStyle(this.find(".alike")).borderLeftColor;
    const wave = this.clocks[0]?.wave;
    this.sizes = {
      map: this.find(".map").clientWidth,
      field: this.find(".field").clientHeight,
      line: this.find(".line"),
      wave: { wide: wave?.clientWidth ?? 0, tall: wave?.clientHeight ?? 0 },
    };
    for (const canvas of this.root.querySelectorAll("canvas")) {
      canvas.getContext("2d", { willReadFrequently: true }); // small: quicker without a GPU
    }
    this.pens = { bars: fitInCss(this.find(".bars canvas")), alike: fitInCss(this.find(".alike canvas")) };
    this.drawMap();
    this.drawMarks();
    this.drawWaves();
    this.draw();
  }

  drawMap() {
    const { frequencies, cosFirst, last, colours } = this.data;
    const rows = last + 1;
    const wide = 2 * frequencies.length;
    const table = bytes(colours);
    const picture = new ImageData(wide, rows);
    const cells = new Uint32Array(picture.data.buffer);
    const inks = Uint32Array.from(
      { length: 257 },
      (_, at) => (255 << 24) | (table[3 * at + 2] << 16) | (table[3 * at + 1] << 8) | table[3 * at],
    );
    const [cosAt, sinAt] = cosFirst ? [0, wide / 2] : [wide / 2, 0];
    for (let row = 0; row < rows; row++) {
      const t = last - row;
      for (let pair = 0; pair < wide / 2; pair++) {
        const angle = frequencies[pair] * t;
        cells[row * wide + cosAt + pair] = inks[Math.round(128 + 128 * Math.cos(angle))];
        cells[row * wide + sinAt + pair] = inks[Math.round(128 + 128 * Math.sin(angle))];
      }
    }
    const stops = [0, 64, 128, 192, 256].map((at) => `rgb(${table.slice(3 * at, 3 * at + 3).join(" ")})`);
    this.find(".key i").style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
    const canvas = this.find(".map canvas");
    const pen = fit(canvas);
    const whole = Object.assign(document.createElement("canvas"), { width: wide, height: rows });
    whole.getContext("2d").putImageData(picture, 0, 0);
    // First the height, smoothly, so that fast columns do not alias; then the width, in hard cells.
    const squeezed = Object.assign(document.createElement("canvas"), { width: wide, height: canvas.height });
    const squeeze = squeezed.getContext("2d");
    squeeze.imageSmoothingQuality = "high";
    squeeze.drawImage(whole, 0, 0, wide, canvas.height);
    pen.imageSmoothingEnabled = wide > canvas.width;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(squeezed, 0, 0, canvas.width, canvas.height);
    pen.fillStyle = getComputedStyle(this.root).color;
    pen.fillRect(canvas.width / 2 - 1, 0, 2, canvas.height);
    canvas.setAttribute("aria-label", `Heat map: ${rows} timesteps down, ${wide} numbers across`);
    this.find(".alike canvas").setAttribute("aria-label", "How alike t is to every other timestep");
  }

  drawMarks() {
    const { visits, last } = this.data;
    const { map } = this.sizes;
    const svg = this.find(".map svg");
    svg.setAttribute("viewBox", `0 0 ${map} ${last + 1}`);
    const marks = visits.map((t) => {
      const y = (last - t + 0.5).toFixed(2);
      return `M0 ${y}h${MARK}M${map - MARK} ${y}h${MARK}`;
    });
    svg.firstElementChild.setAttribute("d", marks.join(""));
    svg.dataset.count = visits.length;
  }

  drawTicks() {
    const { last } = this.data;
    const box = this.find(".ticks");
    const middle = [0.25, 0.5, 0.75].map((part) => Math.round((part * (last + 1)) / 50) * 50);
    const parts = [0, ...middle.filter((t) => t > 0 && t < last), last].map((t) => {
      const part = document.createElement("span");
      part.textContent = t;
      part.style.bottom = `${(100 * (t + 0.5)) / (last + 1)}%`;
      if (t === last) {
        part.append(small("noise"));
        part.className = "last";
        part.style.bottom = "";
        part.style.top = 0;
      }
      if (t === 0) {
        part.prepend(small("picture"));
        part.className = "zero";
        part.style.bottom = 0;
      }
      return part;
    });
    box.replaceChildren(...parts);
  }

  drawClocks() {
    this.clocks = this.data.pairs.map(({ index, period }) => {
      const [box, text, wave] = ["clock", "", "wave"].map((name) => {
        const part = document.createElement(name === "" ? "p" : "div");
        part.className = name;
        return part;
      });
      const dial = document.createElementNS(SVG, "svg");
      dial.setAttribute("viewBox", "-24 -24 48 48");
      dial.setAttribute("aria-hidden", "true");
      const [circle, hand] = ["circle", "line"].map((name) => document.createElementNS(SVG, name));
      circle.setAttribute("r", 22);
      dial.append(circle, hand);
      const bold = document.createElement("b");
      bold.textContent = `Pair ${index}`;
      text.append(bold, period);
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `Cosine and sine of pair ${index} over all timesteps: ${period}`);
      const [now, sin, cos] = ["now", "dot sin", "dot"].map((name) => {
        const part = document.createElement("i");
        part.className = name;
        return part;
      });
      wave.append(canvas, now, sin, cos);
      box.append(dial, text, wave);
      return { index, hand, now, cos, sin, wave, canvas, box };
    });
    this.find(".clocks").replaceChildren(...this.clocks.map(({ box }) => box));
  }

  drawWaves() {
    const { frequencies, last } = this.data;
    for (const { index, canvas } of this.clocks) {
      const { pen, wide, tall } = fitInCss(canvas);
      const turn = ((2 * Math.PI) / Math.abs(frequencies[index]) / last) * wide; // CSS pixels
      for (const [wave, colour] of [
        [Math.sin, this.colours.noise],
        [Math.cos, this.colours.time],
      ]) {
        pen.strokeStyle = colour;
        pen.globalAlpha = turn < 8 ? 0.6 : 1;
        pen.lineWidth = turn < 8 ? 1 : 2;
        pen.beginPath();
        for (let x = 0; x <= wide; x += 0.25) {
          pen.lineTo(x, (0.5 - 0.42 * wave((frequencies[index] * x * last) / wide)) * tall);
        }
        pen.stroke();
      }
    }
  }
}

function small(text) {
  const part = document.createElement("small");
  part.textContent = text;
  return part;
}
