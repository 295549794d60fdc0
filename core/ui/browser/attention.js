// Which pixels listened to which word: every token's map at every call, layer and head, on one scale.
//
// data.entries  [{label, kind}]: what there is a map of; kind is start, word, end or padding
// data.first    the entry to begin with, data.place the size of its layers
// data.picture  the finished picture; "" while the run is not there; data.aspect width by height
// data.layers   [{title, name, rows, columns, size, heads, all, joined, maps}] in the order in which
//               they run: heads that are sent of all heads there, layers of the network joined in
//               one; maps are bytes in base64, call by call, head by head, entry by entry
// data.top      the weight of byte 255; byte q stands for top · (q / 255)²
// data.steps    [{call, t}] of the calls that are here, data.calls of all
// data.colours  256 times red, green, blue; data.pooled what was averaged on the way here

const FRAME_MS = 260;
const WHOLE_MS = 7000;
const NEARLY_ALL = 0.995; // of the words' weights lie within the scale
const MANY = 7; // tokens, beyond which their maps are drawn smaller
const DETAIL = 0.75; // of the picture's outlines in what is shown over it
const BLUR = 0.06; // of a side: what is larger is no outline

export default function ({ parentElement, data }) {
  return present(parentElement, ".attention", Attention, data);
}

class Attention extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.range = root.querySelector(".steps");
    this.range.addEventListener("input", () => { this.pause(); this.go(Number(this.range.value)); });
    this.find = (name) => root.querySelector(name);
    this.where = this.find(".where select");
    this.head = this.find(".head select");
    this.where.addEventListener("change", () => { this.offerHeads(); this.count(); });
    this.wanted = "mean"; // the head asked for last, which the layer chosen next may not have
    this.head.addEventListener("change", () => { this.wanted = this.head.value; this.count(); });
    this.find(".squares input").addEventListener("change", () => this.draw());
    this.image = new Image();
  }

  async show(data) {
    this.data = data;
    const labels = data.entries.map(({ label }) => label).join("\n");
    if (labels !== this.labels) {
      this.labels = labels;
      this.chosen = null;
      this.tiles = data.entries.map((entry, at) => this.tile(entry, at));
      this.find(".tiles").replaceChildren(this.plain(), ...this.tiles);
    }
    this.colours = bytes(data.colours);
    const stops = [0, 64, 128, 192, 255].map((at) => `rgb(${this.colours.slice(3 * at, 3 * at + 3).join(" ")})`);
    this.find(".scale i").style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
    this.root.style.setProperty("--aspect", data.aspect);
    this.root.classList.toggle("waiting", !data.picture);
    this.root.classList.toggle("many", data.entries.length > MANY);
    this.label();
    this.drawn.hidden = !data.picture;
    if (!data.picture) {
      this.layers = null;
      delete this.root.dataset.run;
      this.draw();
      return;
    }
    this.image.src = this.drawn.src = data.picture;
    await this.image.decode();
    if (this.data !== data) return; // newer data came while this picture was decoded
    this.outlines = outlinesOf(this.image);
    this.layers = data.layers.map((layer) => ({ ...layer, bytes: bytes(layer.maps) }));
    this.last = data.steps.length; // one place more than calls: the mean over all
    this.range.max = this.last;
    this.place = this.range.value = this.last;
    this.offerLayers();
    this.count();
    this.root.dataset.run = data.steps.length;
    const [box, tile] = [this.find(".tiles"), this.tiles[this.entry]];
    const below = tile.offsetTop + tile.offsetHeight - box.offsetTop - box.clientHeight;
    if (below > 0) box.scrollTop = below + 8; // the one to begin with is in sight
  }

  tile({ label, kind }, at) {
    const button = make("button", kind === "word" ? "" : "mark");
    button.type = "button";
    const share = make("span");
    share.append(make("i"), make("u"));
    button.append(make("b", "", label), make("canvas"), share);
    button.title = label;
    button.addEventListener("click", () => { this.chosen = at; this.draw(); });
    button.addEventListener("pointerenter", () => { this.hovered = at; this.draw(); });
    button.addEventListener("pointerleave", () => { this.hovered = null; this.draw(); });
    return button;
  }

  plain() {
    const figure = make("figure", "plain");
    const share = make("span", "", "as drawn");
    this.drawn = make("img");
    this.drawn.alt = "The finished picture";
    figure.append(make("b", "", "the picture"), this.drawn, share);
    return figure;
  }

  // All layers, the layers of each size, then each layer alone: only there is a head one thing.
  offerLayers() {
    const kept = this.where.value || this.data.place;
    const all = this.layers.map((_, at) => at);
    const count = joined(this.layers);
    this.places = { all: { title: count > 1 ? `All ${count}, averaged` : "The only one", at: all } };
    for (const size of new Set(this.layers.map((layer) => layer.size))) {
      const at = all.filter((one) => this.layers[one].size === size);
      if (at.length > 1) this.places[size] = { title: `${size}: ${at.length}, averaged`, at };
    }
    const single = make("optgroup");
    single.label = count > all.length ? "Layers of one size, averaged" : "One layer, in the order in which they run";
    this.layers.forEach(({ title }, at) => {
      this.places[`layer ${at}`] = { title, at: [at] };
      single.append(option(`layer ${at}`, title));
    });
    const means = Object.entries(this.places).filter(([name]) => !name.startsWith("layer "));
    this.where.replaceChildren(...means.map(([name, { title }]) => option(name, title)), single);
    this.where.value = this.places[kept] ? kept : "all";
    this.offerHeads();
  }

  get within() {
    return this.places[this.where.value].at.map((one) => this.layers[one]);
  }

  // The heads of what is chosen, and no others: layers with small maps may have more of them.
  offerHeads() {
    const layers = this.within;
    const [layer] = layers;
    const count = layers.length === 1 && layer.heads > 1 ? layer.heads : 0;
    const one = Array.from({ length: count }, (_, head) => option(String(head), `head ${head + 1}`));
    const heads = headsOf(layers);
    this.head.replaceChildren(option("mean", heads.at(-1) === 1 ? "the only one" : `all ${list(heads, "or")}, averaged`), ...one);
    this.head.disabled = count === 0;
    this.head.value = Number(this.wanted) < count ? this.wanted : "mean";
    this.head.title = count ? "" : this.whyNone(layers, heads);
  }

  whyNone(layers, heads) {
    if (heads.at(-1) === 1) return "There is only one head here.";
    if (layers.length > 1) return "Head 1 of one layer has nothing to do with head 1 of another: choose one layer first.";
    return "The heads were averaged on the way here.";
  }

  // The maps of the chosen layers and head: one for each call and entry, and the mean over calls.
  count() {
    if (!this.layers) return;
    const layers = this.within;
    this.rows = Math.max(...layers.map(({ rows }) => rows));
    this.columns = Math.max(...layers.map(({ columns }) => columns));
    const cells = this.rows * this.columns;
    const entries = this.data.entries.length;
    const steps = this.last;
    const found = new Float32Array((steps + 1) * entries * cells);
    for (const layer of layers) {
      const heads = this.head.value === "mean" ? Array.from({ length: layer.heads }, (_, head) => head) : [Number(this.head.value)];
      const from = sources(this.rows, this.columns, layer);
      const size = layer.rows * layer.columns;
      const share = 1 / (layers.length * heads.length);
      for (let step = 0; step < steps; step++) {
        for (const head of heads) {
          for (let entry = 0; entry < entries; entry++) {
            const start = ((step * layer.heads + head) * entries + entry) * size;
            const to = (step * entries + entry) * cells;
            for (let cell = 0; cell < cells; cell++) {
              const q = layer.bytes[start + from[cell]] / 255;
              found[to + cell] += share * this.data.top * q * q;
            }
          }
        }
      }
    }
    const whole = entries * cells;
    for (let step = 0; step < steps; step++) {
      for (let cell = 0; cell < whole; cell++) found[steps * whole + cell] += found[step * whole + cell] / steps;
    }
    this.maps = found;
    this.limit = this.end();
    this.redraw();
  }

  // One end for all words and calls. Start, end and padding may lie beyond: they get far more.
  end() {
    const cells = this.rows * this.columns;
    const kinds = this.data.entries.map(({ kind }) => kind);
    const words = kinds.includes("word") ? kinds.map((kind) => kind === "word") : kinds.map(() => true);
    const values = [];
    for (let step = 0; step <= this.last; step++) {
      words.forEach((counts, entry) => { if (counts) values.push(...this.map(entry, step)); });
    }
    values.sort((a, b) => a - b);
    return tidy(values[Math.floor(NEARLY_ALL * (values.length - 1))]);
  }

  map(entry, step) {
    const cells = this.rows * this.columns;
    const start = (step * this.data.entries.length + entry) * cells;
    return this.maps.subarray(start, start + cells);
  }

  get entry() {
    return this.hovered ?? this.chosen ?? this.data.first;
  }

  draw() {
    const { entries, steps, calls } = this.data;
    const picked = this.chosen ?? this.data.first;
    const { tiles } = this;
    tiles.forEach((tile, at) => tile.setAttribute("aria-pressed", at === picked));
    this.find(".over .word").textContent = entries[this.entry].label;
    this.root.dataset.entry = this.entry;
    if (!this.layers || !this.root.clientWidth) {
      this.find(".said").textContent = "The run is on its way; its maps come with it.";
      return;
    }
    const mean = this.place === this.last;
    const when = mean ? (steps.length > 1 ? `Mean over ${steps.length} calls` : "The only call") : `Call ${steps[this.place].call} of ${calls} · t = ${steps[this.place].t}`;
    this.find(".when").textContent = when;
    this.range.setAttribute("aria-valuetext", when.replace("t =", "timestep"));
    this.find(".limit").textContent = `${percent(this.limit)} of a pixel’s attention, or more`;
    tiles.forEach((tile, at) => {
      const share = this.share(at);
      tile.style.setProperty("--share", `${100 * share}%`);
      tile.querySelector("u").textContent = percent(share);
      tile.setAttribute("aria-label", `${entries[at].label}, ${percent(share)} of all attention`);
      this.heat(tile.querySelector("canvas"), at, false);
    });
    const share = percent(this.share(this.entry));
    this.find(".gets").textContent = `${share} of all attention`;
    const canvas = this.find(".over canvas");
    this.heat(canvas, this.entry, true);
    canvas.setAttribute("aria-label", `The map of ${entries[this.entry].label} with the outlines of the picture`);
    this.find(".said").textContent = this.say(mean, steps.length);
    this.root.dataset.place = this.place;
    this.root.dataset.limit = this.limit;
  }

  say(mean, steps) {
    const layers = this.within;
    const [count, heads] = [joined(layers), headsOf(layers)];
    const over = [];
    if (mean && steps > 1) over.push(`${steps} calls`);
    if (count > 1) over.push(`${count} layers`);
    if (this.head.value === "mean" && heads.at(-1) > 1) over.push(heads.length === 1 ? `${heads} heads` : `the ${list(heads, "or")} heads of each layer`);
    const shown = over.length ? `Your prompt, not the negative one: the mean over ${list(over)}.` : "Your prompt, not the negative one: one call, one layer, one head; nothing is averaged.";
    const one = "One colour scale for all tokens and calls; start and padding may lie beyond its end.";
    return [shown, this.saySizes(layers, count), this.sayLacking(layers), one, this.data.pooled].filter(Boolean).join(" ");
  }

  saySizes(layers, count) {
    const sizes = [...new Set(layers.map(({ size }) => size))];
    return sizes.length > 1 ? `Maps of ${list(sizes)} places; every ${count > layers.length ? "size" : "layer"} counts the same.` : "";
  }

  sayLacking(layers) {
    const head = Number(this.wanted);
    return layers.length === 1 && head >= layers[0].all ? `There is no head ${head + 1} here.` : "";
  }

  share(entry) {
    const map = this.map(entry, this.place);
    return map.reduce((sum, weight) => sum + weight, 0) / map.length;
  }

  heat(canvas, entry, over) {
    const map = this.map(entry, this.place);
    const cells = new ImageData(this.columns, this.rows);
    map.forEach((weight, at) => {
      const colour = 3 * Math.min(255, Math.round((255 * weight) / this.limit));
      cells.data.set(this.colours.subarray(colour, colour + 3), 4 * at);
      cells.data[4 * at + 3] = 255;
    });
    this.small ??= document.createElement("canvas");
    this.small.width = this.columns;
    this.small.height = this.rows;
    this.small.getContext("2d").putImageData(cells, 0, 0);
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = over;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(over ? this.outlined() : this.small, 0, 0, canvas.width, canvas.height);
  }

  // The map with the picture's outlines. Bright and dark areas of the picture are left out: they
  // would look like more and less attention.
  outlined() {
    const { width, height, detail } = this.outlines;
    this.large ??= document.createElement("canvas");
    this.large.width = width;
    this.large.height = height;
    const pen = this.large.getContext("2d", { willReadFrequently: true });
    pen.imageSmoothingEnabled = !this.find(".squares input").checked;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.small, 0, 0, width, height);
    const pixels = pen.getImageData(0, 0, width, height);
    detail.forEach((value, at) => {
      for (let colour = 4 * at; colour < 4 * at + 3; colour++) pixels.data[colour] += DETAIL * value;
    });
    pen.putImageData(pixels, 0, 0);
    return this.large;
  }
}

// What a picture has beyond its own blurred copy, in grey.
function outlinesOf(image) {
  const canvas = document.createElement("canvas");
  const { naturalWidth: width, naturalHeight: height } = image;
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const { data } = pen.getImageData(0, 0, width, height);
  const grey = Float32Array.from({ length: width * height }, (_, at) => (data[4 * at] + data[4 * at + 1] + data[4 * at + 2]) / 3);
  const reach = Math.max(1, Math.round(BLUR * Math.max(width, height)));
  const across = blurred(grey, width, height, 1, width, reach);
  const both = blurred(across, height, width, width, 1, reach);
  return { width, height, detail: grey.map((value, at) => value - both[at]) };
}

// The mean over a window along lines: count lines of length numbers, step apart within a line.
function blurred(grey, length, count, step, next, reach) {
  const found = new Float32Array(grey.length);
  const sums = new Float64Array(length + 1);
  for (let line = 0; line < count; line++) {
    for (let at = 0; at < length; at++) sums[at + 1] = sums[at] + grey[line * next + at * step];
    for (let at = 0; at < length; at++) {
      const [first, end] = [Math.max(0, at - reach), Math.min(length, at + reach + 1)];
      found[line * next + at * step] = (sums[end] - sums[first]) / (end - first);
    }
  }
  return found;
}

// Which cell of a smaller layer lies under each cell of the largest.
function sources(rows, columns, layer) {
  const from = new Uint32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      from[row * columns + column] = Math.floor((row * layer.rows) / rows) * layer.columns + Math.floor((column * layer.columns) / columns);
    }
  }
  return from;
}

function tidy(value) {
  if (!(value > 0)) return 1;
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.min(1, Number((Math.ceil(value / unit - 1e-9) * unit).toPrecision(2)));
}

function percent(share) {
  const value = 100 * share;
  return `${value >= 9.95 ? value.toFixed(0) : value >= 0.095 ? value.toFixed(1) : value.toFixed(2)} %`;
}

function list(parts, last = "and") {
  return parts.length < 2 ? parts.join() : `${parts.slice(0, -1).join(", ")} ${last} ${parts.at(-1)}`;
}

// How many heads there are: one number, or several where the layers differ, the least first.
function headsOf(layers) {
  return [...new Set(layers.map(({ all }) => all))].sort((a, b) => a - b);
}

// Layers of the network, also those that were averaged into one on the way here.
function joined(layers) {
  return layers.reduce((sum, layer) => sum + layer.joined, 0);
}

function option(value, text) {
  const item = make("option", "", text);
  item.value = value;
  return item;
}
