// The latents of a run at any place, with what they look like as numbers; all in the browser.
//
// data.id        names the run
// data.channels, data.height, data.width   of the latents
// data.given, data.guess   {values, bars, numbers}, one entry a place: one signed byte a number
//                in base64 (127 is data.edge), densities of the histogram, [mean, std, min, max]
// data.gaussian  what the histogram of a unit Gaussian would be
// data.weights, data.bias   RGB = numbers x weights + bias
// data.colours   257 times red, green, blue in base64, for -data.limit to data.limit
// data.places    [{text, spoken}]: what to say at each place

const FRAME_MS = 160;
const WHOLE_MS = 5000;

export default function ({ parentElement, data }) {
  return present(parentElement, ".run-latents", RunLatents, data);
}

class RunLatents extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.find = (name) => root.querySelector(name);
    this.guess = false;
    ["first", "second"].forEach((which, at) => {
      this.find(`.switch .${which}`).addEventListener("click", () => {
        this.guess = at === 1;
        this.draw();
      });
    });
  }

  show(data) {
    this.data = data;
    const isNew = this.root.dataset.run !== data.id;
    this.table = bytes(data.colours);
    this.values = { given: signed(data.given.values), guess: signed(data.guess.values) };
    this.top = Math.max(0.5, ...data.given.bars.flat(), ...data.guess.bars.flat()) * 1.08;
    this.last = data.places.length - 1;
    this.range.max = this.last;
    this.root.dataset.run = data.id;
    this.root.style.setProperty("--aspect", `${data.width} / ${data.height}`);
    this.find(".ends :first-child").textContent = `−${data.edge}`;
    this.find(".ends :last-child").textContent = `${data.edge}`;
    if (isNew) this.pause();
    this.go(isNew ? 0 : Math.min(this.place, this.last));
  }

  state() {
    return { run_at: textOf(this.place, 0), run_shows: this.guess ? "guess" : null };
  }

  take(said) {
    this.guess = said("run_shows") === "guess";
    this.go(placeOf(said("run_at"), this.last, 0));
  }

  draw() {
    const { data, place } = this;
    if (!data || !this.root.clientWidth) return;
    const kind = this.guess ? "guess" : "given";
    this.find(".switch .first").setAttribute("aria-pressed", !this.guess);
    this.find(".switch .second").setAttribute("aria-pressed", this.guess);
    const [where, ...rest] = data.places[place].text.split(" · ");
    this.find(".where b").textContent = where;
    this.find(".where span").textContent = rest.join(" · ");
    this.range.setAttribute("aria-valuetext", data.places[place].spoken);
    const size = data.channels * data.height * data.width;
    const now = this.values[kind].subarray(place * size, (place + 1) * size);
    this.paintChannels(now);
    this.paintColours(now);
    this.paintBars(data[kind].bars[place]);
    const rows = data[kind].numbers[place].map((numbers, channel) => {
      const row = document.createElement("tr");
      row.append(
        make("th", "", `channel ${channel + 1}`),
        ...numbers.map((value) => make("td", "", value.toFixed(2).replace("-", "−"))),
      );
      row.firstChild.scope = "row";
      return row;
    });
    this.find("tbody").replaceChildren(...rows);
    for (const name of ["channels", "colours", "bars"]) {
      this.find(`.${name}`).setAttribute(
        "aria-label",
        `${this.find(`.${name}`).previousElementSibling.textContent}, ${data.places[place].spoken}`,
      );
    }
  }

  paintChannels(now) {
    const { channels, height, width, limit, edge } = this.data;
    const tiles = Math.ceil(Math.sqrt(channels));
    const canvas = this.find(".channels");
    canvas.width = tiles * width;
    canvas.height = Math.ceil(channels / tiles) * height;
    const picture = new ImageData(canvas.width, canvas.height);
    now.forEach((value, index) => {
      const channel = Math.floor(index / (height * width));
      const row = Math.floor(channel / tiles) * height + (Math.floor(index / width) % height);
      const column = (channel % tiles) * width + (index % width);
      const share = Math.max(0, Math.min(1, ((value / 127) * (edge / limit) + 1) / 2));
      const ink = 3 * Math.round(share * 256);
      picture.data.set(this.table.subarray(ink, ink + 3), 4 * (row * canvas.width + column));
      picture.data[4 * (row * canvas.width + column) + 3] = 255;
    });
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  paintColours(now) {
    const { channels, height, width, edge, weights, bias } = this.data;
    const canvas = this.find(".colours");
    canvas.width = width;
    canvas.height = height;
    const picture = new ImageData(width, height);
    const area = height * width;
    for (let at = 0; at < area; at++) {
      for (let hue = 0; hue < 3; hue++) {
        let sum = bias[hue];
        for (let channel = 0; channel < channels; channel++) {
          sum += (now[channel * area + at] / 127) * edge * weights[channel][hue];
        }
        picture.data[4 * at + hue] = 255 * sum; // the array clips it
      }
      picture.data[4 * at + 3] = 255;
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  paintBars(bars) {
    const canvas = this.find(".bars");
    const pen = fit(canvas);
    const { width, height } = canvas;
    const style = getComputedStyle(this.root);
    const wide = width / bars.length;
    pen.fillStyle = style.getPropertyValue("--latents");
    bars.forEach((bar, at) => {
      const tall = (bar / this.top) * height;
      pen.fillRect(at * wide, height - tall, wide - 1, tall);
    });
    pen.strokeStyle = style.getPropertyValue("--noise");
    pen.lineWidth = 2.5 * devicePixelRatio;
    pen.beginPath();
    this.data.gaussian.forEach((value, at) => pen.lineTo((at + 0.5) * wide, height - (value / this.top) * height));
    pen.stroke();
  }
}

function signed(text) {
  return new Int8Array(bytes(text).buffer);
}
