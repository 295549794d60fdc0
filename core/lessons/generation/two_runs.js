// Two runs scrubbed together, with their distance at every place: nothing is sent to the server.

const FRAME_MS = 160;
const WHOLE_MS = 4500;
const EDGE = { left: 44, right: 14, top: 22, bottom: 34 };

export default (/** @type {Mounted} */ mounted) => present(mounted, ".two-runs", TwoRuns);

/** @extends {Player<PairData>} */
class TwoRuns extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.chart = new LineChart(this.find("svg.lines"));
    this.figures = [...root.querySelectorAll(".run")];
  }

  load({ pictures, runs }) {
    return Promise.all([pictures, ...runs.flatMap((run) => [run.given, run.guess])].map(openSheet));
  }

  show(before, [pictures, ...rest]) {
    const { data } = this;
    this.pictures = pictures;
    this.sheets = [rest.slice(0, 2), rest.slice(2)];
    data.runs.forEach((run, number) => {
      const caption = this.figures[number].querySelector("figcaption");
      caption.textContent = caption.title = run.title;
      this.figures[number].style.setProperty("--aspect", `${pictures.width} / ${pictures.height}`);
    });
    this.find(".legend .latents").hidden = !data.latents;
    this.span(data.places.length - 1, before?.id !== data.id);
  }

  state() {
    return { both: textOf(this.place, this.last) };
  }

  take(said) {
    this.go(placeOf(said("both"), this.last, this.last));
  }

  lay() {
    const { clientWidth: width, clientHeight: height } = this.chart.element;
    const { latents, estimates, branch, parted } = this.data;
    const frame = { left: EDGE.left, right: width - EDGE.right, top: EDGE.top, bottom: height - EDGE.bottom };
    const ends = [0, Math.max(1e-3, ...estimates, ...(latents ?? [])) * 1.08];
    const along = scale([0, this.last], [frame.left, frame.right]);
    const every = Math.max(1, Math.ceil(this.last / Math.min(10, width / 60)));
    /** @type {SVGElement[]} */
    const parts = [
      svg("text", { x: frame.right, y: height - 2, "text-anchor": "end" }, tr("U-Net calls answered →")),
      svg("text", { x: EDGE.left - 30, y: 12 }, tr("↑ distance, RMS")),
    ];
    for (let place = 0; place <= this.last; place += every) {
      const where = { x: along(place), y: frame.bottom + 16, "text-anchor": "middle" };
      parts.push(svg("text", where, String(place)));
    }
    if (branch > 0) {
      const size = { width: along(branch) - frame.left, height: frame.bottom - frame.top };
      parts.push(svg("rect", { class: "shared", x: frame.left, y: frame.top, ...size }));
      parts.push(...mark(along(branch), frame, tr("they part here")));
    } else if (parted) parts.push(...mark(along(parted), frame, tr("half the distance at the end")));
    // Up to the place where the runs part they are one, and the distance is 0 to the very line.
    const jumps = (at) => branch > 0 && at === branch;
    const points = (values) =>
      values.flatMap((value, at) => (jumps(at) ? [0, value] : [value]).map((height) => [at, height]));
    const lines = [
      ...(latents ? [{ kind: "latents", values: latents, points: points(latents) }] : []),
      { kind: "picture", values: estimates, points: points(estimates) },
    ];
    this.lines = lines.map(({ values }) => values);
    this.chart.draw(lines, { frame, ends, marks: ticks(ends, 4), along, beside: true }, parts);
    // The slider lies over the chart: its thumb, half of which stays inside at the ends, is 16 wide.
    Object.assign(this.range.style, { left: `${EDGE.left - 8}px`, width: `${frame.right - EDGE.left + 16}px` });
  }

  draw() {
    const { places, runs, latents, estimates } = this.data;
    const { spoken } = places[this.place];
    const said = (values) => values[this.place].toFixed(3);
    this.name(places[this.place], tr(", {distance} apart", { distance: said(estimates) }));
    this.root.dataset.place = String(this.place);
    this.find(".legend .estimates b").textContent = said(estimates);
    if (latents) this.find(".legend .latents b").textContent = said(latents);
    const end = this.place === this.last;
    runs.forEach((run, number) => {
      ["given", "guess"].forEach((kind, at) => {
        const canvas = this.figures[number].querySelector(`canvas.${kind}`);
        const what = at ? (end ? tr("the result") : tr("What it believes")) : tr("What the network is given");
        canvas.ariaLabel = `${run.title}: ${what}, ${spoken}`;
        if (end && at) spreadFrame(canvas, this.pictures, number);
        else spreadFrame(canvas, this.sheets[number][at], this.place);
      });
    });
    this.chart.move(
      this.chart.along(this.place),
      this.lines.map((values) => values[this.place]),
    );
  }
}

// A line where something happens, with words on the side that has room.
function mark(x, { top, right, bottom }, text) {
  const late = x > right * 0.6;
  return [
    svg("line", { class: "mark", x1: x, x2: x, y1: top - 8, y2: bottom }),
    svg("text", { class: "strong", x: late ? x - 6 : x + 6, y: 12, "text-anchor": late ? "end" : "start" }, text),
  ];
}
