// The same points walked from noise to data by several samplers, scrubbed together.
//
// data.edge    the plane goes from -edge to edge, both ways
// data.points  of the data, float32 pairs in base64, to be shown behind
// data.label   the class that was asked for: 0, 1, or 2 for none
// data.count   points on their way; data.steps of every sampler
// data.walks   [{title, note, places}]: (steps + 1) x count float32 pairs in base64

const FRAME_MS = 220;
const WHOLE_MS = 6000;
const TRAILS = 40; // points whose whole path is drawn

export default function ({ parentElement, data }) {
  return present(parentElement, ".paths", Paths, data);
}

class Paths extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.find = (name) => root.querySelector(name);
  }

  show(data) {
    this.data = data;
    this.points = floats(data.points);
    this.walks = data.walks.map((walk) => ({ ...walk, places: floats(walk.places) }));
    const { children } = this.find(".panes");
    if (children.length !== data.walks.length) {
      this.find(".panes").replaceChildren(
        ...data.walks.map((walk) => {
          const figure = document.createElement("figure");
          const caption = document.createElement("figcaption");
          const [title, note, canvas] = ["b", "span", "canvas"].map((tag) => document.createElement(tag));
          title.textContent = walk.title;
          note.textContent = walk.note;
          canvas.setAttribute("role", "img");
          caption.append(title, note);
          figure.append(caption, canvas);
          return figure;
        }),
      );
    }
    this.last = data.steps;
    this.range.max = this.last;
    this.place = Math.min(this.place ?? this.last, this.last);
    if (this.steps !== data.steps) this.place = this.last; // of another length: to its end
    this.steps = data.steps;
    this.range.value = this.place;
    this.root.dataset.steps = data.steps;
    this.root.dataset.label = data.label;
    this.label();
    this.draw();
  }

  state() {
    return { walk: textOf(this.place, this.last) };
  }

  take(said) {
    this.go(placeOf(said("walk"), this.last, this.last));
  }

  draw() {
    if (!this.walks || !this.root.clientWidth) return;
    const style = getComputedStyle(this.root);
    const hue = style.getPropertyValue(["--latents", "--picture", "--time"][this.data.label]);
    const { edge, count } = this.data;
    this.root.dataset.place = this.place;
    const where = `after ${this.place} of ${this.last} steps`;
    this.find(".at").textContent = where;
    this.range.setAttribute("aria-valuetext", where);
    this.walks.forEach(({ title, places }, number) => {
      const canvas = this.find(".panes").children[number].querySelector("canvas");
      const { pen, wide } = fitInCss(canvas);
      const x = (values, at) => ((values[at] / edge + 1) * wide) / 2;
      const y = (values, at) => ((1 - values[at + 1] / edge) * wide) / 2;
      const dot = (values, at, radius) => {
        pen.beginPath();
        pen.arc(x(values, at), y(values, at), radius, 0, 7);
        pen.fill();
      };
      pen.fillStyle = style.getPropertyValue("--noise");
      pen.globalAlpha = 0.3;
      for (let at = 0; at < this.points.length; at += 2) dot(this.points, at, 1.2);
      pen.strokeStyle = style.color;
      pen.globalAlpha = 0.28;
      pen.lineWidth = 1;
      for (let one = 0; one < Math.min(TRAILS, count); one++) {
        pen.beginPath();
        for (let step = 0; step <= this.place; step++) {
          const at = 2 * (step * count + one);
          pen.lineTo(x(places, at), y(places, at));
        }
        pen.stroke();
      }
      pen.globalAlpha = 1;
      pen.fillStyle = hue;
      for (let one = 0; one < count; one++) dot(places, 2 * (this.place * count + one), Math.max(2, wide / 100));
      canvas.setAttribute("aria-label", `${title}: ${count} points ${where}`);
    });
  }
}
