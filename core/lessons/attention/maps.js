// Which places listened to which word: every token's map at every call, layer and head, on one scale.

const FRAME_MS = 260;
const WHOLE_MS = 7000;
const NEARLY_ALL = 0.995; // of the words' weights lie within the scale
const LEAST = [54, 76]; // CSS pixels that a tile is wide: beside the map, and below it
const MOST = 240;
const LABELS = 2.9; // rem, what stands above and below a tile's map
const GAP = 7;

export default (/** @type {Mounted} */ mounted) => present(mounted, ".attention", Attention);

/** @extends {Player<AttentionData>} */
class Attention extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.where = this.find(".where select");
    this.head = this.find(".head-of select");
    this.where.addEventListener("change", () => {
      this.offerHeads();
      this.count();
    });
    this.wanted = "mean"; // the head asked for last, which the layer chosen next may not have
    this.head.addEventListener("change", () => {
      this.wanted = this.head.value;
      this.count();
    });
    this.outline = this.find(".outline input");
    this.outline.addEventListener("change", () => this.drawLine());
  }

  show(before) {
    const { data } = this;
    const labels = (/** @type {AttentionData} */ told) => told?.entries.map(({ label }) => label).join("\n");
    if (labels(before) !== labels(data)) {
      this.chosen = null;
      this.tiles = data.entries.map((entry, at) => this.tile(entry, at));
      this.find(".tiles").replaceChildren(this.plain(), ...this.tiles);
    }
    this.colours = new Colours(data.colours);
    this.find(".scale i").style.background = this.colours.bar();
    this.root.style.setProperty("--aspect", String(data.aspect));
    this.root.classList.toggle("waiting", !data.picture);
    this.drawn.style.visibility = data.picture ? "" : "hidden"; // it keeps its room
    this.drawLine();
    if (!data.picture) {
      this.layers = null;
      delete this.root.dataset.run;
      this.redraw();
      return;
    }
    this.drawn.src = data.picture;
    this.layers = data.layers.map((layer) => ({ ...layer, bytes: bytes(layer.maps), shares: floats(layer.shares) }));
    this.last = data.steps.length; // one place more than calls: the mean over all
    this.range.max = String(this.last);
    this.place = this.last;
    this.range.value = String(this.last);
    this.offerLayers();
    this.count();
    this.root.dataset.run = String(data.steps.length);
  }

  state() {
    if (!this.layers) return {};
    return {
      word: this.chosen === null || this.chosen === this.data.first ? null : String(this.chosen + 1),
      at: textOf(this.place, this.last),
      where: textOf(this.where.value, "all"),
      head: this.wanted === "mean" ? null : String(Number(this.wanted) + 1),
      line: this.outline.checked ? null : "off",
    };
  }

  take(said) {
    if (!this.layers) return;
    this.chosen = numberOf(said("word"), 1, this.tiles.length, this.data.first + 1) - 1;
    this.place = placeOf(said("at"), this.last, this.last);
    this.range.value = String(this.place);
    this.where.value = this.places[said("where")] ? said("where") : "all";
    const head = numberOf(said("head"), 1, 999, null);
    this.wanted = head === null ? "mean" : String(Math.floor(head) - 1);
    this.outline.checked = said("line") !== "off";
    this.offerHeads();
    this.drawLine();
    this.count();
  }

  tile({ label, kind }, at) {
    const share = make("span", "", make("i"), make("u"));
    const name = kind === "padding" ? label.split(" × ")[0] : label;
    const button = make("button", kind === "word" ? "" : "mark", make("b", "", name), make("canvas"), share);
    button.title = label;
    button.addEventListener("click", () => {
      this.chosen = at;
      this.mark();
      this.drawOver();
    });
    const hover = (/** @type {number} */ over) => () => {
      this.hovered = over;
      this.drawOver();
    };
    button.addEventListener("pointerenter", hover(at));
    button.addEventListener("pointerleave", hover(null));
    return button;
  }

  plain() {
    this.drawn = Object.assign(make("img"), { alt: tr("The finished picture") });
    return make("figure", "plain", make("b", "", tr("the picture")), this.drawn, make("span", "", tr("as drawn")));
  }

  // All layers, the layers of each size, then each layer alone: only there is a head one thing.
  offerLayers() {
    const kept = this.where.value;
    const all = this.layers.map((_, at) => at);
    const count = joined(this.layers);
    const whole = count > 1 ? tr("all {count} layers", { count }) : tr("the only layer");
    const title = count > 1 ? tr("All {count}, averaged", { count }) : tr("The only one");
    this.places = { all: { title, said: whole, at: all } };
    for (const size of new Set(this.layers.map((layer) => layer.size))) {
      const at = all.filter((one) => this.layers[one].size === size);
      if (at.length > 1)
        this.places[size] = {
          title: tr("{size}: {count}, averaged", { size, count: at.length }),
          said: tr("the {count} layers of {size} places", { size, count: at.length }),
          at,
        };
    }
    const single = make("optgroup");
    single.label =
      count > all.length ? tr("Layers of one size, averaged") : tr("One layer, in the order in which they run");
    this.layers.forEach(({ title }, at) => {
      this.places[`layer ${at}`] = { title, said: tr("one layer: {title}", { title }), at: [at] };
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
    const one = Array.from({ length: count }, (_, head) => option(String(head), tr("head {head}", { head: head + 1 })));
    const heads = headsOf(layers);
    this.head.replaceChildren(
      option("mean", heads.at(-1) === 1 ? tr("the only one") : tr("all {heads}, averaged", { heads: oneOf(heads) })),
      ...one,
    );
    this.head.disabled = count === 0;
    this.head.value = Number(this.wanted) < count ? this.wanted : "mean";
    this.head.title = count ? "" : this.whyNone(layers, heads);
  }

  whyNone(layers, heads) {
    if (heads.at(-1) === 1) return tr("There is only one head here.");
    if (layers.length > 1)
      return tr("Head 1 of one layer has nothing to do with head 1 of another: choose one layer first.");
    return tr("The heads were averaged on the way here.");
  }

  // The maps of the chosen layers and head, and their shares: one for each call and entry, and the
  // mean over calls.
  count() {
    if (!this.layers) return;
    const layers = this.within;
    this.rows = Math.max(...layers.map(({ rows }) => rows));
    this.columns = Math.max(...layers.map(({ columns }) => columns));
    const cells = this.rows * this.columns;
    const entries = this.data.entries.length;
    const found = new Float32Array((this.last + 1) * entries * cells);
    const shares = new Float64Array((this.last + 1) * entries);
    for (const layer of layers) {
      const heads = this.head.value === "mean" ? [...Array(layer.heads).keys()] : [Number(this.head.value)];
      const from = sources(this.rows, this.columns, layer);
      const size = layer.rows * layer.columns;
      const part = 1 / (layers.length * heads.length);
      for (let step = 0; step <= this.last; step++) {
        for (const head of heads) {
          for (let entry = 0; entry < entries; entry++) {
            const start = (step * layer.heads + head) * entries + entry;
            const to = step * entries + entry;
            shares[to] += part * layer.shares[start];
            for (let cell = 0; cell < cells; cell++) {
              const q = layer.bytes[start * size + from[cell]] / 255;
              found[to * cells + cell] += part * this.data.top * q * q;
            }
          }
        }
      }
    }
    this.maps = found;
    this.shares = shares;
    this.limit = this.end();
    this.redraw();
  }

  // One end for all words and calls. Start, end and padding may lie beyond: they get far more.
  end() {
    const kinds = this.data.entries.map(({ kind }) => kind);
    const words = kinds.includes("word") ? kinds.map((kind) => kind === "word") : kinds.map(() => true);
    const values = [];
    for (let step = 0; step <= this.last; step++) {
      words.forEach((counts, entry) => {
        if (counts) values.push(...this.map(entry, step));
      });
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

  // As many tiles in a row as it takes to have all of them beside the map, each as large as may be.
  lay() {
    const [box, count] = [this.find(".tiles"), this.tiles.length + 1];
    const [wide, over] = [box.clientWidth, this.find(".over")];
    if (!wide) return;
    const beside = box.offsetLeft >= over.offsetLeft + over.offsetWidth;
    const high = beside ? over.offsetHeight : 0;
    const size = (columns) => (wide + GAP) / columns - GAP;
    const labels = LABELS * parseFloat(getComputedStyle(document.documentElement).fontSize);
    const tall = (columns) => Math.ceil(count / columns) * (size(columns) / this.data.aspect + labels + GAP);
    let columns = 1;
    while ((size(columns) > MOST || tall(columns) > high) && size(columns + 1) >= LEAST[beside ? 0 : 1]) columns += 1;
    box.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.root.classList.toggle("many", size(columns) < 84);
  }

  // All that a step or another choice of layers changes; a map under the pointer only the large one.
  draw() {
    const { entries, steps, calls } = this.data;
    this.mark();
    if (this.layers) {
      const mean = this.place === this.last;
      const when = mean
        ? steps.length > 1
          ? tr("Mean over {calls} calls", { calls })
          : tr("The only call")
        : tr("Call {call} of {calls} · t = {t}", { ...steps[this.place], calls });
      this.find(".when").textContent = when;
      this.range.ariaValueText = when.replace("t =", tr("timestep"));
      this.find(".limit").textContent = tr("{share} of a place’s attention, or more", { share: percent(this.limit) });
      this.find(".outline span").textContent = tr("Outline: the picture; the map has {rows}×{columns} places", {
        rows: this.rows,
        columns: this.columns,
      });
      this.tiles.forEach((tile, at) => {
        const share = this.share(at);
        tile.style.setProperty("--share", `${100 * share}%`);
        tile.querySelector("u").textContent = percent(share);
        tile.ariaLabel = tr("{token}, {share} of all attention", { token: entries[at].label, share: percent(share) });
        this.heat(tile.querySelector("canvas"), at);
      });
      this.find(".said").textContent = this.say(mean);
      this.root.dataset.place = String(this.place);
      this.root.dataset.limit = String(this.limit);
    } else {
      this.find(".said").textContent = tr("The run is on its way; its maps come with it.");
    }
    this.drawOver();
  }

  mark() {
    const picked = this.chosen ?? this.data.first;
    press(this.tiles, (_, at) => at === picked);
  }

  drawOver() {
    const { label } = this.data.entries[this.entry];
    this.find(".word").textContent = label;
    this.root.dataset.entry = String(this.entry);
    if (!this.layers) return;
    const share = percent(this.share(this.entry));
    const where = this.places[this.where.value].said;
    this.find(".gets").textContent =
      this.head.value === "mean"
        ? tr("{share} of all attention, in {where}", { share, where })
        : tr("{share} of all attention, in {where}, head {head}", { share, where, head: Number(this.head.value) + 1 });
    const canvas = this.find(".map canvas");
    this.heat(canvas, this.entry);
    canvas.ariaLabel = tr("The map of {token}: {rows}×{columns} places", {
      token: label,
      rows: this.rows,
      columns: this.columns,
    });
  }

  drawLine() {
    const line = this.find("img.line");
    line.hidden = !this.data.outline || !this.outline.checked;
    if (this.data.outline) line.src = this.data.outline;
  }

  say(mean) {
    const layers = this.within;
    const [count, heads] = [joined(layers), headsOf(layers)];
    const over = [];
    if (mean && this.data.calls > 1) over.push(tr("{count} calls", { count: this.data.calls }));
    if (count > 1) over.push(tr("{count} layers", { count }));
    if (this.head.value === "mean" && heads.at(-1) > 1)
      over.push(
        heads.length === 1
          ? tr("{count} heads", { count: heads[0] })
          : tr("the {first} or {last} heads of each layer", ends(heads)),
      );
    const shown = over.length
      ? tr("Your prompt, not the negative one: the mean over {over}.", { over: list(over) })
      : tr("Your prompt, not the negative one: one call, one layer, one head; nothing is averaged.");
    const one = tr("One colour scale for all tokens and calls; start and padding may lie beyond its end.");
    return [shown, this.saySizes(layers, count), this.sayLacking(layers), one, this.data.pooled]
      .filter(Boolean)
      .join(" ");
  }

  saySizes(layers, count) {
    const all = [...new Set(layers.map(({ size }) => size))];
    if (all.length < 2) return "";
    const sizes = list(all);
    return count > layers.length
      ? tr("Maps of {sizes} places; every size counts the same.", { sizes })
      : tr("Maps of {sizes} places; every layer counts the same.", { sizes });
  }

  sayLacking(layers) {
    const head = Number(this.wanted);
    return layers.length === 1 && head >= layers[0].all ? tr("There is no head {head} here.", { head: head + 1 }) : "";
  }

  share(entry) {
    return this.shares[this.place * this.data.entries.length + entry];
  }

  // A pixel of the canvas is a place of the map; the browser shows it as a square.
  heat(canvas, entry) {
    const map = this.map(entry, this.place);
    put(
      canvas,
      pixels(this.columns, this.rows, (at) => this.colours.at(map[at] / this.limit)),
    );
  }
}

// Which cell of a smaller layer lies under each cell of the largest.
function sources(rows, columns, layer) {
  const from = new Uint32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      from[row * columns + column] =
        Math.floor((row * layer.rows) / rows) * layer.columns + Math.floor((column * layer.columns) / columns);
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
  return `${value.toFixed(value >= 9.95 ? 0 : value >= 0.995 ? 1 : 2)} %`;
}

function list(parts) {
  return parts.length < 2 ? parts.join() : tr("{first} and {last}", ends(parts));
}

function oneOf(parts) {
  return parts.length < 2 ? parts.join() : tr("{first} or {last}", ends(parts));
}

function ends(parts) {
  return { first: parts.slice(0, -1).join(", "), last: parts.at(-1) };
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
