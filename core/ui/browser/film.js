// The film of one run, scrubbed entirely in the browser: nothing is sent to the server.
//
// data.id       names the run; a new one plays once, the same one keeps its place
// data.given    {title, symbol, index, sheet}: x_t before step k, one frame more than there are steps
// data.guess    {title, symbol, index, sheet}: the network's estimate of x0 at the same places
// data.places   [{text, spoken}]: what to say at each frame
// data.how      how the frames were made, one line
// A sheet is one image with all frames, row by row: {url, count, columns, width, height, pad}.

const FRAME_MS = 140;
const WHOLE_MS = 4000;
const THUMB = 34; // least width of a thumbnail in the strip, CSS pixels
const GAP = 3; // between its two rows
const LARGE_THUMB = 42; // and the most: a short film makes a short strip, not a tall one

export default function ({ parentElement, data }) {
  return present(parentElement, ".film", Film, data);
}

class Film extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.strip = root.querySelector(".strip canvas");
  }

  async show(data) {
    this.data = data;
    const [given, guess] = await Promise.all([open(data.given.sheet), open(data.guess.sheet)]);
    if (this.data !== data) return; // a newer one arrived while this one was decoded
    const isNew = this.root.dataset.run !== data.id;
    this.given = given;
    this.guess = guess;
    this.last = data.given.sheet.count - 1;
    this.range.max = this.last;
    for (const [kind, part] of [["given", data.given], ["guess", data.guess]]) {
      const pane = this.root.querySelector(`.${kind}`);
      pane.querySelector(".title").textContent = part.title;
      pane.querySelector(".symbol").textContent = part.symbol;
      pane.querySelector(".index").textContent = part.index;
      pane.style.setProperty("--aspect", `${part.sheet.width} / ${part.sheet.height}`);
    }
    this.root.querySelector(".how").textContent = data.how;
    this.root.dataset.run = data.id;
    if (isNew) this.pause();
    this.go(isNew ? this.last : Math.min(this.place, this.last));
    if (isNew && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.play();
  }

  draw() {
    if (!this.given || !this.root.clientWidth) return;
    const place = this.data.places[this.place];
    const [where, ...rest] = place.text.split(" · ");
    this.root.querySelector(".where b").textContent = where;
    this.root.querySelector(".where span").textContent = rest.join(" · ");
    this.range.setAttribute("aria-valuetext", place.spoken);
    for (const [kind, sheet] of [["given", this.given], ["guess", this.guess]]) {
      const canvas = this.root.querySelector(`.${kind} canvas`);
      canvas.setAttribute("aria-label", `${this.data[kind].title}, ${place.spoken}`);
      const pen = fit(canvas, canvas.clientWidth, canvas.clientHeight);
      paint(pen, sheet, this.place, 0, 0, canvas.width, canvas.height);
    }
    this.drawStrip();
  }

  drawStrip() {
    const strip = this.strip.parentElement;
    strip.style.width = `min(100%, ${(this.last + 1) * LARGE_THUMB}px)`;
    const width = this.strip.clientWidth;
    const cells = Math.max(2, Math.min(this.last + 1, Math.floor(width / THUMB)));
    const cell = width / cells;
    const tall = (cell * this.given.height) / this.given.width;
    const drawn = `${width} ${this.data.id} ${this.given.url.length} ${devicePixelRatio}`;
    this.root.style.setProperty("--cell", `${cell}px`);
    if (this.drawn === drawn) return;
    this.drawn = drawn;
    this.strip.style.height = `${2 * tall + GAP}px`;
    const pen = fit(this.strip, width, 2 * tall + GAP);
    const scale = this.strip.width / width;
    for (let index = 0; index < cells; index++) {
      const place = Math.round((index * this.last) / (cells - 1));
      paint(pen, this.given, place, index * cell * scale, 0, cell * scale, tall * scale);
      paint(pen, this.guess, place, index * cell * scale, (tall + GAP) * scale, cell * scale, tall * scale);
    }
  }
}

async function open(sheet) {
  const image = new Image();
  image.src = sheet.url;
  await image.decode();
  return { ...sheet, image };
}

function fit(canvas, width, height) {
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  return pen;
}

function paint(pen, sheet, index, x, y, width, height) {
  const at = Math.min(index, sheet.count - 1);
  const left = sheet.pad + (at % sheet.columns) * (sheet.width + 2 * sheet.pad);
  const top = sheet.pad + Math.floor(at / sheet.columns) * (sheet.height + 2 * sheet.pad);
  pen.drawImage(sheet.image, left, top, sheet.width, sheet.height, x, y, width, height);
}
