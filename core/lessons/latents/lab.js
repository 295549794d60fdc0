// Latent planes to drag over; the decoders run here, so that nothing is sent.
//
// data.id        names the training
// data.side      pixels of a picture, each way
// data.names, data.inks   of the objects
// data.objects   which object each training picture is
// data.planes    [{title, points, decoder}]: where the pictures lie, float32 pairs in base64, and
//                [{kind: linear | conv, shape, weight, bias}], float32 in base64

const GRID = 11; // pictures across a plane
const DRAWS = [
  [0.42, -0.71],
  [-1.13, 0.35],
  [0.88, 1.21],
  [-0.27, -1.4],
  [1.55, -0.12],
  [-0.64, 0.93],
  [0.11, 0.18],
  [-1.72, -0.83],
];
const STEP = 1 / 40; // of the plane, for one press of an arrow key

export default function ({ parentElement, data }) {
  return present(parentElement, ".lab", Lab, data);
}

class Lab {
  constructor(root) {
    this.root = root;
  }

  show(data) {
    if (this.shown === data.id) return;
    this.shown = data.id;
    this.root.dataset.training = data.id;
    this.planes = data.planes.map((plane) => new Plane(data, plane));
    this.root.querySelector(".planes").replaceChildren(...this.planes.map((plane) => plane.figure));
  }

  get data() {
    return this.planes;
  }

  state() {
    const places = this.planes.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`).join(";");
    return { rings: textOf(places, this.planes.map(() => "0.00,0.00").join(";")) };
  }

  take(said) {
    const places = said("rings")?.split(";") ?? [];
    this.planes.forEach((plane, at) => {
      plane.go(...[0, 1].map((axis) => numberOf(places[at]?.split(",")[axis], -99, 99, 0)));
    });
  }

  close() {
    this.planes?.forEach((plane) => cancelAnimationFrame(plane.frame));
  }
}

class Plane {
  constructor(data, { title, points, decoder }) {
    this.side = data.side;
    this.layers = decoder.map((layer) => ({ ...layer, weight: floats(layer.weight), bias: floats(layer.bias) }));
    this.points = floats(points);
    this.reach = Math.max(2.5, 1.08 * this.points.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    this.figure = make("figure");
    const caption = make("figcaption", "", title);
    this.told = make("span");
    caption.append(this.told);
    this.plane = make("button", "plane");
    this.plane.type = "button";
    this.plane.setAttribute("aria-label", `Plane of the ${title}; arrow keys move the ring`);
    this.mosaic = make("canvas");
    this.mosaic.width = this.mosaic.height = GRID * data.side;
    this.ring = make("i");
    this.plane.append(this.mosaic, this.dots(data), this.ring);
    this.decoded = square(data.side, "What the decoder makes of the ring’s place");
    const below = make("div", "below");
    below.append(this.decoded, this.draws(data.side));
    const said = `The ring decoded, and ${DRAWS.length} points drawn from the unit Gaussian (dashed: one and two deviations).`;
    this.figure.append(caption, this.plane, below, make("p", "", said));
    drag(this.plane, { move: (event) => this.point(event) });
    this.plane.addEventListener("keydown", (event) => this.step(event));
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
      paint(pen, this.decode(place(column), -place(row)), this.side, column * this.side, row * this.side);
    }
    this.figure.dataset.filled = at;
    if (at < GRID * GRID) this.frame = requestAnimationFrame(() => this.fill(at));
  }

  dots(data) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "-50 -50 100 100");
    svg.setAttribute("aria-hidden", "true");
    const share = 50 / this.reach;
    for (const radius of [1, 2]) svg.append(circle(0, 0, radius * share, "unit"));
    data.objects.forEach((object, index) => {
      const dot = circle(this.points[2 * index] * share, -this.points[2 * index + 1] * share, 1.1);
      dot.style.fill = data.inks[object];
      svg.append(dot);
    });
    return svg;
  }

  draws(side) {
    const canvas = square(side, "Eight points drawn from the unit Gaussian, decoded");
    canvas.className = "draws";
    canvas.width = 4 * side;
    canvas.height = 2 * side;
    DRAWS.forEach(([x, y], at) => {
      paint(canvas.getContext("2d"), this.decode(x, y), side, (at % 4) * side, Math.floor(at / 4) * side);
    });
    return canvas;
  }

  point(event) {
    const box = this.plane.getBoundingClientRect();
    const across = (2 * (event.clientX - box.left)) / box.width - 1;
    const down = (2 * (event.clientY - box.top)) / box.height - 1;
    this.go(across * this.reach, -down * this.reach);
  }

  step(event) {
    const moves = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const far = 2 * STEP * this.reach;
    this.go(this.x + move[0] * far, this.y + move[1] * far);
  }

  go(x, y) {
    const inside = (value) => Math.max(-this.reach, Math.min(this.reach, value));
    [this.x, this.y] = [inside(x), inside(y)];
    this.ring.style.left = `${50 + (50 * this.x) / this.reach}%`;
    this.ring.style.top = `${50 - (50 * this.y) / this.reach}%`;
    this.told.textContent = `${say(this.x)}, ${say(this.y)}`;
    this.figure.dataset.place = `${this.x} ${this.y}`;
    paint(this.decoded.getContext("2d"), this.decode(this.x, this.y), this.side, 0, 0);
  }

  // The decoder: two linear layers, then three times twice the size and a convolution.
  decode(x, y) {
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

function paint(pen, values, side, left, top) {
  const picture = new ImageData(side, side);
  const area = side * side;
  for (let at = 0; at < area; at++) {
    for (let hue = 0; hue < 3; hue++) picture.data[4 * at + hue] = Math.round(255 * values[hue * area + at]);
    picture.data[4 * at + 3] = 255;
  }
  pen.putImageData(picture, left, top);
}

function square(side, label) {
  const canvas = make("canvas");
  canvas.width = canvas.height = side;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  return canvas;
}

function circle(x, y, radius, name = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  for (const [key, value] of [
    ["cx", x],
    ["cy", y],
    ["r", radius],
    ["class", name],
  ])
    made.setAttribute(key, value);
  return made;
}

function say(value) {
  return value.toFixed(2).replace("-", "−");
}
