// A plane of points, the field that a small network has learned over it, and what it draws. The
// visitor's own points are drawn here and told when the pen is lifted; t is scrubbed here.
//
// data.edge       the plane goes from -edge to edge, both ways
// data.points     float32 pairs in base64, data.labels 0 or 1 for each; data.classes: told apart or not
// data.editable   whether points may be drawn; data.going whether training goes on
// data.curve      [[step, loss]]; data.steps in all; data.seconds so far
// data.times      timesteps of the field, data.kept the signal power left at each
// data.look       {step, field, drawn} or null: the noise named on a grid of data.grid x data.grid
//                 places at each time, one byte a number, 127 is data.full; and points, float32 pairs

const NEAR = 0.07; // of the plane: points of one stroke are that far apart
const MOST = 600;
const ARROW = 0.85; // of the space between two places, the longest arrow

export default function ({ parentElement, data, setTriggerValue }) {
  const close = present(parentElement, ".points", Points, data);
  parentElement.querySelector(".points").view.tell = (points) => setTriggerValue("drawn", points);
  return close;
}

class Points {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.pen = 0;
    this.cross = null;
    this.resize = new ResizeObserver(() => this.draw());
    const plane = this.find(".left .plane");
    drag(plane, { begin: () => this.data.editable, move: (event) => this.spray(event), end: () => this.done() });
    plane.addEventListener("keydown", (event) => this.key(event));
    for (const pen of root.querySelectorAll(".pen")) {
      pen.addEventListener("click", () => {
        this.pen = Number(pen.dataset.label);
        this.mark();
      });
    }
    this.find(".clear").addEventListener("click", () => {
      this.drawn = [];
      this.done();
    });
    this.find(".walk input").addEventListener("input", (event) => {
      this.at = Number(event.target.value);
      this.draw();
    });
  }

  open() {
    this.resize.observe(this.root);
  }

  close() {
    this.resize.disconnect();
  }

  show(data) {
    this.data = data;
    const places = floats(data.points);
    this.points = data.labels.map((label, at) => [places[2 * at], places[2 * at + 1], label]);
    // What the hand does meanwhile is newer than what the server has heard of.
    const told = JSON.stringify(this.points);
    if (!data.editable || !this.drawn || this.sent === undefined || this.sent === told) this.drawn = this.points;
    if (!data.editable) this.sent = undefined;
    this.field = data.look && new Int8Array(bytes(data.look.field).buffer);
    this.samples = data.look && floats(data.look.drawn);
    const range = this.find(".walk input");
    range.max = Math.max(0, data.times.length - 1);
    if (data.times.length) this.at = Math.min(this.at ?? Math.round(data.times.length * 0.25), range.max);
    range.value = this.at ?? 0;
    this.root.classList.toggle("editable", data.editable);
    this.root.classList.toggle("idle", !data.look);
    this.root.dataset.step = data.look?.step ?? 0;
    this.root.dataset.going = data.going;
    this.mark();
    this.draw();
  }

  state() {
    if (!this.data.times.length) return {};
    return { noise_at: textOf(this.at, Math.round(this.data.times.length * 0.25)) };
  }

  take(said) {
    this.sent = undefined; // what the server says after Back is newer than the hand
    const last = this.data.times.length - 1;
    if (last < 0) return;
    this.at = placeOf(said("noise_at"), last, Math.round((last + 1) * 0.25));
    this.find(".walk input").value = this.at;
    this.draw();
  }

  mark() {
    for (const pen of this.root.querySelectorAll(".pen"))
      pen.setAttribute("aria-pressed", Number(pen.dataset.label) === this.pen);
    this.find(".count").textContent = `${this.drawn.length} of at most ${MOST} points`;
    this.root.dataset.drawn = this.drawn.length;
  }

  // ---- drawing points

  spray(event) {
    const box = this.find(".left canvas").getBoundingClientRect();
    const { edge } = this.data;
    const place = (share) => Number(((2 * Math.min(1, Math.max(0, share)) - 1) * edge).toFixed(3));
    const [x, y] = [place((event.clientX - box.left) / box.width), -place((event.clientY - box.top) / box.height)];
    const last = this.drawn.at(-1);
    this.cross = null;
    if (!last || Math.hypot(last[0] - x, last[1] - y) >= NEAR) this.add(x, y);
  }

  add(x, y) {
    if (this.drawn.length >= MOST) return;
    this.drawn = [...this.drawn, [x, y, this.pen]];
    this.mark();
    this.draw();
  }

  key(event) {
    if (!this.data.editable) return;
    const moves = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const move = moves[event.key];
    if (!move && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    const { edge } = this.data;
    this.cross ??= [0, 0];
    if (!move) {
      this.add(...this.cross);
      this.done();
      return;
    }
    const inside = (value) => Number(Math.max(-edge, Math.min(edge, value)).toFixed(3));
    this.cross = this.cross.map((value, axis) => inside(value + move[axis] * 2 * NEAR));
    this.draw();
  }

  done() {
    const places = new Float32Array(this.drawn.flatMap(([x, y]) => [x, y]));
    this.sent = JSON.stringify(this.drawn.map(([, , label], at) => [places[2 * at], places[2 * at + 1], label]));
    this.mark();
    this.draw();
    this.tell(this.drawn);
  }

  // ---- the panes

  draw() {
    if (!this.data || !this.root.clientWidth) return;
    const { data } = this;
    const style = getComputedStyle(this.root);
    this.ink = {
      text: style.color,
      faint: getComputedStyle(this.find(".loss .plane")).borderTopColor,
      soft: getComputedStyle(this.find(".where")).color,
      font: style.fontFamily,
    };
    for (const kind of ["latents", "picture", "noise", "time"]) this.ink[kind] = style.getPropertyValue(`--${kind}`);
    this.drawPlane();
    this.drawSamples();
    this.drawLoss();
    const t = data.times[this.at];
    this.find(".t").textContent = t ?? "";
    this.find(".where").textContent = data.look ? `t = ${t}` : data.editable ? "draw here" : "";
    this.find(".when").textContent = data.look ? `after ${data.look.step.toLocaleString("en")} training steps` : "";
    const range = this.find(".walk input");
    range.setAttribute("aria-valuetext", `timestep ${t}`);
    if (data.look) {
      const kept = Math.sqrt(data.kept[this.at]);
      this.find(".said").textContent =
        `At t = ${t} the data has shrunk to ${kept.toFixed(2)} of its size, under ${Math.sqrt(1 - kept * kept).toFixed(2)} of noise. Each arrow points away from the noise that the network names there: to where it takes the data to be.`;
    }
  }

  sheet(name) {
    const canvas = this.find(`${name} canvas`);
    return { canvas, ...fitInCss(canvas) };
  }

  dots(pen, wide, points, radius, share = 1) {
    const { edge, classes, editable } = this.data;
    for (const [x, y, label] of points) {
      pen.fillStyle = classes || editable ? (label ? this.ink.picture : this.ink.latents) : this.ink.latents;
      pen.beginPath();
      pen.arc((((share * x) / edge + 1) * wide) / 2, ((1 - (share * y) / edge) * wide) / 2, radius, 0, 7);
      pen.fill();
    }
  }

  // The data as they are at t: faded, as the schedule fades everything; the arrows live there.
  drawPlane() {
    const { canvas, pen, wide } = this.sheet(".left");
    const { data } = this;
    const points = data.editable ? this.drawn : this.points;
    const share = data.look ? Math.sqrt(data.kept[this.at]) : 1;
    pen.globalAlpha = data.look ? 0.45 : 0.85;
    this.dots(pen, wide, points, Math.max(1.4, wide / 200), share);
    pen.globalAlpha = 1;
    if (this.cross && data.editable) {
      const [x, y] = this.cross.map((value, axis) => ((1 + ((axis ? -1 : 1) * value) / data.edge) * wide) / 2);
      pen.strokeStyle = this.ink.text;
      pen.lineWidth = 1.5;
      pen.strokeRect(x - 6, y - 6, 12, 12);
    }
    if (this.field) this.arrows(pen, wide);
    const what = data.classes ? "blue and orange" : "blue";
    const label = `${points.length} points, ${what}${data.look ? `, and the field at t = ${data.times[this.at]}` : ""}`;
    this.find(".left .plane").setAttribute(
      "aria-label",
      data.editable ? `${label}. Draw with the pointer, or move with the arrow keys and press Enter` : label,
    );
    canvas.setAttribute("aria-hidden", "true");
  }

  arrows(pen, wide) {
    const { grid, full } = this.data;
    const gap = wide / (grid - 1);
    const start = this.at * grid * grid * 2;
    pen.strokeStyle = this.ink.text;
    pen.lineWidth = 1.25;
    for (let row = 0; row < grid; row++) {
      for (let column = 0; column < grid; column++) {
        const at = start + 2 * (row * grid + column);
        const dx = (-this.field[at] * full) / 127;
        const dy = (-this.field[at + 1] * full) / 127;
        const size = Math.hypot(dx, dy);
        if (size < 0.02) continue;
        const long = gap * ARROW * Math.min(1, size / 2);
        const [x, y] = [column * gap, wide - row * gap];
        const [ux, uy] = [dx / size, -dy / size];
        const [ex, ey] = [x + ux * long, y + uy * long];
        pen.beginPath();
        pen.moveTo(x, y);
        pen.lineTo(ex, ey);
        const head = Math.min(4.5, long / 2);
        pen.moveTo(ex - head * (ux - 0.6 * uy), ey - head * (uy + 0.6 * ux));
        pen.lineTo(ex, ey);
        pen.lineTo(ex - head * (ux + 0.6 * uy), ey - head * (uy - 0.6 * ux));
        pen.stroke();
      }
    }
  }

  drawSamples() {
    const { canvas, pen, wide } = this.sheet(".right");
    if (!this.samples) {
      this.hint(pen, wide, wide, "nothing yet");
      canvas.setAttribute("aria-label", "Nothing is drawn yet");
      return;
    }
    pen.globalAlpha = 0.18;
    this.dots(pen, wide, this.points, Math.max(1.2, wide / 220));
    pen.globalAlpha = 0.9;
    pen.fillStyle = this.ink.time;
    const { edge } = this.data;
    for (let at = 0; at < this.samples.length; at += 2) {
      pen.beginPath();
      pen.arc(
        ((this.samples[at] / edge + 1) * wide) / 2,
        ((1 - this.samples[at + 1] / edge) * wide) / 2,
        Math.max(1.8, wide / 130),
        0,
        7,
      );
      pen.fill();
    }
    pen.globalAlpha = 1;
    canvas.setAttribute(
      "aria-label",
      `${this.samples.length / 2} points drawn from noise, on average ${this.data.apart} from the data`,
    );
  }

  drawLoss() {
    const { canvas, pen, wide, tall } = this.sheet(".loss");
    const { curve, steps, seconds } = this.data;
    this.find(".told").textContent = curve.length
      ? `after ${curve.at(-1)[0].toLocaleString("en")} of ${steps.toLocaleString("en")} training steps, ${seconds} s`
      : `${steps.toLocaleString("en")} training steps`;
    if (!curve.length) {
      this.hint(pen, wide, tall, this.data.going ? "starting…" : "press Train");
      canvas.setAttribute("aria-label", "No loss yet");
      return;
    }
    drawCurve(pen, wide, tall, curve, steps, this.ink, "mean squared error of the noise");
    canvas.setAttribute(
      "aria-label",
      `Loss from ${curve[0][1]} to ${curve.at(-1)[1]} at training step ${curve.at(-1)[0]}`,
    );
  }

  hint(pen, wide, tall, words) {
    pen.fillStyle = this.ink.soft;
    pen.font = `14px ${this.ink.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(words, wide / 2, tall / 2);
  }
}
