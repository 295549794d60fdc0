// Where one position looks: the picture to click on, and one small map for each layer and head. A
// position that is chosen is told the server as "place", [row, column].

export default (/** @type {Mounted} */ mounted) => present(mounted, ".looking", Looking);

/** @extends {View<LookingData>} */
class Looking extends View {
  constructor(root) {
    super(root);
    this.canvas = this.find(".chosen canvas");
    const ask = () => this.tell("place", this.at);
    drag(this.canvas, {
      move: (across, down) => this.go(Math.floor(down * this.data.rows), Math.floor(across * this.data.columns)),
      end: ask,
    });
    keys(this.canvas, (across, down) => this.go(this.at[0] + down, this.at[1] + across), { Enter: ask, " ": ask });
  }

  load({ picture }) {
    return openImage(picture);
  }

  show(before, image) {
    const { position, colours, limit, layers } = this.data;
    this.image = image;
    this.at = position;
    this.root.dataset.position = position.join();
    this.colours = new Colours(colours);
    this.find(".limit").textContent = tr("{limit} times an even share, or more", { limit });
    this.find(".scale i").style.background = this.colours.bar();
    this.find(".layers").replaceChildren(...layers.map((layer) => this.layer(layer)));
    this.redraw();
  }

  go(row, column) {
    this.at = [clamp(row, 0, this.data.rows - 1), clamp(column, 0, this.data.columns - 1)];
    this.update();
  }

  draw() {
    const { rows, columns } = this.data;
    const cell = Math.max(4, Math.ceil(512 / Math.max(rows, columns)));
    Object.assign(this.canvas, { width: columns * cell, height: rows * cell });
    const pen = this.canvas.getContext("2d");
    pen.drawImage(this.image, 0, 0, this.canvas.width, this.canvas.height);
    mark(pen, this.at, cell);
    this.find(".where").textContent = tr("Row {row} of {rows}, column {column} of {columns} of the latents", {
      row: this.at[0] + 1,
      rows,
      column: this.at[1] + 1,
      columns,
    });
  }

  /** @param {LookingLayerData} layer */
  layer(layer) {
    const heads = layer.heads.map((cells, head) => this.head(layer, bytes(cells), head));
    const figure = make("figure", "", make("figcaption", "", layer.title), make("div", "heads", ...heads));
    figure.title = layer.name;
    return figure;
  }

  head({ title, rows, columns, position }, cells, head) {
    const cell = Math.max(1, Math.round(128 / Math.max(rows, columns)));
    const canvas = drawing(tr("{title}, head {head}", { title, head: head + 1 }));
    Object.assign(canvas, { width: columns * cell, height: rows * cell });
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    const map = put(
      make("canvas"),
      pixels(columns, rows, (at) => this.colours.at(cells[at] / 255)),
    );
    pen.drawImage(map, 0, 0, canvas.width, canvas.height);
    mark(pen, position, cell); // it is drawn at about half this size
    return canvas;
  }
}

/**
 * @param {Pen} pen
 * @param {number[]} position
 * @param {number} cell
 */
function mark(pen, [row, column], cell) {
  outline(pen, { "#fff": 6, "#000": 4 }, column * cell, row * cell, cell, cell);
}
