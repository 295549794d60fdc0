// One seed under three schedulers, and how each of them takes the noise away; all in the browser.
//
// data.curves   [{id, title, note, calls, fresh, hue, dash, step, place, t, sigma, alpha, db}]; all
//               have one entry a U-Net call, place, sigma, alpha and db another for the end; place
//               counts the steps made before; db is null where no noise is left; without a plan
//               there are calls: 0 and the reason as note
// data.run      id of the running example's own scheduler
// data.opening  ids that are on show at the beginning, with a picture each
// data.pictures which frame of data.sheet each of them has, null where there is none; empty until
//               they are drawn
// data.apart    how far each of them is from the first, of 255, on average
// data.steps, data.last   scheduler steps; the noisiest timestep
// data.low, data.high     sigma of the schedule's first and last timestep

const STRIPE = 9; // CSS pixels of one colour where curves lie on one another
const Y = {
  noise: { label: "noise", title: "noise left, share of the power" },
  log: { label: "log σ", title: "σ, noise per unit of signal (log scale)", unit: "σ = " },
  sigma: { label: "σ", title: "σ, noise per unit of signal", unit: "σ = " },
  t: { label: "t", title: "timestep t", unit: "t = " },
  db: { label: "SNR", title: "signal-to-noise ratio, dB" },
};
const X = {
  step: { label: "steps", title: "steps made" },
  t: { label: "t", title: "timestep t" },
  calls: { label: "U-Net calls", title: "share of the U-Net calls" },
};
const SEEN = 2.5; // CSS pixels: curves nearer than this are one line to the eye
const FINEST = 1000;
const NAMED = 6; // curves up to which each is named where it runs

export default function ({ parentElement, data }) {
  return present(parentElement, ".schedulers", Schedulers, data);
}

class Schedulers {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.axes = { x: "step", y: "noise" };
    this.locked = true;
    this.at = 0.5;
    this.resize = new ResizeObserver(() => this.redraw());
    for (const [axis, kinds] of [
      ["y", Y],
      ["x", X],
    ])
      this.offer(axis, kinds);
    this.find(".lock input").addEventListener("change", (event) => {
      this.locked = event.target.checked;
      this.redraw();
    });
    this.find(".cursor").addEventListener("input", (event) => this.point(event.target.value / FINEST));
    this.find(".chart").addEventListener("pointermove", (event) => this.follow(event));
    this.find(".others").addEventListener("click", (event) => {
      this.find(".more").hidden = !this.find(".more").hidden;
      event.target.setAttribute("aria-expanded", !this.find(".more").hidden);
    });
    this.find(".all").addEventListener("click", () => this.choose(this.drawable()));
    this.find(".mine").addEventListener("click", () => this.choose([this.data.run]));
    this.find(".three").addEventListener("click", () => this.choose(this.data.opening));
    this.find(".csv").addEventListener("click", () =>
      save("glassbox-schedulers.csv", new Blob([this.csv()], { type: "text/csv" })),
    );
    this.find(".png").addEventListener("click", () => this.png());
  }

  open() {
    this.resize.observe(this.root);
  }

  close() {
    this.resize.disconnect();
  }

  async show(data) {
    const before = this.data;
    this.data = data;
    this.byId = new Map(data.curves.map((curve) => [curve.id, curve]));
    this.chosen ??= new Set(data.opening);
    if (before && before.run !== data.run) data.opening.forEach((id) => this.chosen.add(id));
    this.find(".list").replaceChildren(...data.curves.map((curve) => this.row(curve)));
    this.drawCards(null);
    this.markList();
    this.redraw();
    const sheet = data.sheet && (await openSheet(data.sheet));
    if (this.data === data && sheet) this.drawCards(sheet);
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
    this.axes = { x: said("x") in X ? said("x") : "step", y: said("y") in Y ? said("y") : "noise" };
    for (const input of this.root.querySelectorAll("[data-axis] input")) {
      input.checked = this.axes[input.name.slice("axis-".length)] === input.value;
    }
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

  name(curve) {
    return curve.id === this.data.run ? `${curve.title}, your run` : curve.title;
  }

  ink(curve) {
    return { colour: curve.hue, dash: curve.dash, width: curve.id === this.data.run ? 4 : 2.25 };
  }

  // ---- pictures and controls

  drawCards(sheet) {
    const { opening, pictures } = this.data;
    this.find(".cards").replaceChildren(
      ...opening.map((id, number) => {
        const curve = this.byId.get(id);
        const card = make("figure", "card");
        card.style.setProperty("--hue", curve.hue);
        const canvas = card.appendChild(make("canvas"));
        canvas.setAttribute("role", "img");
        const place = pictures[number];
        const there = sheet && Number.isInteger(place);
        canvas.setAttribute(
          "aria-label",
          there ? `The picture under ${curve.title}` : `No picture under ${curve.title} yet`,
        );
        if (there) showFrame(canvas, sheet, place);
        const cost = curve.calls ? `${curve.calls} call${curve.calls === 1 ? "" : "s"}` : "cannot be run";
        const said = make("figcaption");
        said.append(make("b", "", this.name(curve)), make("span", "", `${cost}${curve.fresh ? ", fresh noise" : ""}`));
        const apart = this.data.apart[number];
        if (number && Number.isFinite(apart)) said.append(make("span", "", `${apart} of 255 from yours`));
        card.append(said);
        card.title = curve.note || this.name(curve);
        return card;
      }),
    );
    this.root.dataset.pictures = sheet ? pictures.filter(Number.isInteger).length : 0;
  }

  offer(axis, kinds) {
    const box = this.find(`[data-axis="${axis}"]`);
    for (const [kind, { label }] of Object.entries(kinds)) {
      const part = make("label");
      const input = part.appendChild(make("input"));
      Object.assign(input, { type: "radio", name: `axis-${axis}`, value: kind, checked: this.axes[axis] === kind });
      input.addEventListener("change", () => {
        this.axes[axis] = kind;
        this.redraw();
      });
      part.append(make("span", "", label));
      box.append(part);
    }
  }

  row(curve) {
    const part = make("button", "row");
    part.type = "button";
    part.dataset.id = curve.id;
    part.disabled = !curve.calls;
    const name = curve.calls ? this.name(curve) : `${this.name(curve)}: ${curve.note}`;
    const calls = curve.calls ? `${curve.calls} call${curve.calls === 1 ? "" : "s"}` : "–";
    part.append(make("span", "swatch"), make("span", "name", name), make("span", "calls", calls));
    if (curve.note) part.title = curve.note;
    part.addEventListener("click", () => {
      if (!this.chosen.delete(curve.id)) this.chosen.add(curve.id);
      this.markList();
      this.redraw();
    });
    return part;
  }

  markList() {
    for (const part of this.find(".list").children) {
      const curve = this.byId.get(part.dataset.id);
      const on = !part.disabled && this.chosen.has(curve.id);
      part.setAttribute("aria-pressed", on);
      part.querySelector(".swatch").style.background = on ? striped(curve.hue, curve.dash) : "";
    }
  }

  // ---- the chart

  // One curve's points on the chosen axes, the third number says which is the end: no call asks
  // there. What has no place is left out; what has no height runs off the edge.
  points(curve) {
    const along = { step: curve.place, t: curve.t, calls: curve.place.map((_, at) => at / curve.calls) }[this.axes.x];
    const up =
      {
        log: curve.sigma.map((sigma) => (sigma > 0 ? Math.log10(sigma) : null)),
        noise: curve.alpha.map((kept) => 100 * (1 - kept)),
      }[this.axes.y] ?? curve[this.axes.y];
    return along.map((x, at) => [x, up[at], at === curve.calls]).filter(([, y]) => y !== undefined);
  }

  ranges(curves) {
    const { last, steps } = this.data;
    const seen = curves.flatMap((curve) => curve.sigma.filter((sigma) => sigma > 0));
    const [low, high] = [this.data.low, Math.max(this.data.high, ...seen)]; // all of what is shown
    const db = (sigma) => -20 * Math.log10(sigma);
    const whole = {
      log: [Math.log10(low), Math.log10(high)],
      sigma: [0, high],
      t: [0, last],
      noise: [0, 100],
      db: [db(high), db(low)],
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
    const canvas = this.find(".chart canvas");
    const { pen, wide, tall } = fitInCss(canvas);
    this.size = parseFloat(getComputedStyle(this.root).fontSize); // of all words
    this.frame = { left: 4.2 * this.size, top: 1.7 * this.size, right: wide - 10, bottom: tall - 3.2 * this.size };
    const curves = this.shown();
    this.paint(pen, curves, this.frame, wide, tall);
    canvas.setAttribute(
      "aria-label",
      `${Y[this.axes.y].title} by ${X[this.axes.x].title}: ${curves.map((curve) => `${curve.title}, ${curve.calls} calls`).join("; ")}`,
    );
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
    const soft = getComputedStyle(this.find("legend")).color;
    const faint = getComputedStyle(this.find(".files button")).borderTopColor;
    const {
      x: [x0, x1],
      y: [y0, y1],
    } = (this.range = this.ranges(curves));
    const { left, right, top, bottom } = frame;
    const across = (x) => left + ((x - x0) / (x1 - x0 || 1)) * (right - left);
    const down = (y) => bottom - ((y - y0) / (y1 - y0 || 1)) * (bottom - top);
    pen.clearRect(0, 0, wide, tall);
    pen.font = `${0.92 * this.size}px ${style.fontFamily}`;
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
      pen.fillText(text, Math.min(across(value), wide - pen.measureText(text).width / 2), bottom + 6);
    }
    pen.fillText(X[this.axes.x].title, (left + right) / 2, bottom + 1.7 * this.size);
    pen.textAlign = "left";
    pen.fillText("noise", left, bottom + 1.7 * this.size);
    pen.textAlign = "right";
    pen.fillText("picture", right, bottom + 1.7 * this.size);
    pen.textAlign = "left";
    pen.textBaseline = "bottom";
    pen.fillText(Y[this.axes.y].title, 0, top - 5);
    const paths = this.strokes(pen, curves, across, down, frame);
    if (this.named.length <= NAMED) this.nameCurves(pen, paths, frame, style);
  }

  // Curves that lie on one another share the line: each has its stripe in turn. Every dot is a
  // call; the end, where nobody asks, is a ring.
  strokes(pen, curves, across, down, { left, right, top, bottom }) {
    const off = this.axes.y === "db" ? top : bottom; // where no noise at all is
    const paths = curves.map((curve) =>
      this.points(curve).map(([x, y, end]) => [across(x), y === null ? off : down(y), end]),
    );
    const groups = [];
    paths.forEach((path, at) => {
      const group = groups.find(([first]) => alike(paths[first], path));
      if (group) group.push(at);
      else groups.push([at]);
    });
    const ground = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim() || "#fff";
    pen.save();
    pen.beginPath();
    pen.rect(left - 6, top - 6, right - left + 12, bottom - top + 12);
    pen.clip();
    for (const members of groups) {
      members.forEach((at, turn) => {
        const { colour, dash, width } = this.ink(curves[at]);
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
          pen.arc(x, y, end ? 4.5 : Math.min(3.5, 240 / paths[at].length), 0, 7);
          pen.lineWidth = 2;
          if (end) pen.fillStyle = ground;
          pen.fill();
          if (end) pen.stroke();
          pen.fillStyle = colour;
        }
      });
    }
    pen.restore();
    this.named = groups;
    this.groups = groups.filter((group) => group.length > 1).map((group) => group.map((at) => curves[at].title));
    this.labels = groups.map((group) => ({ curves: group.map((at) => curves[at]), path: paths[group[0]] }));
    return paths;
  }

  // Each curve's name stands beside it, where it is farthest from the others and from other names.
  nameCurves(pen, paths, { left, right, top, bottom }, style) {
    const dots = paths.map(dense);
    const taken = [];
    const high = 1.25 * this.size;
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    pen.lineJoin = "round";
    for (const { curves, path } of [...this.labels].reverse()) {
      const said = curves.map((curve) => this.name(curve)).join(" = ");
      pen.font = `600 ${this.size}px ${style.fontFamily}`;
      const wide = pen.measureText(said).width;
      const own = dense(path);
      let best = null;
      for (const [x, y] of own) {
        for (const [dx, dy] of [
          [8, -0.8 * high],
          [8, 0.8 * high],
          [-wide - 8, 0.8 * high],
          [-wide - 8, -0.8 * high],
        ]) {
          const box = [x + dx, y + dy - high / 2, x + dx + wide, y + dy + high / 2];
          if (box[0] < left + 4 || box[2] > right || box[1] < top || box[3] > bottom) continue;
          if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]))
            continue;
          if (nearest(own, box, 4) < 4) continue;
          const free = Math.min(
            60,
            ...dots.filter((_, at) => !alike(paths[at], path)).map((dot) => nearest(dot, box, 60)),
          );
          if (!best || free > best.free + 0.5) best = { free, box };
        }
      }
      if (!best) continue;
      taken.push(best.box);
      pen.strokeStyle = style.getPropertyValue("--st-background-color").trim() || "#fff";
      pen.lineWidth = 4;
      pen.setLineDash([]);
      pen.strokeText(said, best.box[0], (best.box[1] + best.box[3]) / 2);
      pen.fillStyle = style.color; // where a browser cannot mix colours here
      pen.fillStyle = `color-mix(in oklab, ${curves[0].hue} 60%, ${style.color})`;
      pen.fillText(said, best.box[0], (best.box[1] + best.box[3]) / 2);
    }
    this.root.dataset.named = taken.length;
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
      if (kind === "noise" && (value < 0 || value > 100)) continue;
      const text =
        { calls: () => `${Math.round(100 * value)} %`, noise: () => `${Number(value.toFixed(4))} %` }[kind] ??
        (() => String(Number(value.toFixed(4))));
      found.push([value, text().replace("-", "−")]);
    }
    return found;
  }

  // ---- reading all curves at one place

  follow(event) {
    const box = this.find(".chart canvas").getBoundingClientRect();
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
    const where = {
      step: `After ${Number(x.toFixed(1))} of ${this.data.steps} step${this.data.steps === 1 ? "" : "s"}`,
      t: `At t = ${x.toFixed(0)}`,
      calls: `After ${(100 * x).toFixed(0)} % of the calls`,
    }[this.axes.x];
    this.find(".at").textContent = where;
    const cursor = this.find(".cursor");
    cursor.value = Math.round(share * FINEST);
    cursor.setAttribute("aria-valuetext", where);
    this.find(".values").replaceChildren(
      ...this.shown()
        .reverse()
        .map((curve) => {
          const part = make("li");
          part.dataset.id = curve.id;
          const swatch = part.appendChild(make("span", "swatch"));
          swatch.style.background = striped(curve.hue, curve.dash);
          part.append(make("span", "", curve.title), make("b", "", this.read(curve, x)));
          return part;
        }),
    );
    const same = this.groups.map((titles) => titles.join(" = "));
    this.find(".same").textContent = same.length
      ? `On the same noise levels, as far as can be seen: ${same.join("; ")}. They differ in what they do there.`
      : "";
  }

  // The value on the line between the two calls around x.
  read(curve, x) {
    const points = this.points(curve);
    const after = points.findIndex(([place]) => (this.axes.x === "t" ? place <= x : place >= x));
    if (after === -1) return "–";
    const [[xa, ya], [xb, yb]] = [points[Math.max(0, after - 1)], points[after]];
    if (after === 0 && xb !== x) return "–";
    if (yb === null) return xb === x ? (this.axes.y === "db" ? "∞ dB" : "0") : "→ end";
    const value = xa === xb ? yb : ya + ((x - xa) / (xb - xa)) * (yb - ya);
    const { y } = this.axes;
    if (y === "noise")
      return value > 99 && value < 100 ? "over 99 %" : `${value.toFixed(value < 9.95 && value > 0.05 ? 1 : 0)} %`;
    return `${Y[y].unit ?? ""}${say(y === "log" ? 10 ** value : value)}${y === "db" ? " dB" : ""}`;
  }

  // ---- to take away

  csv() {
    const lines = [["scheduler", "call", "step", "t", "sigma", "alpha_bar", "snr_db"]];
    for (const curve of this.shown()) {
      curve.t.forEach((t, at) =>
        lines.push([curve.title, at + 1, curve.step[at] + 1, t, curve.sigma[at], curve.alpha[at], curve.db[at]]),
      );
    }
    return `${lines.map((cells) => cells.join(",")).join("\n")}\n`;
  }

  png() {
    const [wide, tall, line] = [1000, 560, 18];
    const curves = this.shown();
    const rows = Math.ceil(curves.length / 3);
    const canvas = Object.assign(document.createElement("canvas"), {
      width: 2 * wide,
      height: 2 * (tall + 16 + rows * line),
    });
    const sheet = Object.assign(document.createElement("canvas"), { width: 2 * wide, height: 2 * tall });
    const pen = canvas.getContext("2d");
    const chart = sheet.getContext("2d");
    const style = getComputedStyle(this.root);
    chart.setTransform(2, 0, 0, 2, 0, 0);
    this.paint(chart, curves, { left: 60, top: 24, right: wide - 16, bottom: tall - 48 }, wide, tall);
    pen.fillStyle = style.getPropertyValue("--st-background-color").trim() || "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(sheet, 0, 0);
    pen.setTransform(2, 0, 0, 2, 0, 0);
    pen.font = `12px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    curves.forEach((curve, at) => {
      const { colour, dash } = this.ink(curve);
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

// How far a box is from the nearest of some points; what is farther than enough does not count.
function nearest(points, [left, top, right, bottom], enough) {
  let least = enough;
  for (const [x, y] of points) {
    least = Math.min(least, Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom)));
  }
  return least;
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
