// One seed under three schedulers, and how each of them takes the noise away; all in the browser.

const STRIPE = 9; // CSS pixels of one colour where curves lie on one another
const Y = () => ({
  noise: { label: tr("noise"), title: tr("noise left, share of the power") },
  log: { label: "log σ", title: tr("σ, noise per unit of signal (log scale)"), unit: "σ = " },
  sigma: { label: "σ", title: tr("σ, noise per unit of signal"), unit: "σ = " },
  t: { label: "t", title: tr("timestep t"), unit: "t = " },
  db: { label: "SNR", title: tr("signal-to-noise ratio, dB") },
  s: { label: "s", title: tr("s = σ / (1 + σ), the time of a flow"), unit: "s = " },
});
const X = () => ({
  step: { label: tr("steps"), title: tr("steps made") },
  t: { label: "t", title: tr("timestep t") },
  calls: { label: tr("U-Net calls"), title: tr("share of the U-Net calls") },
});
const SEEN = 2.5; // CSS pixels: curves nearer than this are one line to the eye
const FINEST = 1000;
const NAMED = 6; // curves up to which each is named where it runs

export default (/** @type {Mounted} */ mounted) => present(mounted, ".schedulers", Schedulers);

/** @extends {ReadChart<OverlayData>} */
class Schedulers extends ReadChart {
  constructor(root) {
    super(root);
    this.axes = { x: "step", y: "noise" };
    this.locked = true;
    this.at = 0.5;
    const lock = this.find(".lock input");
    lock.addEventListener("change", () => {
      this.locked = lock.checked;
      this.redraw();
    });
    const others = this.find(".others");
    others.addEventListener("click", () => {
      const more = this.find(".more");
      more.hidden = !more.hidden;
      others.ariaExpanded = String(!more.hidden);
    });
    this.find(".all").addEventListener("click", () => this.choose(this.drawable()));
    this.find(".mine").addEventListener("click", () => this.choose([this.data.run]));
    this.find(".three").addEventListener("click", () => this.choose(this.data.opening));
    this.find(".png").addEventListener("click", () => this.png());
  }

  show(before) {
    const { data } = this;
    this.offer("y", Y());
    this.offer("x", X());
    this.byId = new Map(data.curves.map((curve) => [curve.id, curve]));
    this.chosen ??= new Set(data.opening);
    if (before && before.run !== data.run) data.opening.forEach((id) => this.chosen.add(id));
    this.rows = data.curves.map((curve) => this.row(curve));
    this.find(".list").replaceChildren(...this.rows);
    this.drawCards(null);
    this.markList();
    this.redraw();
    if (data.sheet) openSheet(data.sheet).then((sheet) => this.data === data && this.drawCards(sheet));
  }

  state() {
    const chosen = [...this.chosen].sort();
    const first = [...this.data.opening].sort();
    return {
      curves: textOf(chosen.join(",") || "none", first.join(",")),
      x: textOf(this.axes.x, "step"),
      y: textOf(this.axes.y, "noise"),
      scale: this.locked ? null : "free",
      at: textOf(Number(this.at.toFixed(3)), 0.5),
    };
  }

  take(said) {
    const curves = said("curves")
      ?.split(",")
      .filter((id) => this.byId.has(id));
    this.chosen = new Set(curves?.length || said("curves") === "none" ? curves : this.data.opening);
    const [x, y] = [Object.keys(X()), Object.keys(Y())];
    this.axes = { x: x.includes(said("x")) ? said("x") : "step", y: y.includes(said("y")) ? said("y") : "noise" };
    check(this.find('[data-axis="x"]'), x.indexOf(this.axes.x));
    check(this.find('[data-axis="y"]'), y.indexOf(this.axes.y));
    this.locked = said("scale") !== "free";
    this.find(".lock input").checked = this.locked;
    this.at = numberOf(said("at"), 0, 1, 0.5);
    this.markList();
    this.redraw();
  }

  drawable() {
    return this.data.curves.filter((curve) => curve.calls).map((curve) => curve.id);
  }

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

  widthOf(curve) {
    return curve.id === this.data.run ? 4 : 2.25;
  }

  nameOf(curve) {
    return curve.id === this.data.run ? tr("{name}, your run", { name: curve.title }) : curve.title;
  }

  // ---- pictures and controls

  /** @param {Sheet} sheet */
  drawCards(sheet) {
    const { opening, pictures, apart } = this.data;
    const cards = opening.map((id, number) => {
      const curve = this.byId.get(id);
      const there = sheet && Number.isInteger(pictures[number]);
      const canvas = drawing(
        there
          ? tr("The picture under {scheduler}", { scheduler: curve.title })
          : tr("No picture under {scheduler} yet", { scheduler: curve.title }),
      );
      if (there) showFrame(canvas, sheet, pictures[number]);
      const cost = curve.calls ? count(curve.calls, "call") : tr("cannot be run");
      const said = [curve.fresh ? tr("{calls}, fresh noise", { calls: cost }) : cost];
      if (number && Number.isFinite(apart[number]))
        said.push(tr("{apart} of 255 from yours", { apart: apart[number] }));
      const words = said.map((text) => make("span", "", text));
      const card = make("figure", "card", canvas, make("figcaption", "", make("b", "", this.nameOf(curve)), ...words));
      card.style.setProperty("--hue", curve.hue);
      card.title = curve.note || this.nameOf(curve);
      return card;
    });
    this.find(".cards").replaceChildren(...cards);
    this.root.dataset.pictures = String(sheet ? pictures.filter(Number.isInteger).length : 0);
  }

  offer(axis, kinds) {
    const labels = Object.values(kinds).map(({ label }) => label);
    offer(this.find(`[data-axis="${axis}"]`), `axis-${axis}`, labels, (at) => {
      this.axes[axis] = Object.keys(kinds)[at];
      this.redraw();
    });
  }

  row(curve) {
    const name = curve.calls ? this.nameOf(curve) : `${this.nameOf(curve)}: ${curve.note}`;
    const calls = curve.calls ? count(curve.calls, "call") : "–";
    const part = make(
      "button",
      "row",
      make("span", "swatch"),
      make("span", "name", name),
      make("span", "calls", calls),
    );
    part.dataset.id = curve.id;
    part.disabled = !curve.calls;
    if (curve.note) part.title = curve.note;
    part.addEventListener("click", () => {
      if (!this.chosen.delete(curve.id)) this.chosen.add(curve.id);
      this.markList();
      this.redraw();
    });
    return part;
  }

  markList() {
    const isOn = (part) => !part.disabled && this.chosen.has(part.dataset.id);
    press(this.rows, isOn);
    for (const part of this.rows) {
      const { hue, dash } = this.byId.get(part.dataset.id);
      /** @type {HTMLElement} */ (part.firstChild).style.background = isOn(part) ? striped(hue, dash) : "";
    }
  }

  // ---- the chart

  // One curve's points on the chosen axes, the third number says which is the end: no call asks
  // there. What has no place is left out; what has no height runs off the edge.
  pointsOf(curve) {
    const along = { step: curve.place, t: curve.t, calls: curve.place.map((_, at) => at / curve.calls) }[this.axes.x];
    const up =
      {
        log: curve.sigma.map((sigma) => (sigma > 0 ? Math.log10(sigma) : null)),
        noise: curve.alpha.map((kept) => 100 * (1 - kept)),
        s: curve.sigma.map(flowTime),
      }[this.axes.y] ?? curve[this.axes.y];
    return along.map((x, at) => [x, up[at], at === curve.calls]).filter(([, y]) => y !== undefined);
  }

  rangesOf(curves) {
    const { last, steps } = this.data;
    const seen = curves.flatMap((curve) => curve.sigma.filter((sigma) => sigma > 0));
    const [low, high] = [this.data.low, Math.max(this.data.high, ...seen)]; // all of what is shown
    const db = (sigma) => -20 * Math.log10(sigma);
    const whole = {
      log: [Math.log10(low), Math.log10(high)],
      sigma: [0, high],
      t: [0, last],
      noise: [0, 100],
      s: [0, 1],
      db: [db(high), db(low)],
    }[this.axes.y];
    const wide = { step: [0, steps], t: [last, 0], calls: [0, 1] }[this.axes.x];
    if (this.locked || !curves.length) return { x: wide, y: padded(whole) };
    const all = curves.flatMap((curve) => this.pointsOf(curve)).filter(([, y]) => y !== null);
    const ends = (values) => [Math.min(...values), Math.max(...values)];
    const across = ends(all.map(([x]) => x));
    return { x: this.axes.x === "t" ? across.reverse() : across, y: padded(ends(all.map(([, y]) => y))) };
  }

  lay() {
    const { pen, wide, tall } = fitInCss(this.canvas);
    this.size = parseFloat(this.style.fontSize); // of all words
    const frame = { left: 4.2 * this.size, top: 1.7 * this.size, right: wide - 10, bottom: tall - 3.2 * this.size };
    const curves = this.shown();
    this.paint(pen, curves, frame);
    const all = curves.map(({ title, calls }) => `${title}, ${count(calls, "call")}`).join("; ");
    this.canvas.ariaLabel = tr("{height} by {along}: {curves}", {
      height: Y()[this.axes.y].title,
      along: X()[this.axes.x].title,
      curves: all,
    });
    this.place(frame);
    this.root.dataset.drawn = String(curves.length);
  }

  paint(pen, curves, frame) {
    this.ranges = this.rangesOf(curves);
    const { x, y } = this.ranges;
    const below = 1.7 * this.size;
    const { across, down } = drawAxes(
      pen,
      frame,
      { ends: x, ticks: marks(x, this.axes.x), title: X()[this.axes.x].title, below },
      { ends: y, ticks: marks(y, this.axes.y), title: Y()[this.axes.y].title, from: 0 },
      { soft: this.ink("soft"), faint: this.ink("faint"), font: this.style.fontFamily, size: 0.92 * this.size },
    );
    pen.textBaseline = "top";
    pen.fillText(tr("noise"), frame.left, frame.bottom + below);
    pen.textAlign = "right";
    pen.fillText(tr("picture"), frame.right, frame.bottom + below);
    const paths = this.strokes(pen, curves, across, down, frame);
    if (this.labels.length <= NAMED) this.nameCurves(pen, paths, frame);
  }

  // Curves that lie on one another share the line: each has its stripe in turn. Every dot is a
  // call; the end, where nobody asks, is a ring.
  strokes(pen, curves, across, down, { left, right, top, bottom }) {
    const off = this.axes.y === "db" ? top : bottom; // where no noise at all is
    const paths = curves.map((curve) =>
      this.pointsOf(curve).map(([x, y, end]) => [across(x), y === null ? off : down(y), end]),
    );
    const groups = [];
    paths.forEach((path, at) => {
      const group = groups.find(([first]) => alike(paths[first], path));
      if (group) group.push(at);
      else groups.push([at]);
    });
    const ground = this.ink("st-background-color");
    pen.save();
    pen.beginPath();
    pen.rect(left - 6, top - 6, right - left + 12, bottom - top + 12);
    pen.clip();
    for (const members of groups) {
      members.forEach((at, turn) => {
        const many = members.length - 1;
        const { hue: colour, dash } = curves[at];
        const own = { dash, width: this.widthOf(curves[at]) };
        const shared = { dash: [STRIPE, STRIPE * many], shift: -turn * STRIPE, width: 4 };
        stroke(pen, paths[at], { colour, ...(many ? shared : own) });
        if (turn) return;
        pen.lineWidth = 2;
        for (const [x, y, end] of paths[at]) {
          pen.fillStyle = end ? ground : colour;
          dot(pen, x, y, end ? 4.5 : Math.min(3.5, 240 / paths[at].length));
          if (end) pen.stroke();
        }
      });
    }
    pen.restore();
    this.labels = groups.map((group) => ({ curves: group.map((at) => curves[at]), path: paths[group[0]] }));
    return paths;
  }

  // Each curve's name stands beside it, where it is farthest from the others and from other names.
  nameCurves(pen, paths, frame) {
    const dots = paths.map(dense);
    const taken = [];
    const { color, fontFamily } = this.style;
    const ground = this.ink("st-background-color");
    Object.assign(pen, { textBaseline: "middle", textAlign: "left", lineJoin: "round", lineWidth: 4 });
    pen.font = `600 ${this.size}px ${fontFamily}`;
    for (const { curves, path } of [...this.labels].reverse()) {
      const said = curves.map((curve) => this.nameOf(curve)).join(" = ");
      const others = dots.filter((_, at) => !alike(paths[at], path));
      const box = this.roomFor(pen.measureText(said).width, dense(path), others, taken, frame);
      if (!box) continue;
      taken.push(box);
      const middle = (box[1] + box[3]) / 2;
      pen.strokeStyle = ground;
      pen.strokeText(said, box[0], middle);
      pen.fillStyle = color; // where a browser cannot mix colours here
      pen.fillStyle = `color-mix(in oklab, ${curves[0].hue} 60%, ${color})`;
      pen.fillText(said, box[0], middle);
    }
    this.root.dataset.named = String(taken.length);
  }

  // The box beside a curve that has most room; null where all are taken.
  roomFor(wide, own, others, taken, { left, right, top, bottom }) {
    const high = 1.25 * this.size;
    let best = null;
    let most = 0;
    for (const [x, y] of own) {
      for (const dx of [8, -wide - 8]) {
        for (const dy of [-0.8 * high, 0.8 * high]) {
          const box = [x + dx, y + dy - high / 2, x + dx + wide, y + dy + high / 2];
          if (box[0] < left + 4 || box[2] > right || box[1] < top || box[3] > bottom) continue;
          if (taken.some((other) => overlap(box, other)) || nearest(own, box, 4) < 4) continue;
          const free = Math.min(60, ...others.map((dots) => nearest(dots, box, 60)));
          if (!best || free > most + 0.5) [best, most] = [box, free];
        }
      }
    }
    return best;
  }

  // ---- reading all curves at one place

  point(value) {
    this.read(value / FINEST);
  }

  read(share) {
    this.at = share;
    this.update();
  }

  draw() {
    const { steps } = this.data;
    const x = scale([0, 1], this.ranges.x)(this.at);
    const where = {
      step: trMany(steps, "After {made} of {count:,} step", "After {made} of {count:,} steps", {
        made: Number(x.toFixed(1)),
      }),
      t: tr("At t = {t}", { t: x.toFixed(0) }),
      calls: tr("After {share} % of the calls", { share: (100 * x).toFixed(0) }),
    }[this.axes.x];
    this.mark(scale([0, 1], [this.frame.left, this.frame.right])(this.at), Math.round(this.at * FINEST), where);
    this.find(".at").textContent = where;
    const cards = this.data.opening;
    const place = ({ id }) => (cards.includes(id) ? cards.indexOf(id) : cards.length); // as the pictures stand
    const curves = this.shown().sort((a, b) => place(a) - place(b));
    const values = curves.map((curve) => {
      const swatch = make("span", "swatch");
      swatch.style.background = striped(curve.hue, curve.dash);
      const part = make("li", "", swatch, make("span", "", curve.title), make("b", "", this.valueAt(curve, x)));
      part.dataset.id = curve.id;
      return part;
    });
    this.find(".values").replaceChildren(...values);
    const same = this.labels.filter(({ curves }) => curves.length > 1);
    const names = same.map(({ curves }) => curves.map(({ title }) => title).join(" = ")).join("; ");
    this.find(".same").textContent = names
      ? tr("On the same noise levels, as far as can be seen: {names}. They differ in what they do there.", { names })
      : "";
  }

  // The value on the line between the two calls around x.
  valueAt(curve, x) {
    const points = this.pointsOf(curve);
    const after = points.findIndex(([place]) => (this.axes.x === "t" ? place <= x : place >= x));
    if (after === -1) return "–";
    const [[xa, ya], [xb, yb]] = [points[Math.max(0, after - 1)], points[after]];
    if (after === 0 && xb !== x) return "–";
    if (yb === null) return xb === x ? (this.axes.y === "db" ? "∞ dB" : "0") : tr("→ end");
    const value = xa === xb ? yb : ya + ((x - xa) / (xb - xa)) * (yb - ya);
    const { y } = this.axes;
    if (y === "noise")
      return value > 99 && value < 100 ? tr("over 99 %") : `${value.toFixed(value < 9.95 && value > 0.05 ? 1 : 0)} %`;
    return `${Y()[y].unit ?? ""}${say(y === "log" ? 10 ** value : value)}${y === "db" ? " dB" : ""}`;
  }

  // ---- to take away

  png() {
    const [wide, tall, line] = [1000, 560, 18];
    const curves = this.shown();
    const rows = Math.ceil(curves.length / 3);
    const canvas = Object.assign(make("canvas"), { width: 2 * wide, height: 2 * (tall + 16 + rows * line) });
    const pen = canvas.getContext("2d");
    const { color, fontFamily } = this.style;
    pen.fillStyle = this.ink("st-background-color");
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.setTransform(2, 0, 0, 2, 0, 0);
    this.paint(pen, curves, { left: 60, top: 24, right: wide - 16, bottom: tall - 48 });
    pen.font = `12px ${fontFamily}`;
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    curves.forEach((curve, at) => {
      const [x, y] = [56 + (at % 3) * 310, tall + 10 + Math.floor(at / 3) * line];
      const ends = [x, x + 24].map((end) => [end, y]);
      stroke(pen, ends, { colour: curve.hue, dash: curve.dash, width: 3 });
      pen.fillStyle = color;
      pen.fillText(`${curve.title}, ${count(curve.calls, "call")}`, x + 32, y);
    });
    canvas.toBlob((blob) => {
      const link = make("a");
      link.href = URL.createObjectURL(blob);
      link.download = "glassbox-schedulers.png";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    this.redraw();
  }
}

// The share of noise in a straight mix of picture and noise: core/ideas/flow.py.
function flowTime(sigma) {
  return sigma / (1 + sigma);
}

// Numbers along an axis, with what stands there.
/**
 * @param {number[]} range
 * @param {string} kind
 * @returns {[number, string][]}
 */
function marks([from, to], kind) {
  const ends = [Math.min(from, to), Math.max(from, to)];
  if (kind === "log") {
    return [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000]
      .filter((sigma) => Math.log10(sigma) >= ends[0] && Math.log10(sigma) <= ends[1])
      .map((sigma) => [Math.log10(sigma), String(sigma)]);
  }
  const says = { calls: (value) => `${Math.round(100 * value)} %`, noise: (value) => `${Number(value.toFixed(4))} %` };
  const say = says[kind] ?? ((value) => Number(value.toFixed(4)));
  return ticks(ends, 6)
    .filter((value) => kind !== "step" || Number.isInteger(value))
    .filter((value) => kind !== "noise" || (value >= 0 && value <= 100))
    .map((value) => [value, minus(say(value))]);
}

/**
 * @param {number[]} box
 * @param {number[]} other
 */
function overlap([left, top, right, bottom], [l, t, r, b]) {
  return left < r && l < right && top < b && t < bottom;
}

function striped(colour, dash) {
  if (!dash.length) return colour;
  let at = 0;
  const stops = dash.map((long, turn) => `${turn % 2 ? "transparent" : colour} ${at}px ${(at += long)}px`);
  return `repeating-linear-gradient(90deg, ${stops.join(", ")})`;
}

// Whether two paths lie on one another, as far as can be seen.
function alike(one, other) {
  return (
    one.length === other.length && one.every(([x, y], at) => Math.hypot(x - other[at][0], y - other[at][1]) < SEEN)
  );
}

// A path with points at most a few pixels apart.
function dense(path) {
  const found = [];
  path.forEach(([x, y], at) => {
    const [px, py] = path[at - 1] ?? [x, y];
    const parts = Math.max(1, Math.ceil(Math.hypot(x - px, y - py) / 8));
    for (let part = 1; part <= parts; part++)
      found.push([px + ((x - px) * part) / parts, py + ((y - py) * part) / parts]);
  });
  return found;
}

/**
 * How far a box is from the nearest of some points; what is farther than enough does not count.
 * @param {number[][]} points
 * @param {number[]} box
 * @param {number} enough
 */
function nearest(points, [left, top, right, bottom], enough) {
  let least = enough;
  for (const [x, y] of points) {
    least = Math.min(least, Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom)));
  }
  return least;
}

/** @param {number[]} ends */
function padded([low, high]) {
  const room = 0.03 * (high - low || 1);
  return [low - room, high + room];
}

function say(value) {
  const size = Math.abs(value);
  return minus(size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toPrecision(3));
}
