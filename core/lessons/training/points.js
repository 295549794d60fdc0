// A plane of points, the field that a small network has learned over it, and what it draws. The
// visitor's own points are drawn here and told as "drawn" when the pen is lifted; t is scrubbed here.

const NEAR = 0.07; // of the plane: points of one stroke are that far apart
const MOST = 600;
const ARROW = 0.85; // of the space between two places, the longest arrow

export default (/** @type {Mounted} */ mounted) => present(mounted, ".points", Points);

/** @extends {View<PointsData>} */
class Points extends View {
  constructor(root) {
    super(root);
    this.pen = 0;
    /** @type {number[]} */
    this.cross = null;
    this.range = this.find(".walk input");
    const plane = this.find(".left .plane");
    drag(this.find(".left canvas"), {
      begin: () => this.data.editable,
      move: (across, down) => this.spray(across, down),
      end: () => this.done(),
    });
    const add = () => this.addHere();
    keys(plane, (across, down) => this.step(across, down), { Enter: add, " ": add });
    this.pens = [...root.querySelectorAll(".pen")];
    this.pens.forEach((button, pen) =>
      button.addEventListener("click", () => {
        this.pen = pen;
        this.mark();
      }),
    );
    this.find(".clear").addEventListener("click", () => {
      this.drawn = [];
      this.done();
    });
    this.range.addEventListener("input", () => {
      this.at = Number(this.range.value);
      this.update();
    });
  }

  show() {
    const { data } = this;
    const places = floats(data.points);
    this.points = data.labels.map((label, at) => [places[2 * at], places[2 * at + 1], label]);
    // What the hand does meanwhile is newer than what the server has heard of.
    const told = JSON.stringify(this.points);
    if (!data.editable || !this.drawn || this.sent === undefined || this.sent === told) this.drawn = this.points;
    if (!data.editable) this.sent = undefined;
    this.field = data.look && new Int8Array(bytes(data.look.field).buffer);
    this.samples = data.look && floats(data.look.drawn);
    const last = Math.max(0, data.times.length - 1);
    this.range.max = String(last);
    if (data.times.length) this.at = Math.min(this.at ?? Math.round(data.times.length * 0.25), last);
    this.range.value = String(this.at ?? 0);
    this.root.classList.toggle("editable", data.editable);
    this.root.classList.toggle("idle", !data.look);
    this.root.dataset.step = String(data.look?.step ?? 0);
    this.root.dataset.going = String(data.going);
    this.mark();
    this.redraw();
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
    this.range.value = String(this.at);
    this.update();
  }

  mark() {
    press(this.pens, (_, pen) => pen === this.pen);
    this.find(".count").textContent = tr("{count} of at most {most} points", { count: this.drawn.length, most: MOST });
    this.root.dataset.drawn = String(this.drawn.length);
  }

  // ---- drawing points

  spray(across, down) {
    const { edge } = this.data;
    const place = (share) => Number(((2 * clamp(share, 0, 1) - 1) * edge).toFixed(3));
    const [x, y] = [place(across), -place(down)];
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

  step(across, down) {
    const { edge, editable } = this.data;
    if (!editable) return false;
    const [x, y] = this.cross ?? [0, 0];
    const inside = (value) => Number(clamp(value, -edge, edge).toFixed(3));
    this.cross = [inside(x + across * 2 * NEAR), inside(y - down * 2 * NEAR)];
    this.update();
  }

  addHere() {
    if (!this.data.editable) return false;
    this.cross ??= [0, 0];
    this.add(this.cross[0], this.cross[1]);
    this.done();
  }

  done() {
    const places = new Float32Array(this.drawn.flatMap(([x, y]) => [x, y]));
    this.sent = JSON.stringify(this.drawn.map(([, , label], at) => [places[2 * at], places[2 * at + 1], label]));
    this.mark();
    this.draw();
    this.tell("drawn", this.drawn);
  }

  // ---- the panes

  draw() {
    const { data } = this;
    this.drawPlane();
    this.drawSamples();
    this.drawLoss();
    const t = data.times[this.at];
    const name = data.flow ? "s" : "t";
    this.find(".t").textContent = String(t ?? "");
    this.find(".walk label").textContent = data.flow ? tr("share of noise s") : tr("timestep t");
    this.range.ariaLabel = data.flow ? tr("Share of noise of the field") : tr("Timestep t of the field");
    this.find(".where").textContent = data.look ? `${name} = ${t}` : data.editable ? tr("draw here") : "";
    this.find(".when").textContent = data.look
      ? trMany(data.look.step, "after {count:,} training step", "after {count:,} training steps")
      : "";
    this.range.ariaValueText = data.flow ? tr("share of noise {share}", { share: t }) : tr("timestep {t}", { t });
    if (data.look) {
      const [kept, noise] = data.weights[this.at].map((weight) => weight.toFixed(2));
      this.find(".said").textContent = data.flow
        ? tr(
            "At s = {s} the data has shrunk to {kept} of its size, under {noise} of noise. Each arrow is the velocity that the network names there, turned round: along it points flow as the noise goes.",
            { s: t, kept, noise },
          )
        : tr(
            "At t = {t} the data has shrunk to {kept} of its size, under {noise} of noise. Each arrow points away from the noise that the network names there: to where it takes the data to be.",
            { t, kept, noise },
          );
    }
  }

  // A pane to draw on, and where the plane's places lie on it.
  pane(selector) {
    const { edge } = this.data;
    const { pen, wide } = fitInCss(this.find(`${selector} canvas`));
    return { pen, wide, x: scale([-edge, edge], [0, wide]), y: scale([edge, -edge], [0, wide]) };
  }

  dots({ pen, x, y }, points, radius, alpha, share = 1) {
    const { classes, editable } = this.data;
    const inks = [this.ink("latents"), this.ink("picture")];
    pen.globalAlpha = alpha;
    for (const [across, up, label] of points) {
      pen.fillStyle = inks[classes || editable ? label : 0];
      dot(pen, x(share * across), y(share * up), radius);
    }
    pen.globalAlpha = 1;
  }

  // The data as they are at t: faded, as the schedule fades everything; the arrows live there.
  drawPlane() {
    const pane = this.pane(".left");
    const { data } = this;
    const points = data.editable ? this.drawn : this.points;
    const share = data.look ? data.weights[this.at][0] : 1;
    this.dots(pane, points, Math.max(1.4, pane.wide / 200), data.look ? 0.45 : 0.85, share);
    if (this.cross && data.editable) {
      const [x, y] = [pane.x(this.cross[0]), pane.y(this.cross[1])];
      outline(pane.pen, { [this.style.color]: 1.5 }, x - 6, y - 6, 12, 12);
    }
    if (this.field) this.arrows(pane.pen, pane.wide);
    const [count, t] = [points.length, data.times[this.at]];
    let plane = data.classes ? tr("{count} points, blue and orange", { count }) : tr("{count} points, blue", { count });
    if (data.look)
      plane = data.flow
        ? tr("{points}, and the field at s = {t}", { points: plane, t })
        : tr("{points}, and the field at t = {t}", { points: plane, t });
    if (data.editable)
      plane = tr("{points}. Draw with the pointer, or move with the arrow keys and press Enter", { points: plane });
    this.find(".left .plane").ariaLabel = plane;
    pane.pen.canvas.ariaHidden = "true";
  }

  arrows(pen, wide) {
    const { grid, full } = this.data;
    const gap = wide / (grid - 1);
    const start = this.at * grid * grid * 2;
    const how = { colour: this.style.color, width: 1.25 };
    for (let place = 0; place < grid * grid; place++) {
      const at = start + 2 * place;
      const [dx, dy] = [(-this.field[at] * full) / 127, (-this.field[at + 1] * full) / 127];
      const size = Math.hypot(dx, dy);
      if (size < 0.02) continue;
      const long = gap * ARROW * Math.min(1, size / 2);
      const [x, y] = [(place % grid) * gap, wide - Math.floor(place / grid) * gap];
      const [ux, uy] = [dx / size, -dy / size];
      const tip = [x + ux * long, y + uy * long];
      const head = Math.min(4.5, long / 2);
      const wing = (side) => [tip[0] - head * (ux - side * uy), tip[1] - head * (uy + side * ux)];
      stroke(pen, [[x, y], tip], how);
      stroke(pen, [wing(0.6), tip, wing(-0.6)], how);
    }
  }

  drawSamples() {
    const pane = this.pane(".right");
    const { canvas } = pane.pen;
    if (!this.samples) {
      this.hint(canvas, tr("nothing yet"));
      canvas.ariaLabel = tr("Nothing is drawn yet");
      return;
    }
    this.dots(pane, this.points, Math.max(1.2, pane.wide / 220), 0.18);
    pane.pen.globalAlpha = 0.9;
    pane.pen.fillStyle = this.ink("time");
    for (let at = 0; at < this.samples.length; at += 2) {
      dot(pane.pen, pane.x(this.samples[at]), pane.y(this.samples[at + 1]), Math.max(1.8, pane.wide / 130));
    }
    canvas.ariaLabel = tr("{count} points drawn from noise, on average {apart} from the data", {
      count: this.samples.length / 2,
      apart: this.data.apart,
    });
  }

  drawLoss() {
    const canvas = this.find(".loss canvas");
    const { curve, steps, seconds, going } = this.data;
    this.find(".told").textContent = curve.length
      ? tr("after {step:,} of {steps:,} training steps, {seconds} s", { step: curve.at(-1)[0], steps, seconds })
      : trMany(steps, "{count:,} training step", "{count:,} training steps");
    if (curve.length) {
      const { flow } = this.data;
      const unit = flow ? tr("mean squared error of the velocity") : tr("mean squared error of the noise");
      drawLoss(canvas, curve, steps, unit, this);
      return;
    }
    this.hint(canvas, going ? tr("starting…") : tr("press Train"));
    canvas.ariaLabel = tr("No loss yet");
  }

  hint(canvas, words) {
    const { pen, wide, tall } = fitInCss(canvas);
    Object.assign(pen, { fillStyle: this.ink("soft"), textAlign: "center", textBaseline: "middle" });
    pen.font = `14px ${this.style.fontFamily}`;
    pen.fillText(words, wide / 2, tall / 2);
  }
}
