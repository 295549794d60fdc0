// The same points on their way from noise to data, in panes beside each other, scrubbed together. Of
// a flow one point is marked: its own pair, and all pairs whose lines meet where it is.

const FRAME_MS = 220;
const WHOLE_MS = 6000;
const TRAILS = 40; // points whose whole path is drawn
const KINDS = ["latents", "picture", "time"];

export default (/** @type {Mounted} */ mounted) => present(mounted, ".paths", Paths);

/** @extends {Player<PathsData>} */
class Paths extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    /** @type {HTMLCanvasElement[]} */
    this.canvases = [];
    this.one = 0;
    this.still = false; // stopped by hand
    this.range.addEventListener("input", () => (this.still = true));
    this.chooser = this.find(".one input");
    this.chooser.addEventListener("input", () => this.mark(Number(this.chooser.value) - 1));
  }

  toggle() {
    super.toggle();
    this.still = !this.timer;
  }

  show(before) {
    const { data } = this;
    this.points = floats(data.points);
    this.walks = data.walks.map((walk) => ({ ...walk, places: floats(walk.places) }));
    this.fan = data.fan && {
      ...data.fan,
      data: floats(data.fan.data),
      picks: new Uint16Array(bytes(data.fan.picks).buffer),
    };
    const names = (/** @type {PathsData} */ of) => of?.walks.map(({ title, note }) => title + note).join();
    if (names(before) !== names(data)) this.hang();
    this.root.classList.toggle("fanned", Boolean(this.fan));
    if (this.fan) this.chooser.max = String(this.fan.points);
    this.root.dataset.steps = String(data.walks.at(-1).steps);
    const isNew = before?.frames !== data.frames || before.flow !== data.flow;
    const other = !data.going && !isNew && names(before) !== names(data);
    this.span(data.frames, isNew);
    if (data.flow && (isNew || other || data.going)) this.begin(isNew);
  }

  // A film that begins by itself, unless a hand stopped it or the reader wants no motion.
  begin(isNew) {
    if (this.timer || (this.still && !isNew) || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    if (!isNew || saidInAddress("film_at") === null) this.play();
  }

  hang() {
    const { walks } = this.data;
    this.canvases = walks.map(() => drawing());
    const figures = walks.map(({ title, note, steps }, at) => {
      const caption = make("figcaption", "", make("b", "", title), make("span", "quiet", steps ? note : ""));
      const canvas = this.canvases[at];
      canvas.addEventListener("pointerdown", (event) => this.pick(at, placeIn(canvas, event)));
      return make("figure", steps ? "" : "empty", caption, canvas);
    });
    this.find(".panes").replaceChildren(...figures);
    this.find(".panes").style.setProperty("--count", String(walks.length));
  }

  state() {
    return { film_at: textOf(this.place, this.last), marked: textOf(this.one + 1, 1) };
  }

  take(said) {
    if (said("film_at") !== null) this.pause();
    if (this.fan) this.mark(placeOf(said("marked"), this.fan.points, 1) - 1);
    this.go(placeOf(said("film_at"), this.last, this.last));
  }

  mark(one) {
    this.one = Math.max(0, one);
    this.chooser.value = String(this.one + 1);
    this.update();
  }

  // The nearest of the points that can be marked, where a pane is pressed.
  pick(pane, [across, down]) {
    if (!this.fan || !this.walks[pane].steps) return;
    const { edge } = this.data;
    const [x, y] = [(2 * across - 1) * edge, (1 - 2 * down) * edge];
    const far = Array.from({ length: this.fan.points }, (_, one) => {
      const [px, py] = this.where(this.walks[pane], one);
      return Math.hypot(px - x, py - y);
    });
    this.mark(far.indexOf(Math.min(...far)));
  }

  // Where a point is on its way now, and which of its steps it is in.
  where(walk, one) {
    const done = (this.place / this.last) * walk.steps;
    const step = Math.min(Math.floor(done), walk.steps - 1);
    const at = 2 * (step * this.data.count + one);
    const next = at + 2 * this.data.count;
    const part = done - step;
    const between = (/** @type {number} */ axis) =>
      (1 - part) * walk.places[at + axis] + part * walk.places[next + axis];
    return [between(0), between(1), step];
  }

  draw() {
    const { data } = this;
    const share = (1 - this.place / this.last).toFixed(2);
    const where = data.flow
      ? `s = ${share}`
      : trMany(this.last, "after {place} of {count} step", "after {place} of {count} steps", { place: this.place });
    this.root.dataset.place = String(this.place);
    this.root.dataset.marked = String(this.one + 1);
    this.find(".at").textContent = where;
    this.range.ariaValueText = data.flow ? tr("share of noise {share}", { share }) : where;
    if (this.fan) {
      const said = tr("{one} of {count}", { one: this.one + 1, count: this.fan.points });
      this.find(".one b").textContent = said;
      this.chooser.ariaValueText = said;
    }
    this.walks.forEach((walk, number) => {
      const canvas = this.canvases[number];
      this.drawWalk(canvas, walk, number);
      canvas.ariaLabel = walk.steps
        ? tr("{sampler}: {count} points {where}", { sampler: walk.title, count: data.count, where })
        : tr("{title}: nothing yet, {note}", { title: walk.title, note: walk.note });
    });
  }

  drawWalk(canvas, walk, number) {
    const { edge, count } = this.data;
    const { pen, wide } = fitInCss(canvas);
    const x = scale([-edge, edge], [0, wide]);
    const y = scale([edge, -edge], [0, wide]);
    pen.fillStyle = this.ink("noise");
    pen.globalAlpha = 0.3;
    for (let at = 0; at < this.points.length; at += 2) dot(pen, x(this.points[at]), y(this.points[at + 1]), 1.2);
    pen.globalAlpha = 1;
    if (!walk.steps) {
      Object.assign(pen, { fillStyle: this.ink("soft"), textAlign: "center", textBaseline: "middle" });
      pen.font = `15px ${this.style.fontFamily}`;
      pen.fillText(walk.note, wide / 2, 0.93 * wide); // below the points
      return;
    }
    const trail = (/** @type {number} */ one) => {
      const [across, up, step] = this.where(walk, one);
      const line = [];
      for (let done = 0; done <= step; done++) {
        const at = 2 * (done * count + one);
        line.push([x(walk.places[at]), y(walk.places[at + 1])]);
      }
      return [...line, [x(across), y(up)]];
    };
    const colour = this.style.color;
    for (let one = 0; one < Math.min(TRAILS, count); one++) stroke(pen, trail(one), { colour, width: 1, alpha: 0.28 });
    const inks = KINDS.map((kind) => this.ink(kind));
    for (let one = 0; one < count; one++) {
      pen.fillStyle = inks[walk.kinds[one]];
      const [across, up] = this.where(walk, one);
      dot(pen, x(across), y(up), Math.max(2, wide / 100));
    }
    if (this.fan) this.drawMarked(pen, trail(this.one), number, { x, y, wide });
  }

  // The way of the marked point; and where all pairs are taken together, their lines through it.
  drawMarked(pen, trail, number, { x, y, wide }) {
    const { pane, count, points, frames, data, picks } = this.fan;
    const ink = this.ink("text");
    const [across, up] = this.where(this.walks[number], this.one);
    const frame = Math.min(Math.floor((this.place / this.last) * frames), frames - 1);
    const share = 1 - this.place / this.last;
    if (number === pane && share > 0) {
      for (let line = 0; line < count; line++) {
        const pick = 2 * picks[(frame * points + this.one) * count + line];
        const [dx, dy] = [data[pick], data[pick + 1]];
        const noise = [(across - (1 - share) * dx) / share, (up - (1 - share) * dy) / share];
        stroke(
          pen,
          [
            [x(noise[0]), y(noise[1])],
            [x(dx), y(dy)],
          ],
          { colour: ink, width: 1, alpha: 0.45 },
        );
      }
    }
    stroke(pen, trail, { colour: ink, width: 3 });
    pen.fillStyle = ink;
    dot(pen, x(across), y(up), Math.max(4, wide / 55));
  }
}
