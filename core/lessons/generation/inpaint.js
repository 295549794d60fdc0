// A mask painted on a picture, and the run that draws what is painted anew. The mask is told to the
// server as "mask" once the hand rests; the run comes back with the data, and is scrubbed here.

const FRAME_MS = 140;
const WHOLE_MS = 4000;
const REST_MS = 600; // after the last stroke
const FINE = 16; // of the fine brush in the picture's shorter side; the other is three times as wide
const TINT = 0.45; // of what is painted
const HATCH = 9; // CSS pixels from line to line
const VEIL = 0.88; // over what is not asked for
const BOTH = 0;

export default (/** @type {Mounted} */ mounted) => present(mounted, ".inpaint", Inpaint);

/** @extends {Player<InpaintData>} */
class Inpaint extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.plate = this.find(".paint .plate");
    this.part = BOTH;
    this.wide = 0;
    /** @type {number[]} where the keys are: row and column */
    this.cell = [0, 0];
    offer(this.find(".brush"), "inpaint-brush", [tr("fine brush"), tr("wide brush")], (at) => (this.wide = at));
    offer(this.find(".part"), "inpaint-part", [tr("Both parts"), tr("What is drawn"), tr("What is put back")], (at) => {
      this.part = at;
      this.update();
    });
    drag(this.plate, {
      begin: (across, down) => this.begin(cellAt(across, down, this.data)),
      move: (across, down) => this.strokeTo(cellAt(across, down, this.data)),
      end: () => this.rest(),
    });
    keys(this.plate, (across, down, event) => this.walkKeys(across, down, event.shiftKey), {
      " ": () => this.dab(),
      Enter: () => this.dab(),
    });
    for (const change of ["focus", "blur"]) this.plate.addEventListener(change, () => this.update());
    this.find(".swap").addEventListener("click", () => this.paintAll((sign) => (sign === "1" ? "0" : "1")));
    this.find(".clear").addEventListener("click", () => this.paintAll(() => "0"));
  }

  load({ pictures, given, guess }) {
    return Promise.all([pictures, given, guess].map(openSheet));
  }

  show(before, [pictures, given, guess]) {
    const { data } = this;
    this.sheets = { pictures, given, guess };
    // What the hand painted meanwhile is newer than what the server has heard of.
    const same = before?.picture === data.picture && before.mask.length === data.mask.length;
    if (!same || this.sent === undefined || this.sent === data.mask) this.signs = [...data.mask];
    if (!same) this.cell = [data.height >> 1, data.width >> 1];
    this.root.style.setProperty("--aspect", `${data.width} / ${data.height}`);
    this.root.dataset.drawn = data.id;
    this.span(data.places.length - 1, before?.id !== data.id);
    this.redraw();
  }

  state() {
    return { put_at: textOf(this.place, this.last), put_part: textOf(this.part, BOTH) };
  }

  take(said) {
    this.sent = undefined; // what the server says after Back is newer than the hand
    this.part = placeOf(said("put_part"), 2, BOTH);
    check(this.find(".part"), this.part);
    this.go(placeOf(said("put_at"), this.last, this.last));
  }

  // ---- painting

  /** @param {number[]} cell */
  isNew([row, column]) {
    return this.signs[row * this.data.width + column] === "1";
  }

  // A stroke does all along what it does first.
  begin(cell) {
    this.cell = cell;
    this.paints = this.isNew(cell) ? "0" : "1";
  }

  strokeTo(cell) {
    const [row, column] = this.cell;
    const by = [cell[0] - row, cell[1] - column];
    const steps = Math.max(1, ...by.map(Math.abs));
    for (let step = 0; step <= steps; step++) {
      this.touch(Math.round(row + (by[0] * step) / steps), Math.round(column + (by[1] * step) / steps));
    }
    this.cell = cell;
    this.update();
  }

  touch(row, column) {
    const { width, height } = this.data;
    const brush = Math.max(1, Math.round(Math.min(width, height) / FINE)) * (this.wide ? 3 : 1);
    const [top, left] = [row - (brush >> 1), column - (brush >> 1)];
    for (let down = Math.max(0, top); down < Math.min(height, top + brush); down++) {
      for (let across = Math.max(0, left); across < Math.min(width, left + brush); across++) {
        this.signs[down * width + across] = this.paints;
      }
    }
  }

  walkKeys(across, down, paints) {
    const { width, height } = this.data;
    const to = [clamp(this.cell[0] + down, 0, height - 1), clamp(this.cell[1] + across, 0, width - 1)];
    if (paints) {
      this.paints = "1";
      this.strokeTo(to);
      this.rest();
    }
    this.cell = to;
    this.sayCell();
  }

  dab() {
    this.begin(this.cell);
    this.strokeTo(this.cell);
    this.rest();
    this.sayCell();
  }

  sayCell() {
    const [row, column] = this.cell;
    const where = { row: row + 1, column: column + 1 };
    this.find(".told").textContent = this.isNew(this.cell)
      ? tr("row {row}, column {column}: new", where)
      : tr("row {row}, column {column}: kept", where);
    this.update();
  }

  paintAll(signOf) {
    this.signs = this.signs.map(signOf);
    this.update();
    this.rest();
  }

  // Told to the server once no stroke has followed for a while, for each asks for a whole run.
  rest() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      this.sent = this.signs.join("");
      if (this.sent !== this.data.mask && this.root.isConnected) this.tell("mask", this.sent);
    }, REST_MS);
  }

  // ---- drawing

  draw() {
    const { places, mask } = this.data;
    const ended = this.place === this.last;
    this.name(places[this.place]);
    // Pale while the run on show is of another mask; it may be painted back by hand.
    this.root.classList.toggle("waiting", this.signs.join("") !== mask);
    this.drawPaint();
    const titles = {
      given: ended ? tr("The picture as it was") : tr("What the network is given"),
      guess: ended ? tr("With the new part") : tr("What it believes is in there"),
    };
    for (const [kind, title] of Object.entries(titles)) {
      const canvas = this.root.querySelector(`.${kind} canvas`);
      this.root.querySelector(`.${kind} b`).textContent = title;
      canvas.ariaLabel = `${title}, ${places[this.place].spoken}`;
      const [sheet, index] = ended ? [this.sheets.pictures, kind === "guess" ? 1 : 0] : [this.sheets[kind], this.place];
      const pen = this.drawPane(canvas, sheet, index, [...mask]);
      if (!ended || kind === "given") this.drawEdge(pen, [...mask]); // nothing lies over a seam in the result
    }
  }

  drawPaint() {
    const pen = this.drawPane(this.find(".paint canvas.picture"), this.sheets.pictures, 0, this.signs, BOTH);
    const box = this.boxes(pen.canvas);
    pen.save();
    pen.beginPath();
    this.signs.forEach((sign, at) => {
      if (sign === "1") pen.rect(...box(Math.floor(at / this.data.width), at % this.data.width));
    });
    pen.clip();
    pen.globalAlpha = TINT;
    pen.fillStyle = this.ink("time");
    pen.fillRect(0, 0, pen.canvas.width, pen.canvas.height);
    this.hatch(pen);
    pen.restore();
    this.drawEdge(pen, this.signs);
    if (this.plate.matches(":focus-visible"))
      outline(pen, { "#000": 5, "#fff": 2.5 }, ...box(this.cell[0], this.cell[1]));
  }

  // Seen on a picture of the tint's own colour as well.
  hatch(pen) {
    const { width, height } = pen.canvas;
    Object.assign(pen, { strokeStyle: "#fff", lineWidth: devicePixelRatio });
    for (let at = -height; at < width; at += HATCH * devicePixelRatio) {
      pen.beginPath();
      pen.moveTo(at, height);
      pen.lineTo(at + height, 0);
      pen.stroke();
    }
  }

  /** A frame; what is not asked for lies behind a veil. */
  drawPane(canvas, sheet, index, signs, part = this.part) {
    const pen = spreadFrame(canvas, sheet, index);
    const box = this.boxes(canvas);
    pen.fillStyle = this.style.getPropertyValue("--st-background-color");
    pen.globalAlpha = VEIL;
    signs.forEach((sign, at) => {
      const veiled = part !== BOTH && (sign === "1") === (part === 2);
      if (veiled) pen.fillRect(...box(Math.floor(at / this.data.width), at % this.data.width));
    });
    pen.globalAlpha = 1;
    return pen;
  }

  /**
   * Where a latent lies on a canvas; neighbours share their edges, whole pixels each.
   * @returns {(row: number, column: number) => [number, number, number, number]}
   */
  boxes({ width, height }) {
    const [across, down] = [width / this.data.width, height / this.data.height];
    return (row, column) => {
      const [left, top] = [Math.round(column * across), Math.round(row * down)];
      return [left, top, Math.round((column + 1) * across) - left, Math.round((row + 1) * down) - top];
    };
  }

  drawEdge(pen, signs) {
    const { width, height } = this.data;
    const box = this.boxes(pen.canvas);
    pen.beginPath();
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const own = signs[row * width + column];
        const [left, top, wide, tall] = box(row, column);
        if (column + 1 < width && own !== signs[row * width + column + 1]) {
          pen.moveTo(left + wide, top);
          pen.lineTo(left + wide, top + tall);
        }
        if (row + 1 < height && own !== signs[(row + 1) * width + column]) {
          pen.moveTo(left, top + tall);
          pen.lineTo(left + wide, top + tall);
        }
      }
    }
    for (const [colour, wide] of /** @type {[string, number][]} */ ([
      ["#000", 3],
      ["#fff", 1.5],
    ])) {
      Object.assign(pen, { strokeStyle: colour, lineWidth: wide * devicePixelRatio, lineCap: "square" });
      pen.stroke();
    }
  }
}
