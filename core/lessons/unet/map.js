// A U-Net as a map: down on the left, up on the right, what is kept carried across. A click tells the
// server: "pick" the name of a box, "skip" the number of a skip connection.

const HEAD = 92; // CSS pixels above the first box
const PITCH = [21, 26]; // from one box to the next
const BAND = 12; // between two levels
const TALL = 560; // that all boxes together should keep to
const ROOM = [640, 780]; // width of the map and height of the window beyond which all of it grows
const MOST = 2; // times as large
const END = 84; // what a picture at an end and the lines of time and text leave of its side

const WING = 6; // of an arrow's head

export default (/** @type {Mounted} */ mounted) => present(mounted, ".unet", Unet);

/** @extends {View<UNetData>} */
class Unet extends View {
  constructor(root) {
    super(root);
    this.board = this.find(".board");
    this.ways = this.find("svg.ways");
  }

  show(before) {
    const { data } = this;
    const names = (/** @type {UNetData} */ told) => told?.boxes.map(({ name }) => name).join();
    if (names(before) !== names(data)) {
      this.boxes = data.boxes.map((box) => this.box(box));
      this.bridges = data.skips.map((skip) => this.bridge(skip));
      this.find(".boxes").replaceChildren(...this.boxes);
      this.find(".bridges").replaceChildren(...this.bridges);
    }
    this.boxes.forEach((button, at) => fill(button, data.boxes[at]));
    this.mark(data.chosen);
    picture(this.find(".given img"), data.given);
    picture(this.find(".noise img"), data.noise);
    this.find(".noise .how").textContent = data.how;
    this.find(".given span").textContent = data.t;
    this.find(".pill span").textContent = data.text;
    this.find(".total").textContent = data.total;
    this.redraw();
  }

  box({ name, kind }) {
    const button = make("button", kind, make("b"), make("i"), make("i"), make("i"));
    button.dataset.name = name;
    button.addEventListener("click", () => {
      this.mark(name); // at once; the server follows
      this.tell("pick", name);
    });
    return button;
  }

  bridge({ number, spoken }) {
    const button = make("button", "", make("span", "", number));
    button.ariaLabel = tr("{skip}: switch it off", { skip: spoken });
    button.title = spoken;
    button.addEventListener("click", () => this.tell("skip", number));
    for (const [event, lit] of Object.entries({ pointerenter: true, pointerleave: false, focus: true, blur: false })) {
      button.addEventListener(event, () => this.find(`[data-skip="${number}"]`)?.classList.toggle("lit", lit));
    }
    return button;
  }

  mark(name) {
    press(this.boxes, (button) => button.dataset.name === name);
  }

  lay() {
    const width = this.root.clientWidth;
    this.scale = clamp(Math.min(width / ROOM[0], innerHeight / ROOM[1]), 1, MOST);
    this.root.style.setProperty("--scale", String(this.scale));
    const wide = width / this.scale; // all below is counted in these, and then drawn larger
    const places = this.places(wide);
    const ways = [...this.bands, ...this.flow(places), ...this.rails(places, wide), ...this.arcs(places)];
    this.ways.replaceChildren(...ways);
    this.ways.setAttribute("viewBox", `0 0 ${wide} ${this.high}`);
  }

  // Give every box its place; returns them by name.
  places(width) {
    const { boxes } = this.data;
    const rail = width < 480 ? 14 : 22;
    const gap = Math.min(128, Math.max(40, 0.14 * width));
    const column = (width - gap - 2 * rail) / 2;
    const levels = [...new Set(boxes.filter(({ side }) => side !== "top").map(({ level }) => level))].sort(
      (a, b) => a - b,
    );
    const on = (side, level) => boxes.filter((box) => box.side === side && box.level === level);
    const rows = levels.map((level) => Math.max(on("down", level).length, on("up", level).length));
    const pitch = Math.min(PITCH[1], Math.max(PITCH[0], TALL / rows.reduce((sum, row) => sum + row, 1)));
    const places = {};
    const put = (box, x, y, wide) => {
      places[box.name] = { x, y, w: wide, h: pitch - 3, box };
    };
    this.bands = [];
    let y = HEAD;
    levels.forEach((level, at) => {
      const indent = Math.min(10, 0.03 * column) * at;
      const wide = column - indent;
      const high = rows[at] * pitch;
      this.bands.push(svg("rect", { x: 0, y: y - 5, width, height: high + 7, rx: 6 }));
      on("down", level).forEach((box, row) => put(box, rail + indent, y + row * pitch, wide));
      // Upwards, so the first to run stands lowest.
      on("up", level).forEach((box, row, all) =>
        put(box, rail + column + gap, y + (all.length - 1 - row) * pitch, wide),
      );
      y += high + BAND;
    });
    const middle = boxes.filter(({ side }) => side === "middle");
    const edge = rail + Math.min(10, 0.03 * column) * levels.length;
    const space = 14;
    const third = (width - 2 * edge - space * (middle.length - 1)) / Math.max(1, middle.length);
    if (middle.length) {
      const high = third > 100 ? 38 : pitch - 3; // two lines: a third of the width is little
      this.bands.push(svg("rect", { x: 0, y: y - 5, width, height: high + 10, rx: 6 }));
      middle.forEach((box, at) => {
        put(box, edge + at * (third + space), y, third);
        places[box.name].h = high;
      });
      y += high + 7;
    }
    const pill = Math.min(150, 0.28 * width);
    const first = boxes.find(({ side }) => side === "top");
    put(first, width / 2 - pill / 2, 6, pill);
    this.set(this.find(".pill"), { left: width / 2 - pill / 2, width: pill, top: 38, height: 23 });
    places.words = { x: width / 2 - pill / 2, y: 38, w: pill, h: 23 };
    this.set(this.find(".given"), { left: rail, top: 2 });
    this.set(this.find(".noise"), { right: rail, top: 2 });
    const room = width / 2 - pill / 2 - rail - END;
    for (const end of [".given p", ".noise p"]) this.set(this.find(end), { maxWidth: room });
    this.bottom = y;
    this.rail = rail;
    this.root.classList.toggle("narrow", width < 480);
    this.high = y + (middle.length ? 10 : 0);
    this.set(this.board, { height: this.high });
    for (const button of this.boxes) {
      const { x, y: top, w, h } = places[button.dataset.name];
      this.set(button, { left: x, top, width: w, height: h });
      const isFirst = button.dataset.name === first.name;
      const two = h > 30 && w > 100;
      button.classList.toggle("two", two);
      button.classList.toggle("short", !two && w < 190 && (w >= 110 || isFirst));
      button.classList.toggle("tiny", !two && w < 110 && !isFirst);
    }
    return places;
  }

  set(element, lengths) {
    for (const [name, length] of Object.entries(lengths)) element.style[name] = `${length * this.scale}px`;
  }

  // From one box to the next, as the latents go.
  flow(places) {
    const walk = this.data.boxes.filter(({ side }) => side !== "top").map(({ name }) => places[name]);
    const [first, last] = [walk[0], walk.at(-1)];
    const lines = [arrow("flow", WING, [first.x + 30, 62], [first.x + 30, first.y - 2])];
    walk.slice(1).forEach((to, at) => {
      const from = walk[at];
      const [one, two] = [from.box.side, to.box.side];
      if (one === two && one === "middle")
        lines.push(arrow("flow", WING, [from.x + from.w, mid(from)], [to.x - 1, mid(to)]));
      else if (one === two) {
        const x = one === "down" ? to.x + 30 : to.x + to.w - 30;
        const ends = one === "down" ? [from.y + from.h, to.y - 1] : [from.y, to.y + to.h + 1];
        const far = Math.abs(ends[1] - ends[0]) > 6;
        lines.push(far ? arrow("flow", WING, [x, ends[0]], [x, ends[1]]) : line("flow", [x, ends[0]], [x, ends[1]]));
      } else if (two === "middle") {
        lines.push(arrow("flow", WING, [to.x + 30, from.y + from.h], [to.x + 30, to.y - 1]));
      } else if (one === "middle") {
        lines.push(arrow("flow", WING, [from.x + from.w - 30, from.y], [from.x + from.w - 30, to.y + to.h + 1]));
      } else {
        const below = Math.max(from.y + from.h, to.y + to.h) + 7;
        const [left, right] = [from.x + 30, to.x + to.w - 30];
        lines.push(
          arrow("flow", WING, [left, from.y + from.h], [left, below], [right, below], [right, to.y + to.h + 1]),
        );
      }
    });
    const out = last.x + last.w - 30;
    return [...lines, arrow("flow", WING, [out, last.y], [out, 63])];
  }

  // Time and text reach their boxes from outside, each on a rail of its own.
  rails(places, width) {
    const found = [];
    const tracks = [
      ["time", "residual", places.time_embedding, HEAD - 21, 0.3],
      ["text", "attention", places.words, HEAD - 13, 0.62],
    ];
    for (const [kind, reader, source, level, share] of tracks) {
      const readers = this.data.boxes.filter((box) => box.kind === reader).map(({ name }) => places[name]);
      for (const side of [-1, 1]) {
        const x = side < 0 ? share * this.rail : width - share * this.rail;
        const mine = readers.filter(
          ({ box }) => box.side === (side < 0 ? "down" : "up") || (box.side === "middle" && outer(box, side)),
        );
        const start = side < 0 ? source.x - 1 : source.x + source.w + 1;
        const turn = start + side * (kind === "time" ? 14 : 8);
        const stop = Math.max(level, ...mine.map(mid));
        found.push(line(kind, [start, mid(source)], [turn, mid(source)], [turn, level], [x, level], [x, stop]));
        for (const place of mine) {
          const end = side < 0 ? place.x : place.x + place.w;
          found.push(line(kind, [x, mid(place)], [end, mid(place)]), knot(kind, end, mid(place)));
        }
      }
      const deep = readers.filter(({ box }) => box.side === "middle" && !outer(box, -1) && !outer(box, 1));
      for (const place of deep) {
        const [x, end] = [share * this.rail, place.x + place.w / 2];
        const from = Math.max(level, ...readers.filter(({ box }) => box.side === "down").map(mid));
        found.push(
          line(kind, [x, from], [x, this.bottom + 5], [end, this.bottom + 5], [end, place.y + place.h]),
          knot(kind, end, place.y + place.h),
        );
      }
    }
    return found;
  }

  arcs(places) {
    return this.data.skips.map((skip, at) => {
      const [from, to] = [places[skip.source], places[skip.target]];
      const [x, y, right, low] = [from.x + from.w, mid(from), to.x, mid(to)];
      const bend = 0.55 * (right - x);
      const button = this.bridges[at];
      const off = skip.number === this.data.off;
      button.ariaPressed = String(off);
      this.set(button, { left: (x + right) / 2 - 12, top: (y + low) / 2 - 12 });
      const d = `M${x} ${y}C${x + bend} ${y} ${right - bend} ${low} ${right} ${low}`;
      return svg("path", { class: `skip ${off ? "off" : ""}`, d, "data-skip": skip.number });
    });
  }
}

// Whether a box in the middle is the one nearest to a side.
function outer({ name }, side) {
  return name.endsWith(side < 0 ? "resnets.0" : "resnets.1");
}

function fill(button, box) {
  const [title, shape, weights, time] = button.children;
  title.textContent = box.title;
  shape.textContent = box.shape;
  weights.textContent = box.weights;
  time.textContent = box.time || "…";
  button.style.setProperty("--share", `${100 * box.share}%`);
  button.ariaLabel = box.spoken;
  button.title = box.spoken;
}

function picture(image, url) {
  image.style.visibility = url ? "" : "hidden"; // it keeps its room
  if (url && image.getAttribute("src") !== url) image.src = url;
}

function mid({ y, h }) {
  return y + h / 2;
}

function line(kind, ...points) {
  return svg("path", { class: kind, d: way(points) });
}

function knot(kind, x, y) {
  return svg("circle", { class: kind, cx: x, cy: y, r: 3 });
}
