// Grids of numbers side by side; pointing at a cell, or walking there with the arrow keys, reads it.

const FEW = 26; // rows or columns up to which each one is named beside the grid

export default (/** @type {Mounted} */ mounted) => present(mounted, ".grids", Grids);

/** @extends {View<GridsData>} */
class Grids extends View {
  /** @type {Figure[]} */ figures = [];

  show() {
    const { grids } = this.data;
    while (this.figures.length > grids.length) this.figures.pop().figure.remove();
    grids.forEach((grid, at) => {
      this.figures[at] ??= new Figure(this.root);
      this.figures[at].show(grid);
    });
  }
}

class Figure {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.canvas = drawing();
    this.canvas.tabIndex = 0;
    this.title = make("figcaption");
    this.across = make("p", "across");
    this.top = make("div", "names top");
    this.side = make("div", "names side");
    this.bars = make("div", "bars");
    this.scale = make("p", "scale ramp");
    this.said = make("p", "said");
    this.said.ariaLive = "polite";
    this.note = make("p", "note soft optional");
    const plate = make("div", "plate", this.top, this.side, this.canvas, this.bars);
    this.figure = make("figure", "grid", this.title, this.across, plate, this.scale, this.said, this.note);
    root.append(this.figure);
    follow(this.canvas, (across, down) => {
      const { rows, columns } = this.grid;
      this.point(Math.floor(down * rows.length), Math.floor(across * columns.length));
    });
    keys(this.canvas, (across, down) => this.point(this.row + down, this.column + across));
  }

  /** @param {GridData} grid */
  show(grid) {
    const { title, rows, columns, square, across, down, mask, note } = grid;
    this.grid = grid;
    this.cells = new Uint16Array(bytes(grid.cells).buffer);
    this.colours = new Colours(grid.colours);
    this.figure.className = `grid ${square ? "square" : "wide"} ${rows.length <= FEW ? "few" : ""}`;
    this.title.textContent = title;
    this.across.textContent = tr("across: {across} · down: {down}", { across, down });
    this.canvas.ariaLabel = tr("{title}. Arrow keys read it cell by cell.", { title });
    this.canvas.style.aspectRatio = square ? `${columns.length} / ${rows.length}` : "auto";
    this.canvas.className = mask ? "mask" : ""; // what is hidden shows its background
    const seen = mask && getComputedStyle(this.canvas).color;
    put(
      this.canvas,
      pixels(columns.length, rows.length, (at) => (mask ? null : this.colours.at(this.cells[at] / 65535))),
    );
    const pen = this.canvas.getContext("2d");
    if (mask) {
      pen.fillStyle = seen;
      this.cells.forEach(
        (cell, at) => cell && pen.fillRect(at % columns.length, Math.floor(at / columns.length), 1, 1),
      );
    }
    const longest = Math.max(...rows.map((row) => row.length));
    this.figure.style.setProperty("--names", `${clamp(0.42 * longest, 5.2, 11)}rem`);
    names(this.side, rows, "top");
    names(this.top, square ? columns : [], "left");
    this.drawBars();
    this.note.textContent = note;
    this.drawScale();
    this.row = this.column = 0;
    this.said.textContent = tr("Point at a cell to read it.");
  }

  drawScale() {
    const { mask, low, high } = this.grid;
    const bar = make("i", mask ? "key yes" : "");
    if (mask) return this.scale.replaceChildren(bar, tr("may be read"), make("i", "key"), tr("hidden"));
    bar.style.background = this.colours.bar();
    this.scale.replaceChildren(number(low), bar, number(high));
  }

  drawBars() {
    const { bars, barsTitle } = this.grid;
    const most = Math.max(...bars, 0) || 1;
    const parts = bars.map((bar, at) => {
      const part = make("i");
      const [top, height] = [`${(100 * at) / bars.length}%`, `calc(${100 / bars.length}% - 1px)`];
      Object.assign(part.style, { top, height, width: `${(100 * bar) / most}%` });
      return part;
    });
    this.bars.replaceChildren(
      ...parts,
      ...(bars.length ? [make("span", "", tr("{title}, 0 to {most}", { title: barsTitle, most: number(most) }))] : []),
    );
    this.bars.hidden = !bars.length;
  }

  point(row, column) {
    const { rows, columns, low, high, says, mask, bars, barsTitle, counted } = this.grid;
    this.row = clamp(row, 0, rows.length - 1);
    this.column = clamp(column, 0, columns.length - 1);
    const value = low + ((high - low) * this.cells[this.row * columns.length + this.column]) / 65535;
    const name = (at, all) => (counted ? `${at} ${all[at]}`.trim() : all[at]);
    const told = {
      row: name(this.row, rows),
      column: name(this.column, columns),
      value: mask ? (value ? tr("yes") : tr("no")) : number(value),
    };
    const said = says.replace(/\{(row|column|value)\}/g, (_, name) => told[name]);
    this.said.textContent = bars.length ? `${said} ${barsTitle}: ${number(bars[this.row])}.` : said;
  }
}

function names(box, all, side) {
  const every = all.length <= FEW ? 1 : 10;
  const parts = all.flatMap((name, at) => {
    if (at % every) return [];
    const part = make("span", "", every === 1 ? name : at);
    part.style[side] = `${(100 * (at + 0.5)) / all.length}%`;
    return [part];
  });
  box.replaceChildren(...parts);
}

function number(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return minus(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size < 0.1 ? 3 : 2));
}
