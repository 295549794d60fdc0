// Where one position looks: the picture to click on, and one small map for each layer and head.
//
// data.picture             the finished picture; data.rows, data.columns of the latents under it
// data.position            [row, column] in the latents
// data.layers              [{name, title, rows, columns, position, heads}]; a head is bytes in base64
// data.colours, data.limit 256 times red, green, blue; the number at the end of the scale
// A click tells the server "place", [row, column].

export default function ({ parentElement, data, setTriggerValue }) {
  const close = present(parentElement, ".looking", Looking, data);
  parentElement.querySelector(".looking").view.tell = setTriggerValue;
  return close;
}

class Looking {
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector(".chosen canvas");
    this.image = new Image();
    this.image.addEventListener("load", () => this.draw());
    this.canvas.addEventListener("click", (event) => {
      const box = this.canvas.getBoundingClientRect();
      const { rows, columns } = this.data;
      this.go(((event.clientY - box.top) / box.height) * rows, ((event.clientX - box.left) / box.width) * columns);
      this.ask();
    });
    this.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (step) this.go(this.at[0] + step[0], this.at[1] + step[1]);
      else if (event.key === "Enter" || event.key === " ") this.ask();
      else return;
      event.preventDefault();
    });
  }

  show(data) {
    this.data = data;
    this.at = data.position;
    this.root.dataset.position = data.position.join();
    this.colours = bytes(data.colours);
    this.root.querySelector(".limit").textContent = `${data.limit} times an even share, or more`;
    const stops = [0, 64, 128, 192, 255].map((at) => `rgb(${this.colours.slice(3 * at, 3 * at + 3).join(" ")})`);
    this.root.querySelector(".scale i").style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
    this.root.querySelector(".layers").replaceChildren(...data.layers.map((layer) => this.layer(layer)));
    if (this.image.src === data.picture) this.draw();
    else this.image.src = data.picture;
  }

  go(row, column) {
    const inside = (at, count) => Math.min(count - 1, Math.max(0, Math.floor(at)));
    this.at = [inside(row, this.data.rows), inside(column, this.data.columns)];
    this.draw();
  }

  ask() {
    this.tell("place", this.at);
  }

  draw() {
    const { rows, columns } = this.data;
    const cell = Math.max(4, Math.ceil(512 / Math.max(rows, columns)));
    this.canvas.width = columns * cell;
    this.canvas.height = rows * cell;
    const pen = this.canvas.getContext("2d");
    pen.drawImage(this.image, 0, 0, this.canvas.width, this.canvas.height);
    frame(pen, this.at, cell, 4);
    this.root.querySelector(".where").textContent =
      `Row ${this.at[0] + 1} of ${rows}, column ${this.at[1] + 1} of ${columns} of the latents`;
  }

  layer(layer) {
    const figure = make("figure");
    const heads = make("div", "heads");
    figure.append(make("figcaption", "", layer.title), heads);
    figure.title = layer.name;
    layer.heads.forEach((cells, head) => heads.append(this.head(layer, bytes(cells), head)));
    return figure;
  }

  head({ title, rows, columns, position }, cells, head) {
    const cell = Math.max(1, Math.round(128 / Math.max(rows, columns)));
    const canvas = make("canvas");
    canvas.width = columns * cell;
    canvas.height = rows * cell;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${title}, head ${head + 1}`);
    const pen = canvas.getContext("2d");
    cells.forEach((value, at) => {
      pen.fillStyle = `rgb(${this.colours.slice(3 * value, 3 * value + 3).join(" ")})`;
      pen.fillRect((at % columns) * cell, Math.floor(at / columns) * cell, cell, cell);
    });
    frame(pen, position, cell, 4); // it is drawn at about half this size
    return canvas;
  }
}

// A square around a position that shows on light and on dark.
function frame(pen, [row, column], cell, wide) {
  for (const [colour, more] of [
    ["#fff", 2],
    ["#000", 0],
  ]) {
    pen.strokeStyle = colour;
    pen.lineWidth = wide + more;
    pen.strokeRect(column * cell, row * cell, cell, cell);
  }
}
