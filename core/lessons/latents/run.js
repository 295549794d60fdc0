// The latents of a run at any place, with what they look like as numbers; all in the browser.

const FRAME_MS = 160;
const WHOLE_MS = 5000;

export default (/** @type {Mounted} */ mounted) => present(mounted, ".run-latents", RunLatents);

/** @extends {Player<RunLatentsData>} */
class RunLatents extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    /** @type {"given" | "guess"} */
    this.kind = "given";
    either(this.find(".switch"), (second) => {
      this.kind = second ? "guess" : "given";
      this.update();
    });
  }

  show() {
    const { data } = this;
    const isNew = this.root.dataset.run !== data.id;
    this.colours = new Colours(data.colours);
    this.values = { given: signed(data.given.values), guess: signed(data.guess.values) };
    this.top = Math.max(0.5, ...data.given.bars.flat(), ...data.guess.bars.flat()) * 1.08;
    this.root.dataset.run = data.id;
    this.root.style.setProperty("--aspect", `${data.width} / ${data.height}`);
    this.find(".ends :first-child").textContent = `−${data.edge}`;
    this.find(".ends :last-child").textContent = `${data.edge}`;
    this.span(data.places.length - 1, isNew, 0);
  }

  state() {
    return { run_at: textOf(this.place, 0), run_shows: textOf(this.kind, "given") };
  }

  take(said) {
    this.kind = said("run_shows") === "guess" ? "guess" : "given";
    press(this.root.querySelectorAll(".switch button"), (_, at) => !at === (this.kind === "given"));
    this.go(placeOf(said("run_at"), this.last, 0));
  }

  draw() {
    const { data, place, kind } = this;
    const { channels, height, width, edge, limit } = data;
    const area = height * width;
    const now = (/** @type {number} */ index) => (this.values[kind][place * channels * area + index] / 127) * edge;
    const tiles = channelTiles(data, (index) => this.colours.at((now(index) / limit + 1) / 2));
    const quick = quickColours(data, data.bias, (channel, at) => now(channel * area + at));
    const said = data.places[place];
    this.name(said);
    put(this.find("canvas.channels"), tiles);
    put(this.find("canvas.colours"), quick);
    this.paintBars(data[kind].bars[place]);
    const rows = data[kind].numbers[place].map((numbers, channel) => {
      const cells = numbers.map((value) => make("td", "", minus(value.toFixed(2))));
      return make(
        "tr",
        "",
        Object.assign(make("th", "", tr("channel {index}", { index: channel + 1 })), { scope: "row" }),
        ...cells,
      );
    });
    this.find("tbody").replaceChildren(...rows);
    for (const canvas of this.root.querySelectorAll("canvas")) {
      canvas.ariaLabel = `${canvas.previousElementSibling.textContent}, ${said.spoken}`;
    }
  }

  paintBars(bars) {
    const canvas = this.find("canvas.bars");
    const pen = fit(canvas);
    const { width, height } = canvas;
    const wide = width / bars.length;
    const tall = scale([0, this.top], [0, height]);
    pen.fillStyle = this.ink("latents");
    bars.forEach((bar, at) => pen.fillRect(at * wide, height - tall(bar), wide - 1, tall(bar)));
    const bell = this.data.gaussian.map((value, at) => [(at + 0.5) * wide, height - tall(value)]);
    stroke(pen, bell, { colour: this.ink("noise"), width: 2.5 * devicePixelRatio });
  }
}

function signed(text) {
  return new Int8Array(bytes(text).buffer);
}
