// The whole pipeline as a map; one handle moves every station to the same place in the run, in the
// browser. A link that is followed tells the server "open", the page.

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
const WING = 7; // CSS pixels of an arrow's head
const TRIED = [".walk input", ".station a", ".text .look"]; // what the sentences of the tour are about
const KNOWN = "glassbox_map_is_known"; // in the browser's memory

export default (/** @type {Mounted} */ mounted) => present(mounted, ".pipeline", Pipeline);

/** @extends {Player<MapData>} */
class Pipeline extends Player {
  /** @type {boolean} */ newcomer;

  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.list = this.find(".stations");
    this.stop = 0;
    this.find(".tour .on").addEventListener("click", () => this.tour(this.stop + 1));
    this.find(".tour .off").addEventListener("click", () => this.tour(TRIED.length));
    this.range.addEventListener("input", () => this.stop === 0 && this.tour(1));
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.tour(TRIED.length));
  }

  load({ stations }) {
    return Promise.all(stations.map(({ look }) => look?.sheet && openSheet(look.sheet)));
  }

  show(before, sheets) {
    const { id, stations, how, places, awaited } = this.data;
    const isNew = this.root.dataset.run !== id;
    this.paints = stations.map(({ look }, at) => fill(make("div", "look framed"), look, sheets[at]));
    this.list.replaceChildren(...stations.map((station, at) => this.station(station, this.paints[at].box)));
    this.find(".how").textContent = how;
    this.root.classList.toggle("waiting", !places.length);
    this.root.classList.toggle("awaited", !places.length && awaited);
    this.root.dataset.run = id;
    this.span(Math.max(0, places.length - 1), isNew);
    this.tour(before?.id && isNew ? TRIED.length : this.stop); // who types other words has tried it
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (isNew && this.last && !still) this.play();
  }

  /**
   * Points at what can be tried, for who has not seen the map in this browser before.
   * @param {number} stop which of it; behind the last one it is over
   */
  tour(stop) {
    const card = this.find(".tour");
    const { tour = [], places } = this.data;
    this.newcomer ??= tour.length > 0 && !isKnown();
    const said = this.newcomer && places.length ? tour[stop] : "";
    this.stop = stop;
    if (this.newcomer && stop > 0) remember();
    for (const one of this.root.querySelectorAll(".tried")) one.classList.remove("tried");
    if (said) this.root.querySelector(TRIED[stop]).classList.add("tried");
    if (!said && card.matches(":focus-within")) this.range.focus();
    card.hidden = !said;
    this.find(".tour p").textContent = said;
    this.find(".tour .on").textContent =
      stop + 1 < tour.length ? tr("Next, {at} of {all}", { at: stop + 1, all: tour.length }) : tr("Done");
  }

  state() {
    return { at: textOf(this.place, this.last) };
  }

  take(said) {
    if (!this.last) return;
    if (said("at") !== null) this.pause();
    this.go(placeOf(said("at"), this.last, this.last));
  }

  /**
   * @param {StationData} station
   * @param {HTMLElement} box
   */
  station({ name, title, link, line, done }, box) {
    const item = make("li", `station ${name}`);
    item.dataset.name = name;
    const heading = make("h2", "dotted", link ? "" : title);
    if (link) {
      const anchor = make("a", "", title);
      anchor.href = link.href;
      anchor.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab is theirs to open
        event.preventDefault();
        this.tell("open", link.page);
      });
      heading.append(anchor);
    }
    if (done) heading.append(Object.assign(make("span", "done", " ✓"), { title: tr("its questions are answered") }));
    item.append(heading, box, make("p", "", line));
    return item;
  }

  draw() {
    const place = this.data.places[this.place];
    if (place) {
      this.find(".where").textContent = place.text;
      this.range.ariaValueText = place.spoken;
    }
    for (const { paint } of this.paints) paint?.(this.place, place?.spoken);
    this.drawWays();
  }

  drawWays() {
    const origin = this.root.getBoundingClientRect();
    const places = {};
    for (const item of /** @type {Iterable<HTMLElement>} */ (this.list.children)) {
      places[item.dataset.name] = {
        all: inside(item.getBoundingClientRect(), origin),
        look: inside(item.querySelector(".look").getBoundingClientRect(), origin),
      };
    }
    const drawn = WAYS.map(([from, to, kind]) => wayOf(places[from], places[to], kind)).filter(Boolean);
    const { unet, latents } = places;
    this.find(".ways").replaceChildren(...drawn, ...(unet && latents ? back(latents, unet, this.data.times) : []));
  }
}

// A browser may refuse to remember; then the map is told about once more.
function isKnown() {
  try {
    return localStorage.getItem(KNOWN) !== null;
  } catch {
    return false;
  }
}

function remember() {
  try {
    localStorage.setItem(KNOWN, "1");
  } catch {}
}

/**
 * What stands in a station's box, and how to draw it at a place where that makes a difference.
 * @param {HTMLElement} box
 * @param {StationLookData | null} look
 * @param {Sheet} sheet
 * @returns {{ box: HTMLElement, paint?: (place: number, spoken: string) => void }}
 */
function fill(box, look, sheet) {
  if (look?.words !== undefined) box.append(make("div", "words", look.words));
  if (look?.chips) {
    const chips = look.chips.map(({ text, id }) => make("span", "chip", text, make("small", "", id)));
    box.append(make("div", "chips", ...chips));
  }
  if (look?.before) {
    const [before, after] = [make("span", "", look.before), make("span", "", look.after)];
    box.append(make("div", "unpacking", make("i", "small"), before, make("i", "large"), after));
  }
  if (look?.curve) return { box, paint: curve(box, look.curve) };
  if (!look?.sheet) return { box };
  const canvas = box.appendChild(drawing());
  canvas.className = look.exact ? "exact" : "";
  canvas.style.setProperty("--aspect", `${sheet.width} / ${sheet.height}`);
  const paint = (place, spoken) => {
    canvas.ariaLabel = sheet.count > 1 && spoken ? `${look.alt}. ${spoken}` : look.alt;
    if (look.exact) return showFrame(canvas, sheet, place);
    const pen = fit(canvas);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(...frameOf(sheet, place), 0, 0, canvas.width, canvas.height);
  };
  return { box, paint };
}

function curve(box, heights) {
  const last = Math.max(1, heights.length - 1);
  const points = heights.map((height, at) => [(100 * at) / last, 100 * (1 - height)]);
  const line = svg("path", { class: "line", d: way(points) });
  const picture = svg("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img" }, line);
  const dot = make("span", "dot");
  box.append(make("div", "curve", picture, dot));
  return (place, spoken) => {
    picture.ariaLabel = `${tr("The noise that is left falls over the run.")} ${spoken ?? ""}`;
    const [x, y] = points[Math.min(place, points.length - 1)];
    Object.assign(dot.style, { left: `${x}%`, top: `${y}%` });
  };
}

function inside(box, origin) {
  const [left, top] = [box.left - origin.left, box.top - origin.top];
  const [right, bottom] = [left + box.width, top + box.height];
  return { left, top, right, bottom, x: (left + right) / 2, y: (top + bottom) / 2 };
}

function sameRow(one, other) {
  return one.top < other.bottom && other.top < one.bottom;
}

// The line from one station to the next: across a gap, either way, or down (or up) to another row.
function wayOf(from, to, kind) {
  if (!from || !to) return null;
  if (sameRow(from.all, to.all)) {
    const y = sameRow(from.look, to.look) ? clamp(from.look.y, to.look.top + 8, to.look.bottom - 8) : from.look.y;
    if (to.look.right <= from.look.left) return arrow(kind, WING, [from.look.left - 5, y], [to.look.right + 6, y]);
    if (kind === "plus") return plus((from.look.right + to.look.left) / 2, y);
    return arrow(kind, WING, [from.look.right + 5, y], [to.look.left - 6, y]);
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
  return arrow(kind, WING, [from.look.x, start], ...bend, [straight ? from.look.x : to.look.x, end]);
}

// The way back from the latents into the network: this is the loop.
function back(from, to, times) {
  const label = (x, y, anchor) => svg("text", { x, y, "text-anchor": anchor }, times);
  if (!sameRow(from.all, to.all)) {
    // one below the other: beside the line down
    const [x, start, end] = [from.look.x + 18, from.all.top - 4, to.all.bottom + 6];
    return [arrow("latents", WING, [x, start], [x, end]), label(x + 12, (start + end) / 2 + 5, "start")];
  }
  const y = Math.max(from.all.bottom, to.all.bottom) + 20;
  const points = [
    [from.look.x, from.all.bottom + 4],
    [from.look.x, y],
    [to.look.x, y],
    [to.look.x, to.all.bottom + 6],
  ];
  return [arrow("latents", WING, ...points), label((from.look.x + to.look.x) / 2, y - 6, "middle")];
}

function plus(x, y) {
  return svg("path", { class: "noise", d: `M${x - 6} ${y}h12M${x} ${y - 6}v12` });
}
