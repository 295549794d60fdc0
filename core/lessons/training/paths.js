// The same points walked from noise to data by several samplers, scrubbed together.

const FRAME_MS = 220;
const WHOLE_MS = 6000;
const TRAILS = 40; // points whose whole path is drawn

export default (/** @type {Mounted} */ mounted) => present(mounted, ".paths", Paths);

/** @extends {Player<PathsData>} */
class Paths extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    /** @type {HTMLCanvasElement[]} */
    this.canvases = [];
  }

  show(before) {
    const { data } = this;
    this.points = floats(data.points);
    this.walks = data.walks.map((walk) => ({ ...walk, places: floats(walk.places) }));
    if (this.canvases.length !== data.walks.length) {
      this.canvases = data.walks.map(() => drawing());
      const figures = data.walks.map(({ title, note }, at) => {
        const caption = make("figcaption", "", make("b", "", title), make("span", "", note));
        return make("figure", "", caption, this.canvases[at]);
      });
      this.find(".panes").replaceChildren(...figures);
    }
    this.root.dataset.steps = String(data.steps);
    this.root.dataset.label = String(data.label);
    this.span(data.steps, before?.steps !== data.steps);
  }

  state() {
    return { walk: textOf(this.place, this.last) };
  }

  take(said) {
    this.go(placeOf(said("walk"), this.last, this.last));
  }

  draw() {
    const where = tr("after {place} of {last} steps", { place: this.place, last: this.last });
    this.root.dataset.place = String(this.place);
    this.find(".at").textContent = where;
    this.range.ariaValueText = where;
    this.walks.forEach(({ title, places }, number) => {
      this.drawWalk(this.canvases[number], places);
      this.canvases[number].ariaLabel = tr("{sampler}: {count} points {where}", {
        sampler: title,
        count: this.data.count,
        where,
      });
    });
  }

  drawWalk(canvas, places) {
    const { edge, count, label } = this.data;
    const { pen, wide } = fitInCss(canvas);
    const x = scale([-edge, edge], [0, wide]);
    const y = scale([edge, -edge], [0, wide]);
    const place = (step, one) => {
      const at = 2 * (step * count + one);
      return [x(places[at]), y(places[at + 1])];
    };
    pen.fillStyle = this.ink("noise");
    pen.globalAlpha = 0.3;
    for (let at = 0; at < this.points.length; at += 2) dot(pen, x(this.points[at]), y(this.points[at + 1]), 1.2);
    const colour = this.style.color;
    const steps = [...Array(this.place + 1).keys()];
    for (let one = 0; one < Math.min(TRAILS, count); one++) {
      const trail = steps.map((step) => place(step, one));
      stroke(pen, trail, { colour, width: 1, alpha: 0.28 });
    }
    pen.fillStyle = this.ink(["latents", "picture", "time"][label]);
    for (let one = 0; one < count; one++) {
      const [across, down] = place(this.place, one);
      dot(pen, across, down, Math.max(2, wide / 100));
    }
  }
}
