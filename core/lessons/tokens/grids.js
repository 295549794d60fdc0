// Grids of numbers side by side; pointing at a cell, or walking there with the arrow keys, reads it.
//
// data.grids  [{title, cells, colours, low, high, mask, rows, columns, down, across, says, note,
//              bars, barsTitle, square, counted}]; cells and colours are in base64: a cell is two bytes, its
//              place between low and high in 65,535ths, colours are 256 times red, green, blue

const FEW = 26; // rows or columns up to which each one is named beside the grid

export default function ({ parentElement, data }) {
  return present(parentElement, ".grids", Grids, data);
}

class Grids {
  constructor(root) {
    this.root = root;
  }

  show(data) {
    const kept = [...this.root.children];
    data.grids.forEach((grid, at) => draw(kept[at] ?? this.root.appendChild(frame()), grid));
    kept.slice(data.grids.length).forEach((figure) => figure.remove());
  }
}

function frame() {
  const figure = make("figure", "grid");
  const canvas = make("canvas");
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  const plate = make("div", "plate");
  plate.append(make("div", "names top"), make("div", "names side"), canvas, make("div", "bars"));
  figure.append(
    make("figcaption"),
    make("p", "across"),
    plate,
    make("p", "scale"),
    make("p", "said"),
    make("p", "note"),
  );
  figure.querySelector(".said").setAttribute("aria-live", "polite");
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const { rows, columns } = figure.grid;
    const row = Math.floor(((event.clientY - box.top) / box.height) * rows.length);
    const column = Math.floor(((event.clientX - box.left) / box.width) * columns.length);
    point(figure, row, column);
  });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [row, column] = figure.at ?? [0, 0];
    point(figure, row + step[0], column + step[1]);
  });
  return figure;
}

function draw(figure, grid) {
  figure.grid = { ...grid, cells: new Uint16Array(bytes(grid.cells).buffer), colours: bytes(grid.colours) };
  const { rows, columns, cells, colours } = figure.grid;
  figure.className = `grid ${grid.square ? "square" : "wide"} ${rows.length <= FEW ? "few" : ""}`;
  figure.querySelector("figcaption").textContent = grid.title;
  figure.querySelector(".across").textContent = `across: ${grid.across} · down: ${grid.down}`;
  const canvas = figure.querySelector("canvas");
  canvas.width = columns.length;
  canvas.height = rows.length;
  canvas.setAttribute("aria-label", `${grid.title}. Arrow keys read it cell by cell.`);
  canvas.style.aspectRatio = grid.square ? `${columns.length} / ${rows.length}` : "auto";
  const pen = canvas.getContext("2d");
  if (grid.mask) {
    canvas.className = "mask"; // what is hidden shows its background
    pen.fillStyle = getComputedStyle(canvas).color;
    cells.forEach((cell, at) => cell && pen.fillRect(at % columns.length, Math.floor(at / columns.length), 1, 1));
  } else {
    const picture = new ImageData(columns.length, rows.length);
    cells.forEach((cell, at) => {
      const ink = 3 * Math.round(cell / 257); // of 256
      picture.data.set(colours.subarray(ink, ink + 3), 4 * at);
      picture.data[4 * at + 3] = 255;
    });
    pen.putImageData(picture, 0, 0);
  }
  const longest = Math.max(...rows.map((row) => row.length));
  figure.style.setProperty("--names", `${Math.min(11, Math.max(5.2, 0.42 * longest))}rem`);
  names(figure.querySelector(".side"), rows, "top");
  names(figure.querySelector(".top"), grid.square ? columns : [], "left");
  drawBars(figure.querySelector(".bars"), grid);
  figure.querySelector(".note").textContent = grid.note;
  drawScale(figure.querySelector(".scale"), figure.grid);
  figure.at = null;
  figure.querySelector(".said").textContent = "Point at a cell to read it.";
}

function drawScale(line, { mask, low, high, colours }) {
  if (mask) return line.replaceChildren(make("i", "key yes"), "may be read", make("i", "key"), "hidden");
  const stops = [0, 51, 102, 153, 204, 255].map((at) => `rgb(${colours.slice(3 * at, 3 * at + 3).join(" ")})`);
  const bar = make("i");
  bar.style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
  line.replaceChildren(number(low), bar, number(high));
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

function drawBars(box, { bars, barsTitle }) {
  const most = Math.max(...bars, 0) || 1;
  const parts = bars.map((bar, at) => {
    const part = make("i");
    part.style.top = `${(100 * at) / bars.length}%`;
    part.style.height = `calc(${100 / bars.length}% - 1px)`;
    part.style.width = `${(100 * bar) / most}%`;
    return part;
  });
  if (bars.length) parts.push(make("span", "", `${barsTitle}, 0 to ${number(most)}`));
  box.replaceChildren(...parts);
  box.hidden = !bars.length;
}

function point(figure, row, column) {
  const { rows, columns, cells, low, high, says, mask, bars, barsTitle, counted } = figure.grid;
  const r = Math.min(Math.max(row, 0), rows.length - 1);
  const c = Math.min(Math.max(column, 0), columns.length - 1);
  figure.at = [r, c];
  const value = low + ((high - low) * cells[r * columns.length + c]) / 65535;
  const name = (at, all) => (counted ? `${at} ${all[at]}`.trim() : all[at]);
  const told = { row: name(r, rows), column: name(c, columns), value: mask ? (value ? "yes" : "no") : number(value) };
  const said = says.replace(/\{(row|column|value)\}/g, (_, name) => told[name]);
  figure.querySelector(".said").textContent = bars.length ? `${said} ${barsTitle}: ${number(bars[r])}.` : said;
}

function number(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size < 0.1 ? 3 : 2).replace("-", "−");
}
