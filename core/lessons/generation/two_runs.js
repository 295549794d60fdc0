// Two runs scrubbed together, with their distance at every place: nothing is sent to the server.
//
// data.id        names the pair; the same one keeps its place
// data.runs      both: {title, given, guess}, sheets with one pixel a position of the latents
// data.pictures  a sheet with both results, shown at the last place
// data.places    [{text, spoken}]: what to say at each place
// data.latents   distance of the noisy latents at each place; null where they cannot be compared
// data.estimates distance of the estimates
// data.branch    the first call that is not shared; data.parted the place where they are half apart

const FRAME_MS = 160;
const WHOLE_MS = 4500;
const EDGE = { left: 44, right: 14, top: 22, bottom: 34 };

export default function ({ parentElement, data }) {
  return present(parentElement, ".two-runs", TwoRuns, data);
}

class TwoRuns extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.find = (name) => root.querySelector(name);
    this.svg = this.find(".lines");
  }

  async show(data) {
    this.coming = data; // until it is decoded, what is shown may be drawn again
    const sheets = [data.pictures, ...data.runs.flatMap((run) => [run.given, run.guess])];
    const [pictures, ...rest] = await Promise.all(sheets.map(openSheet));
    if (this.coming !== data) return; // newer data came while these were decoded
    this.data = data;
    this.pictures = pictures;
    this.sheets = [rest.slice(0, 2), rest.slice(2)];
    this.last = data.places.length - 1;
    this.range.max = this.last;
    data.runs.forEach((run, number) => {
      const figure = this.root.querySelectorAll(".run")[number];
      const caption = figure.querySelector("figcaption");
      caption.textContent = caption.title = run.title;
      figure.style.setProperty("--aspect", `${pictures.width} / ${pictures.height}`);
    });
    this.find(".legend .latents").hidden = !data.latents;
    const isNew = this.root.dataset.pair !== data.id;
    this.root.dataset.pair = data.id;
    if (isNew) this.pause();
    this.label();
    this.range.value = this.place = isNew ? this.last : Math.min(this.place, this.last);
    this.redraw();
  }

  state() {
    return { both: textOf(this.place, this.last) };
  }

  take(said) {
    if (this.sheets) this.go(placeOf(said("both"), this.last, this.last));
  }

  redraw() {
    this.chart();
    this.draw();
  }

  draw() {
    if (!this.sheets || !this.root.clientWidth) return;
    const { places, runs, latents, estimates } = this.data;
    const place = places[this.place];
    const [where, ...more] = place.text.split(" · ");
    this.find(".where b").textContent = where;
    this.find(".where span").textContent = more.join(" · ");
    const apart = `${estimates[this.place].toFixed(3)} apart`;
    this.range.setAttribute("aria-valuetext", `${place.spoken}, ${apart}`);
    this.root.dataset.place = this.place;
    this.find(".legend .estimates b").textContent = estimates[this.place].toFixed(3);
    if (latents) this.find(".legend .latents b").textContent = latents[this.place].toFixed(3);
    runs.forEach((run, number) => {
      const figure = this.root.querySelectorAll(".run")[number];
      const end = this.place === this.last;
      for (const [kind, sheet] of [
        ["given", this.sheets[number][0]],
        ["guess", this.sheets[number][1]],
      ]) {
        const canvas = figure.querySelector(`.${kind}`);
        const what = kind === "given" ? "What the network is given" : "What it believes";
        canvas.setAttribute(
          "aria-label",
          `${run.title}: ${end && kind === "guess" ? "the result" : what}, ${place.spoken}`,
        );
        const pen = fit(canvas);
        if (end && kind === "guess") put(pen, this.pictures, number);
        else put(pen, sheet, this.place);
      }
    });
    this.head();
  }

  chart() {
    const width = this.svg.clientWidth;
    const height = this.svg.clientHeight;
    if (!this.sheets || !width) return;
    const { latents, estimates, branch, parted } = this.data;
    const top = Math.max(1e-3, ...estimates, ...(latents ?? [])) * 1.08;
    this.across = (place) => EDGE.left + (place / this.last) * (width - EDGE.left - EDGE.right);
    this.up = (value) => height - EDGE.bottom - (value / top) * (height - EDGE.top - EDGE.bottom);
    const parts = [];
    const step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5].find((one) => top / one <= 4) ?? 10;
    for (let value = 0; value <= top; value += step) {
      parts.push(
        made("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: this.up(value), y2: this.up(value) }),
      );
      parts.push(
        made(
          "text",
          { x: EDGE.left - 6, y: this.up(value) + 4, "text-anchor": "end" },
          String(Number(value.toFixed(4))),
        ),
      );
    }
    const every = Math.max(1, Math.ceil(this.last / Math.min(10, width / 60)));
    for (let place = 0; place <= this.last; place += every) {
      parts.push(
        made("text", { x: this.across(place), y: height - EDGE.bottom + 16, "text-anchor": "middle" }, String(place)),
      );
    }
    parts.push(made("text", { x: width - EDGE.right, y: height - 2, "text-anchor": "end" }, "U-Net calls answered →"));
    parts.push(made("text", { x: EDGE.left - 30, y: 12 }, "↑ distance, RMS"));
    if (branch > 0) {
      const box = {
        x: EDGE.left,
        y: EDGE.top,
        width: this.across(branch) - EDGE.left,
        height: height - EDGE.top - EDGE.bottom,
      };
      parts.push(made("rect", { class: "shared", ...box }));
      parts.push(...this.mark(branch, "they part here", width));
    } else if (parted) parts.push(...this.mark(parted, "at least half as far apart as the results", width));
    for (const [name, values] of [
      ["latents", latents],
      ["estimates", estimates],
    ]) {
      if (values)
        parts.push(made("path", { class: name, d: values.map((value, place) => this.segment(value, place)).join("") }));
    }
    this.svg.replaceChildren(...parts);
    this.moving = ["line", ...(latents ? ["latents"] : []), "estimates"].map((kind) =>
      kind === "line"
        ? made("line", { class: "head", y1: EDGE.top - 4, y2: height - EDGE.bottom })
        : made("circle", { class: kind, r: 5 }),
    );
    this.svg.append(...this.moving);
    // The slider lies over the chart: its thumb, half of which stays inside at the ends, is 16 wide.
    this.range.style.left = `${EDGE.left - 8}px`;
    this.range.style.width = `${width - EDGE.left - EDGE.right + 16}px`;
  }

  // Up to the place where the runs part they are one, and the distance is 0 to the very line.
  segment(value, place) {
    const { branch } = this.data;
    if (branch > 0 && place === branch)
      return `L${this.across(place)} ${this.up(0)}L${this.across(place)} ${this.up(value)}`;
    return `${place ? "L" : "M"}${this.across(place)} ${this.up(value)}`;
  }

  mark(place, text, width) {
    const x = this.across(place);
    const late = x > width * 0.6;
    return [
      made("line", { class: "mark", x1: x, x2: x, y1: EDGE.top - 8, y2: this.up(0) }),
      made("text", { class: "strong", x: late ? x - 6 : x + 6, y: 12, "text-anchor": late ? "end" : "start" }, text),
    ];
  }

  head() {
    const { latents, estimates } = this.data;
    const x = this.across(this.place);
    for (const part of this.moving) {
      if (part.tagName === "line") {
        part.setAttribute("x1", x);
        part.setAttribute("x2", x);
      } else {
        const values = part.classList.contains("latents") ? latents : estimates;
        part.setAttribute("cx", x);
        part.setAttribute("cy", this.up(values[this.place]));
      }
    }
  }
}

function made(tag, attributes, text = "") {
  const part = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
  part.textContent = text;
  return part;
}

// A small sheet has no edge round its frames: the frame is cut out first, so that no other shows.
function put(pen, sheet, index) {
  const cut = make("canvas");
  showFrame(cut, sheet, index);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(cut, 0, 0, pen.canvas.width, pen.canvas.height);
}
