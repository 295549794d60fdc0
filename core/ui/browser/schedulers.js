// The paths of all schedulers from noise to picture on one chart; everything moves in the browser.
//
// data.curves   [{id, title, note, calls, step, place, t, sigma, alpha, db}]; all have one entry a
//               U-Net call, place, sigma, alpha and db another for the end; place is the step with
//               how far into it; db is null where no noise is left; without a plan there are
//               calls: 0 and the reason as note
// data.run      id of the running example's own scheduler
// data.own      ids of the visitor's own curves
// data.opening  ids that are on show beside it at the beginning
// data.steps, data.last   scheduler steps; the noisiest timestep
// data.low, data.high     sigma of the schedule's first and last timestep

const HUES = ["#0072B2", "#E69F00", "#CC79A7", "#56B4E9", "#D55E00", "#8A8A8A"];
const GREEN = "#009E73";
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const STRIPE = 9; // CSS pixels of one colour where curves lie on one another
const Y = {
  log: { label: "log σ", title: "sigma, noise per unit of signal (log scale)", unit: "σ" },
  sigma: { label: "σ", title: "sigma, noise per unit of signal", unit: "σ" },
  t: { label: "t", title: "timestep t", unit: "t" },
  alpha: { label: "ᾱ", title: "alpha-bar, signal power left", unit: "ᾱ" },
  db: { label: "SNR", title: "signal-to-noise ratio, dB", unit: "dB" },
};
const X = {
  step: { label: "step", title: "step" },
  t: { label: "t", title: "timestep t" },
  calls: { label: "U-Net calls", title: "share of the U-Net calls" },
};
const FINEST = 1000;
const ROOMY = 460; // CSS pixels of the chart, from which both words above it fit

export default function ({ parentElement, data }) {
  return present(parentElement, ".schedulers", Schedulers, data);
}

class Schedulers {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.axes = { x: "step", y: "log" };
    this.locked = true;
    this.at = 0.5;
    this.resize = new ResizeObserver(() => this.redraw());
    for (const [axis, kinds] of [["y", Y], ["x", X]]) this.offer(axis, kinds);
    this.find(".lock input").addEventListener("change", (event) => {
      this.locked = event.target.checked;
      this.redraw();
    });
    this.find(".cursor").addEventListener("input", (event) => this.point(event.target.value / FINEST));
    this.find(".chart").addEventListener("pointermove", (event) => this.follow(event));
    this.find(".all").addEventListener("click", () => this.choose(this.drawable()));
    this.find(".mine").addEventListener("click", () => this.choose([this.data.run, ...this.data.own]));
    this.find(".csv").addEventListener("click", () => save("glassbox-schedulers.csv", new Blob([this.csv()], { type: "text/csv" })));
    this.find(".png").addEventListener("click", () => this.png());
  }

  open() { this.resize.observe(this.root); }

  close() { this.resize.disconnect(); }

  show(data) {
    const before = this.data;
    this.data = data;
    this.byId = new Map(data.curves.map((curve) => [curve.id, curve]));
    this.chosen ??= new Set(data.opening);
    if (before?.run !== data.run) this.chosen.add(data.run);
    for (const id of data.own) if (!before?.own.includes(id)) this.chosen.add(id);
    this.style();
    this.drawList();
    this.redraw();
  }

  drawable() { return this.data.curves.filter((curve) => curve.calls).map((curve) => curve.id); }

  // The run's own curve comes last, to lie on top.
  shown() {
    const found = this.data.curves.filter((curve) => curve.calls && this.chosen.has(curve.id));
    const own = (curve) => Number(curve.id === this.data.run);
    return found.sort((a, b) => own(a) - own(b));
  }

  choose(ids) {
    this.chosen = new Set(ids);
    this.markList();
    this.redraw();
  }

  // ---- the controls

  offer(axis, kinds) {
    const box = this.find(`[data-axis="${axis}"]`);
    for (const [kind, { label }] of Object.entries(kinds)) {
      const part = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: `axis-${axis}`, value: kind, checked: this.axes[axis] === kind });
      input.addEventListener("change", () => { this.axes[axis] = kind; this.redraw(); });
      const said = document.createElement("span");
      said.textContent = label;
      part.append(input, said);
      box.append(part);
    }
  }

  style() {
    const others = this.data.curves.filter((curve) => curve.id !== this.data.run);
    this.ink = new Map(others.map((curve, at) => [curve.id, {
      colour: HUES[at % HUES.length], dash: DASHES[Math.floor(at / HUES.length) % DASHES.length], width: 2,
    }]));
    this.ink.set(this.data.run, { colour: GREEN, dash: [], width: 4 });
  }

  drawList() {
    const first = [this.data.run, ...this.data.own, ...this.data.opening];
    const place = (curve) => (first.includes(curve.id) ? first.indexOf(curve.id) : first.length);
    const sorted = [...this.data.curves].sort((a, b) => place(a) - place(b));
    this.find(".list").replaceChildren(...sorted.map((curve) => this.row(curve)));
    this.markList();
  }

  row(curve) {
    const part = document.createElement("button");
    part.type = "button";
    part.className = curve.id === this.data.run ? "row run" : "row";
    part.dataset.id = curve.id;
    part.disabled = !curve.calls;
    const name = curve.id === this.data.run ? `${curve.title}, your run` : curve.title;
    for (const [kind, text] of [["swatch", ""], ["name", name], ["calls", curve.calls || "–"], ["value", ""]]) {
      const cell = document.createElement("span");
      cell.className = kind;
      cell.textContent = text;
      part.append(cell);
    }
    part.title = curve.note ? `${name}: ${curve.note}` : name;
    part.addEventListener("click", () => {
      if (!this.chosen.delete(curve.id)) this.chosen.add(curve.id);
      this.markList();
      this.redraw();
    });
    return part;
  }

  markList() {
    for (const part of this.find(".list").children) {
      const on = !part.disabled && this.chosen.has(part.dataset.id);
      part.setAttribute("aria-pressed", on);
      const { colour, dash } = this.ink.get(part.dataset.id);
      part.querySelector(".swatch").style.background = on ? striped(colour, dash) : "";
    }
  }

  // ---- the chart

  // One curve's points on the chosen axes; what has no place there is left out, or runs off the end.
  points(curve) {
    const along = {
      step: curve.place,
      t: curve.t,
      calls: curve.place.map((_, at) => at / curve.calls),
    }[this.axes.x];
    const kind = this.axes.y;
    const up = kind === "log" ? curve.sigma.map((sigma) => (sigma > 0 ? Math.log10(sigma) : null)) : curve[kind];
    return along.map((x, at) => [x, up[at]]).filter(([, y]) => y !== undefined);
  }

  ranges(curves) {
    const { low, high, last, steps } = this.data;
    const db = (sigma) => -20 * Math.log10(sigma);
    const whole = {
      log: [Math.log10(low), Math.log10(high)], sigma: [0, high], t: [0, last], alpha: [0, 1], db: [db(high), db(low)],
    }[this.axes.y];
    const wide = { step: [0, steps], t: [last, 0], calls: [0, 1] }[this.axes.x];
    if (this.locked || !curves.length) return { x: wide, y: padded(whole) };
    const all = curves.flatMap((curve) => this.points(curve)).filter(([, y]) => y !== null);
    const ends = (values) => [Math.min(...values), Math.max(...values)];
    const across = ends(all.map(([x]) => x));
    return { x: this.axes.x === "t" ? across.reverse() : across, y: padded(ends(all.map(([, y]) => y))) };
  }

  redraw() {
    if (!this.data || !this.find(".chart").clientWidth) return;
    const canvas = this.find("canvas");
    const { clientWidth: wide, clientHeight: tall } = canvas;
    canvas.width = Math.round(wide * devicePixelRatio);
    canvas.height = Math.round(tall * devicePixelRatio);
    const pen = canvas.getContext("2d");
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    this.frame = { left: 52, top: 18, right: wide - 20, bottom: tall - 40 };
    const curves = this.shown();
    this.paint(pen, curves, this.frame, wide, tall);
    canvas.setAttribute("aria-label", `${Y[this.axes.y].title} by ${X[this.axes.x].title}: ${curves.map((curve) => `${curve.title}, ${curve.calls} calls`).join("; ")}`);
    const cursor = this.find(".cursor").style;
    cursor.left = `${this.frame.left}px`;
    cursor.width = `${this.frame.right - this.frame.left}px`;
    cursor.top = `${this.frame.top}px`;
    cursor.height = `${this.frame.bottom - this.frame.top}px`;
    this.root.dataset.drawn = curves.length;
    this.point(this.at);
  }

  paint(pen, curves, frame, wide, tall) {
    const style = getComputedStyle(this.root);
    const soft = getComputedStyle(this.find(".head")).color;
    const faint = getComputedStyle(this.find(".list")).borderTopColor;
    const { x: [x0, x1], y: [y0, y1] } = (this.range = this.ranges(curves));
    const { left, right, top, bottom } = frame;
    const across = (x) => left + ((x - x0) / (x1 - x0 || 1)) * (right - left);
    const down = (y) => bottom - ((y - y0) / (y1 - y0 || 1)) * (bottom - top);
    pen.clearRect(0, 0, wide, tall);
    pen.font = `12px ${style.fontFamily}`;
    pen.lineWidth = 1;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (const [value, text] of this.ticks([y0, y1], this.axes.y)) {
      pen.fillStyle = faint;
      pen.fillRect(left, Math.round(down(value)), right - left, 1);
      pen.fillStyle = soft;
      pen.fillText(text, left - 8, down(value));
    }
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const [value, text] of this.ticks([x0, x1], this.axes.x)) {
      pen.fillStyle = faint;
      pen.fillRect(Math.round(across(value)), top, 1, bottom - top);
      pen.fillStyle = soft;
      pen.fillText(text, across(value), bottom + 6);
    }
    pen.fillText(X[this.axes.x].title, (left + right) / 2, bottom + 23);
    pen.textAlign = "left";
    pen.textBaseline = "bottom";
    pen.fillText(Y[this.axes.y].title, left, top - 4);
    pen.textAlign = "right";
    if (wide >= ROOMY) pen.fillText("noise is left, picture right", right, top - 4);
    this.strokes(pen, curves, across, down, frame);
  }

  // Curves that lie on one another share the line: each has its stripe in turn.
  strokes(pen, curves, across, down, { top, bottom }) {
    const off = this.axes.y === "db" ? top : bottom; // where no noise at all is
    const paths = curves.map((curve) => this.points(curve).map(([x, y], at, all) => (
      [across(x), y === null ? off : down(y), y === null && at === all.length - 1]
    )));
    const names = paths.map((path) => path.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "));
    const groups = Map.groupBy
      ? Map.groupBy(curves.keys(), (at) => names[at])
      : curves.reduce((map, _, at) => map.set(names[at], [...(map.get(names[at]) ?? []), at]), new Map());
    for (const members of groups.values()) {
      members.forEach((at, turn) => {
        const { colour, dash, width } = this.ink.get(curves[at].id);
        pen.strokeStyle = colour;
        pen.fillStyle = colour;
        pen.lineJoin = "round";
        pen.lineWidth = members.length > 1 ? 4 : width;
        pen.setLineDash(members.length > 1 ? [STRIPE, STRIPE * (members.length - 1)] : dash);
        pen.lineDashOffset = -turn * STRIPE;
        pen.beginPath();
        paths[at].forEach(([x, y]) => pen.lineTo(x, y));
        pen.stroke();
        pen.setLineDash([]);
        if (turn) return;
        for (const [x, y, end] of paths[at]) {
          pen.beginPath();
          pen.arc(x, y, end ? 4 : Math.min(3, 240 / paths[at].length), 0, 7);
          if (end) pen.stroke();
          else pen.fill();
        }
      });
    }
    this.groups = [...groups.values()].filter((group) => group.length > 1).map((group) => group.map((at) => curves[at].title));
  }

  ticks([from, to], kind) {
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    if (kind === "log") {
      return [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000]
        .map((sigma) => [Math.log10(sigma), String(sigma)])
        .filter(([value]) => value >= low && value <= high);
    }
    const rough = (high - low) / 6;
    const power = 10 ** Math.floor(Math.log10(rough || 1));
    const stride = [1, 2, 5, 10].map((part) => part * power).find((size) => size >= rough);
    const found = [];
    for (let at = Math.ceil(low / stride); at * stride <= high + 1e-9; at++) {
      const value = at * stride;
      if (kind === "step" && !Number.isInteger(value)) continue;
      const text = kind === "calls" ? `${Math.round(100 * value)} %` : String(Number(value.toFixed(4)));
      found.push([value, text.replace("-", "−")]);
    }
    return found;
  }

  // ---- reading all curves at one place

  follow(event) {
    const box = this.find("canvas").getBoundingClientRect();
    const share = (event.clientX - box.left - this.frame.left) / (this.frame.right - this.frame.left);
    if (share >= 0 && share <= 1) this.point(share);
  }

  point(share) {
    this.at = share;
    const { left, right, top, bottom } = this.frame;
    const line = this.find(".line").style;
    line.transform = `translateX(${left + share * (right - left)}px)`;
    line.top = `${top}px`;
    line.height = `${bottom - top}px`;
    const [x0, x1] = this.range.x;
    const x = x0 + share * (x1 - x0);
    const where = { step: `at step ${x.toFixed(1)}`, t: `at t = ${x.toFixed(0)}`, calls: `after ${(100 * x).toFixed(0)} % of the calls` }[this.axes.x];
    this.find(".at").textContent = where;
    this.find(".head .value").textContent = Y[this.axes.y].unit;
    const cursor = this.find(".cursor");
    cursor.value = Math.round(share * FINEST);
    cursor.setAttribute("aria-valuetext", where);
    for (const part of this.find(".list").children) {
      const on = part.getAttribute("aria-pressed") === "true";
      part.querySelector(".value").textContent = on ? this.read(this.byId.get(part.dataset.id), x) : "";
    }
    const same = this.groups.map((titles) => titles.join(" = "));
    this.find(".same").textContent = same.length ? `On the very same noise levels: ${same.join("; ")}. They differ in what they do there.` : "";
  }

  // The value on the line between the two calls around x.
  read(curve, x) {
    const points = this.points(curve);
    const after = points.findIndex(([place]) => (this.axes.x === "t" ? place <= x : place >= x));
    if (after === -1) return "";
    const [[xa, ya], [xb, yb]] = [points[Math.max(0, after - 1)], points[after]];
    if (after === 0 && xb !== x) return "";
    if (yb === null) return xb === x ? (this.axes.y === "db" ? "∞" : "0") : "→ end";
    const value = xa === xb ? yb : ya + ((x - xa) / (xb - xa)) * (yb - ya);
    return say(this.axes.y === "log" ? 10 ** value : value);
  }

  // ---- to take away

  csv() {
    const lines = [["scheduler", "call", "step", "t", "sigma", "alpha_bar", "snr_db"]];
    for (const curve of this.shown()) {
      curve.t.forEach((t, at) => lines.push([
        curve.title, at + 1, curve.step[at] + 1, t, curve.sigma[at], curve.alpha[at], curve.db[at],
      ]));
    }
    return `${lines.map((cells) => cells.join(",")).join("\n")}\n`;
  }

  png() {
    const [wide, tall, line] = [1000, 560, 18];
    const curves = this.shown();
    const rows = Math.ceil(curves.length / 3);
    const canvas = Object.assign(document.createElement("canvas"), { width: 2 * wide, height: 2 * (tall + 16 + rows * line) });
    const sheet = Object.assign(document.createElement("canvas"), { width: 2 * wide, height: 2 * tall });
    const pen = canvas.getContext("2d");
    const chart = sheet.getContext("2d");
    const style = getComputedStyle(this.root);
    chart.setTransform(2, 0, 0, 2, 0, 0);
    this.paint(chart, curves, { left: 56, top: 24, right: wide - 16, bottom: tall - 48 }, wide, tall);
    pen.fillStyle = style.getPropertyValue("--st-background-color").trim() || "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(sheet, 0, 0);
    pen.setTransform(2, 0, 0, 2, 0, 0);
    pen.font = `12px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    curves.forEach((curve, at) => {
      const { colour, dash } = this.ink.get(curve.id);
      const [x, y] = [56 + (at % 3) * 310, tall + 10 + Math.floor(at / 3) * line];
      pen.strokeStyle = colour;
      pen.lineWidth = 3;
      pen.setLineDash(dash);
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x + 24, y);
      pen.stroke();
      pen.fillStyle = style.color;
      pen.fillText(`${curve.title}, ${curve.calls} calls`, x + 32, y);
    });
    canvas.toBlob((blob) => save("glassbox-schedulers.png", blob));
    this.redraw();
  }
}

function striped(colour, dash) {
  if (!dash.length) return colour;
  let at = 0;
  const stops = dash.map((long, turn) => `${turn % 2 ? "transparent" : colour} ${at}px ${(at += long)}px`);
  return `repeating-linear-gradient(90deg, ${stops.join(", ")})`;
}

function padded([low, high]) {
  const room = 0.03 * (high - low || 1);
  return [low - room, high + room];
}

function say(value) {
  if (Math.abs(value) >= 100) return value.toFixed(0).replace("-", "−");
  return (Math.abs(value) >= 10 ? value.toFixed(1) : value.toPrecision(3)).replace("-", "−");
}

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
