// Latent planes to drag over; the decoders run here, so that nothing is sent.

const GRID = 11; // pictures across a plane
const DRAWS = "0.42 -0.71, -1.13 0.35, 0.88 1.21, -0.27 -1.4, 1.55 -0.12, -0.64 0.93, 0.11 0.18, -1.72 -0.83"
  .split(", ")
  .map((place) => place.split(" ").map(Number));
const STEP = 1 / 40; // of the plane, for one press of an arrow key

export default (/** @type {Mounted} */ mounted) => present(mounted, ".lab", Lab);

/** @extends {View<PlanesData>} */
class Lab extends View {
  show(before) {
    if (before?.id === this.data.id) return;
    this.planes = this.data.planes.map((plane) => new Plane(this.data, plane));
    this.find(".planes").replaceChildren(...this.planes.map((plane) => plane.figure));
  }

  state() {
    const places = this.planes.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`).join(";");
    return { rings: textOf(places, this.planes.map(() => "0.00,0.00").join(";")) };
  }

  take(said) {
    const places = said("rings")?.split(";") ?? [];
    this.planes.forEach((plane, at) => {
      const [x, y] = [0, 1].map((axis) => numberOf(places[at]?.split(",")[axis], -99, 99, 0));
      plane.go(x, y);
    });
  }

  close() {
    super.close();
    this.planes?.forEach((plane) => cancelAnimationFrame(plane.frame));
  }
}

class Plane {
  /**
   * @param {PlanesData} data
   * @param {PlaneData} plane
   */
  constructor(data, { title, points, decoder }) {
    this.side = data.side;
    this.layers = decoder.map((layer) => ({ ...layer, weight: floats(layer.weight), bias: floats(layer.bias) }));
    this.points = floats(points);
    this.reach = Math.max(2.5, 1.08 * this.points.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    this.told = make("span");
    this.plane = make("button", "plane framed latents");
    this.plane.ariaLabel = tr("Plane of the {name}; arrow keys move the ring", { name: title });
    this.mosaic = make("canvas");
    this.mosaic.width = this.mosaic.height = GRID * data.side;
    this.ring = make("i");
    this.plane.append(this.mosaic, this.dots(data), this.ring);
    this.decoded = drawing(tr("What the decoder makes of the ring’s place"));
    this.decoded.width = this.decoded.height = data.side;
    const below = make("div", "below", this.decoded, this.draws(data.side));
    const said = tr(
      "The ring decoded, and {count} points drawn from the unit Gaussian (dashed: one and two deviations).",
      { count: DRAWS.length },
    );
    this.figure = make("figure", "", make("figcaption", "", title, this.told), this.plane, below, make("p", "", said));
    drag(this.plane, { move: (across, down) => this.go((2 * across - 1) * this.reach, (1 - 2 * down) * this.reach) });
    const far = 2 * STEP * this.reach;
    keys(this.plane, (across, down) => this.go(this.x + across * far, this.y - down * far));
    this.go(0, 0);
    this.fill(0);
  }

  // The plane filled with what lies there, a few pictures a frame.
  fill(at) {
    const pen = this.mosaic.getContext("2d");
    const started = performance.now();
    for (; at < GRID * GRID && performance.now() - started < 8; at++) {
      const [row, column] = [Math.floor(at / GRID), at % GRID];
      const place = (index) => ((2 * (index + 0.5)) / GRID - 1) * this.reach;
      pen.putImageData(this.decode(place(column), -place(row)), column * this.side, row * this.side);
    }
    this.figure.dataset.filled = String(at);
    if (at < GRID * GRID) this.frame = requestAnimationFrame(() => this.fill(at));
  }

  dots(data) {
    const share = 50 / this.reach;
    const units = [1, 2].map((radius) => svg("circle", { r: radius * share, class: "unit" }));
    const dots = data.objects.map((object, at) => {
      const [x, y] = [this.points[2 * at] * share, -this.points[2 * at + 1] * share];
      return svg("circle", { cx: x, cy: y, r: 1.1, style: `fill: ${data.inks[object]}` });
    });
    return svg("svg", { viewBox: "-50 -50 100 100", "aria-hidden": "true" }, ...units, ...dots);
  }

  draws(side) {
    const canvas = drawing(tr("Eight points drawn from the unit Gaussian, decoded"));
    Object.assign(canvas, { className: "draws", width: 4 * side, height: 2 * side });
    DRAWS.forEach(([x, y], at) => {
      canvas.getContext("2d").putImageData(this.decode(x, y), (at % 4) * side, Math.floor(at / 4) * side);
    });
    return canvas;
  }

  go(x, y) {
    this.x = clamp(x, -this.reach, this.reach);
    this.y = clamp(y, -this.reach, this.reach);
    this.ring.style.left = `${50 + (50 * this.x) / this.reach}%`;
    this.ring.style.top = `${50 - (50 * this.y) / this.reach}%`;
    this.told.textContent = [this.x, this.y].map((value) => minus(value.toFixed(2))).join(", ");
    this.figure.dataset.place = `${this.x} ${this.y}`;
    put(this.decoded, this.decode(this.x, this.y));
  }

  decode(x, y) {
    const values = this.shades(x, y);
    const area = this.side * this.side;
    return pixels(this.side, this.side, (at) => [0, 1, 2].map((hue) => 255 * values[hue * area + at]));
  }

  // The decoder: two linear layers, then three times twice the size and a convolution.
  shades(x, y) {
    let values = new Float32Array([x, y]);
    let side = 0;
    this.layers.forEach((layer, at) => {
      if (layer.kind === "linear") values = linear(layer, values);
      else {
        side ||= Math.sqrt(values.length / layer.shape[1]);
        values = convolve(layer, enlarge(values, layer.shape[1], side), 2 * side);
        side *= 2;
      }
      const last = at === this.layers.length - 1;
      for (let index = 0; index < values.length; index++) {
        const gate = 1 / (1 + Math.exp(-values[index]));
        values[index] = last ? gate : gate * values[index]; // sigmoid at the end, SiLU before
      }
    });
    return values;
  }
}

/** @param {{ shape: number[], weight: Float32Array, bias: Float32Array }} layer */
function linear({ shape: [outputs, inputs], weight, bias }, values) {
  const found = new Float32Array(outputs);
  for (let out = 0; out < outputs; out++) {
    let sum = bias[out];
    for (let index = 0; index < inputs; index++) sum += weight[out * inputs + index] * values[index];
    found[out] = sum;
  }
  return found;
}

// Every position becomes four, with one ring of zeros around for the convolution.
function enlarge(values, channels, side) {
  const wide = 2 * side + 2;
  const found = new Float32Array(channels * wide * wide);
  for (let channel = 0; channel < channels; channel++) {
    for (let row = 0; row < 2 * side; row++) {
      for (let column = 0; column < 2 * side; column++) {
        found[(channel * wide + row + 1) * wide + column + 1] =
          values[(channel * side + (row >> 1)) * side + (column >> 1)];
      }
    }
  }
  return found;
}

/** @param {{ shape: number[], weight: Float32Array, bias: Float32Array }} layer */
function convolve({ shape: [outputs, inputs], weight, bias }, padded, side) {
  const wide = side + 2;
  const found = new Float32Array(outputs * side * side);
  for (let out = 0; out < outputs; out++) {
    const to = out * side * side;
    found.fill(bias[out], to, to + side * side);
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < 9; tap++) {
        const factor = weight[(out * inputs + input) * 9 + tap];
        const from = (input * wide + Math.floor(tap / 3)) * wide + (tap % 3);
        for (let row = 0; row < side; row++) {
          for (let column = 0; column < side; column++) {
            found[to + row * side + column] += factor * padded[from + row * wide + column];
          }
        }
      }
    }
  }
  return found;
}
