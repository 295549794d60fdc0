// The whole pipeline as a map; one handle moves every station to the same place in the run, in the browser.
//
// data.id        names the run; a new one plays once, the same one keeps its place
// data.stations  [{name, title, line, link, look}], in the order of the pipeline; look is one of
//                {words}, {chips: [{text, id}]}, {sheet, exact, alt}, {curve: [..]}, {from, to}
//                or null while the run is not there yet
// data.times     how often the loop is walked, for the label on it
// data.how       how numbers became colours, one line
// data.awaited   whether a run that is not there yet will come
// data.places    [{text, spoken}]: what to say at each frame
// A link is {href, page}; following it tells the server which page to open.

const WAYS = [
  ["text", "tokens", "text"],
  ["tokens", "hidden", "text"],
  ["hidden", "unet", "text"],
  ["noise", "schedule", "plus"],
  ["schedule", "unet", "time"],
  ["unet", "latents", "latents"],
  ["latents", "vae", "latents"],
  ["vae", "picture", "picture"],
];
const FRAME_MS = 160;
const WHOLE_MS = 5000;
const SVG = "http://www.w3.org/2000/svg";

export default function ({ parentElement, data, setTriggerValue }) {
  const close = present(parentElement, ".pipeline", Pipeline, data);
  parentElement.querySelector(".pipeline").view.visit = (page) => setTriggerValue("open", page);
  return close;
}

class Pipeline extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.list = root.querySelector(".stations");
    this.ways = root.querySelector(".ways");
  }

  async show(data) {
    this.data = data;
    const looks = await Promise.all(data.stations.map(({ look }) => prepare(look)));
    if (this.data !== data) return; // a newer one arrived while this one was decoded
    const isNew = this.root.dataset.run !== data.id;
    this.list.replaceChildren(...data.stations.map((station, at) => this.station(station, looks[at])));
    this.root.querySelector(".how").textContent = data.how;
    this.root.classList.toggle("waiting", !data.places.length);
    this.root.classList.toggle("awaited", !data.places.length && data.awaited);
    this.last = Math.max(0, data.places.length - 1);
    this.range.max = this.last;
    this.root.dataset.run = data.id;
    if (isNew) this.pause();
    this.go(isNew ? this.last : Math.min(this.place, this.last));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (isNew && this.last && !still) this.play();
  }

  state() {
    return { at: textOf(this.place, this.last) };
  }

  take(said) {
    if (!this.last) return;
    if (said("at") !== null) this.pause();
    this.go(placeOf(said("at"), this.last, this.last));
  }

  station(station, look) {
    const item = make("li", `station ${station.name}`);
    item.dataset.name = station.name;
    const heading = make("h2", "", station.link ? "" : station.title);
    if (station.link) {
      const link = make("a", "", station.title);
      link.href = station.link.href;
      link.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab is theirs to open
        event.preventDefault();
        this.visit(station.link.page);
      });
      heading.append(link);
    }
    const box = make("div", "look");
    item.paint = fill(box, look);
    item.append(heading, box, make("p", "", station.line));
    return item;
  }

  draw() {
    if (!this.data || !this.root.clientWidth) return;
    const place = this.data.places[this.place];
    if (place) {
      this.root.querySelector(".where").textContent = place.text;
      this.range.setAttribute("aria-valuetext", place.spoken);
    }
    for (const item of this.list.children) item.paint(this.place, place?.spoken);
    this.drawWays();
  }

  drawWays() {
    const origin = this.root.getBoundingClientRect();
    const places = {};
    for (const item of this.list.children) {
      places[item.dataset.name] = {
        all: inside(item.getBoundingClientRect(), origin),
        look: inside(item.querySelector(".look").getBoundingClientRect(), origin),
      };
    }
    const drawn = WAYS.map(([from, to, kind]) => way(places[from], places[to], kind)).filter(Boolean);
    const { unet, latents } = places;
    if (unet && latents) drawn.push(...back(latents, unet, this.data.times));
    this.ways.replaceChildren(...drawn);
  }
}

// What stands in a station's box; returns how to draw it at a place.
function fill(box, look) {
  const still = () => {};
  if (!look) return still;
  if (look.words !== undefined) return (box.append(make("div", "words", look.words)), still);
  if (look.chips) return (box.append(chips(look.chips)), still);
  if (look.from) return (box.append(unpacking(look)), still);
  if (look.curve) return curve(box, look.curve);
  const canvas = box.appendChild(make("canvas", look.exact ? "exact" : ""));
  canvas.setAttribute("role", "img");
  canvas.style.setProperty("--aspect", `${look.sheet.width} / ${look.sheet.height}`);
  return (place, spoken) => {
    canvas.setAttribute("aria-label", look.sheet.count > 1 && spoken ? `${look.alt}. ${spoken}` : look.alt);
    paint(canvas, look, place);
  };
}

function chips(found) {
  const row = make("div", "chips");
  for (const { text, id } of found) {
    const chip = make("span", "chip", text);
    chip.append(make("small", "", id));
    row.append(chip);
  }
  return row;
}

function unpacking({ from, to }) {
  const box = make("div", "unpacking");
  for (const [kind, size] of [
    ["small", from],
    ["large", to],
  ]) {
    box.append(make("i", kind), make("span", "", size));
  }
  return box;
}

function curve(box, heights) {
  const area = box.appendChild(make("div", "curve"));
  const picture = area.appendChild(document.createElementNS(SVG, "svg"));
  picture.setAttribute("viewBox", "0 0 100 100");
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("role", "img");
  const last = Math.max(1, heights.length - 1);
  const points = heights.map((height, at) => [(100 * at) / last, 100 * (1 - height)]);
  const line = picture.appendChild(document.createElementNS(SVG, "polyline"));
  line.setAttribute("class", "line");
  line.setAttribute("points", points.map((point) => point.join(",")).join(" "));
  const dot = area.appendChild(make("span", "dot"));
  return (place, spoken) => {
    picture.setAttribute("aria-label", `The noise that is left falls over the run. ${spoken ?? ""}`);
    const [x, y] = points[Math.min(place, points.length - 1)];
    dot.style.left = `${x}%`;
    dot.style.top = `${y}%`;
  };
}

function paint(canvas, { sheet, exact }, place) {
  const width = exact ? sheet.width : Math.round(canvas.clientWidth * devicePixelRatio);
  const height = exact ? sheet.height : Math.round(canvas.clientHeight * devicePixelRatio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(...frameOf(sheet, place), 0, 0, width, height);
}

async function prepare(look) {
  if (!look?.sheet) return look;
  return { ...look, sheet: await openSheet(look.sheet) };
}

function inside(box, origin) {
  const [left, top] = [box.left - origin.left, box.top - origin.top];
  return {
    left,
    top,
    right: left + box.width,
    bottom: top + box.height,
    x: left + box.width / 2,
    y: top + box.height / 2,
  };
}

function sameRow(one, other) {
  return one.top < other.bottom && other.top < one.bottom;
}

// The line from one station to the next: across a gap, either way, or down (or up) to another row.
function way(from, to, kind) {
  if (!from || !to) return null;
  if (sameRow(from.all, to.all)) {
    const y = sameRow(from.look, to.look) ? clamp(from.look.y, to.look) : from.look.y;
    if (to.look.right <= from.look.left)
      return arrow(
        [
          [from.look.left - 5, y],
          [to.look.right + 6, y],
        ],
        kind,
      );
    if (kind === "plus") return plus((from.look.right + to.look.left) / 2, y);
    return arrow(
      [
        [from.look.right + 5, y],
        [to.look.left - 6, y],
      ],
      kind,
    );
  }
  const down = to.all.top > from.all.bottom;
  const [start, end] = down ? [from.all.bottom + 4, to.all.top - 6] : [from.all.top - 6, to.all.bottom + 4];
  if (Math.abs(end - start) > 120) return null; // a row lies between them
  if (kind === "plus") return plus(from.look.x, (start + end) / 2);
  const middle = (start + end) / 2;
  const straight = Math.abs(from.all.x - to.all.x) < 20;
  const bend = straight
    ? []
    : [
        [from.look.x, middle],
        [to.look.x, middle],
      ];
  return arrow([[from.look.x, start], ...bend, [straight ? from.look.x : to.look.x, end]], kind);
}

// The way back from the latents into the network: this is the loop.
function back(from, to, times) {
  if (!sameRow(from.all, to.all)) {
    // one below the other: beside the line down
    const [x, start, end] = [from.look.x + 18, from.all.top - 4, to.all.bottom + 6];
    return [
      arrow(
        [
          [x, start],
          [x, end],
        ],
        "latents",
      ),
      label(x + 12, (start + end) / 2 + 5, "start", times),
    ];
  }
  const y = Math.max(from.all.bottom, to.all.bottom) + 20;
  const points = [
    [from.look.x, from.all.bottom + 4],
    [from.look.x, y],
    [to.look.x, y],
    [to.look.x, to.all.bottom + 6],
  ];
  return [arrow(points, "latents"), label((from.look.x + to.look.x) / 2, y - 6, "middle", times)];
}

function label(x, y, anchor, words) {
  const drawn = document.createElementNS(SVG, "text");
  drawn.setAttribute("x", x);
  drawn.setAttribute("y", y);
  drawn.setAttribute("text-anchor", anchor);
  drawn.textContent = words;
  return drawn;
}

function arrow(points, kind) {
  const [x, y] = points.at(-1);
  const [px, py] = points.at(-2);
  const turn = Math.atan2(y - py, x - px);
  const wing = (angle) => `${x - 7 * Math.cos(turn + angle)} ${y - 7 * Math.sin(turn + angle)}`;
  return path(`M${points.map((point) => point.join(" ")).join("L")}M${wing(0.6)}L${x} ${y}L${wing(-0.6)}`, kind);
}

function plus(x, y) {
  return path(`M${x - 6} ${y}h12M${x} ${y - 6}v12`, "noise");
}

function path(way, kind) {
  const drawn = document.createElementNS(SVG, "path");
  drawn.setAttribute("class", kind);
  drawn.setAttribute("d", way);
  return drawn;
}

function clamp(y, box) {
  return Math.min(Math.max(y, box.top + 8), box.bottom - 8);
}
