// A picture, its latents and what comes back, side by side; pointing at one points at all three.

const PANES = ["before", "inside", "after"];

export default (/** @type {Mounted} */ mounted) => present(mounted, ".latents", Latents);

/** @extends {View<LatentsHeroData>} */
class Latents extends View {
  constructor(root) {
    super(root);
    this.second = { inside: false, after: false };
    for (const name of PANES) {
      const plate = this.find(`.${name} .plate`);
      follow(plate, (across, down) => this.point(name, across, down));
      keys(plate, (across, down) => this.go(this.row + down, this.column + across));
    }
    for (const name of ["inside", "after"]) {
      either(this.find(`.${name} .switch`), (second) => {
        this.second[name] = second;
        this.update();
      });
    }
  }

  load({ picture, latents }) {
    const urls = [picture, ...(latents ? [latents.projection, latents.back, latents.error] : [])];
    return Promise.all(urls.map(openImage));
  }

  show(before, [picture, projection, back, error]) {
    const { data } = this;
    this.images = { picture, projection, back, error };
    this.rows = data.height / data.scale;
    this.columns = data.width / data.scale;
    this.values = data.latents && floats(data.latents.numbers);
    this.colours = new Colours(data.colours);
    this.tiles = Math.ceil(Math.sqrt(data.channels));
    const isNew = before?.title !== data.title;
    this.row = Math.min(isNew ? this.rows >> 1 : this.row, this.rows - 1);
    this.column = Math.min(isNew ? this.columns >> 1 : this.column, this.columns - 1);
    this.root.classList.toggle("ready", !!this.values);
    this.root.classList.toggle("waiting", !this.values);
    this.root.style.setProperty("--tiles", String(this.tiles));
    this.root.style.setProperty("--aspect", `${data.width} / ${data.height}`);
    this.find(".before .size").textContent = data.sizes.before;
    this.find(".inside .size").replaceChildren(`${data.sizes.after}, `, make("b", "", data.sizes.fewer));
    this.find(".after .size").textContent = data.latents?.likeness ?? "";
    for (const button of this.root.querySelectorAll("button")) {
      if (!button.classList.contains("plate")) button.disabled = !this.values;
    }
    this.redraw();
  }

  get middle() {
    return `${(this.rows >> 1) + 1},${(this.columns >> 1) + 1}`;
  }

  state() {
    if (!this.values) return {};
    return {
      patch: textOf(`${this.row + 1},${this.column + 1}`, this.middle),
      inside: this.second.inside ? "colours" : null,
      after: this.second.after ? "error" : null,
    };
  }

  take(said) {
    if (!this.values) return;
    this.second = { inside: said("inside") === "colours", after: said("after") === "error" };
    for (const name of ["inside", "after"]) {
      press(this.root.querySelectorAll(`.${name} .switch button`), (_, at) => !at !== this.second[name]);
    }
    const [row, column] = (/^\d{1,4},\d{1,4}$/.test(said("patch")) ? said("patch") : this.middle).split(",");
    this.go(row - 1, column - 1);
  }

  point(name, across, down) {
    const share = name === "inside" && !this.second.inside ? this.tiles : 1;
    this.go(Math.floor(((down * share) % 1) * this.rows), Math.floor(((across * share) % 1) * this.columns));
  }

  go(row, column) {
    if (!this.values) return false;
    this.row = clamp(row, 0, this.rows - 1);
    this.column = clamp(column, 0, this.columns - 1);
    this.update();
  }

  draw() {
    const { inside, after } = this.second;
    const { picture, projection, back, error } = this.images;
    this.paint("before", picture);
    this.paint("after", after ? error : back);
    if (inside || !this.values) this.paint("inside", projection);
    else
      put(
        this.find(".inside canvas"),
        channelTiles({ ...this.data, width: this.columns, height: this.rows }, (at) =>
          this.colours.at(this.share(this.values[at])),
        ),
      );
    this.find(".inside").classList.toggle("many", !inside && !!this.values);
    for (const name of PANES) this.mark(name);
    this.drawNumbers();
  }

  paint(name, image) {
    const canvas = this.find(`.${name} canvas`);
    Object.assign(canvas, { width: image?.naturalWidth ?? 1, height: image?.naturalHeight ?? 1 });
    if (image) canvas.getContext("2d").drawImage(image, 0, 0);
  }

  // Where the colours have a number.
  share(value) {
    return (value / this.data.limit + 1) / 2;
  }

  mark(name) {
    const { row, column } = this;
    const many = name === "inside" && !this.second.inside;
    const plate = this.find(`.${name} .plate`);
    plate.ariaLabel = tr("Row {row}, column {column}; arrow keys move the square", {
      row: row + 1,
      column: column + 1,
    });
    const [marks, share] = many ? [this.data.channels, this.tiles] : [1, 1];
    const squares = [...plate.querySelectorAll("i")];
    while (squares.length < marks) squares.push(plate.appendChild(make("i", "marker-frame")));
    squares.forEach((square, at) =>
      Object.assign(square.style, {
        display: at < marks && this.values ? "block" : "none",
        left: `${(100 * ((at % share) + column / this.columns)) / share}%`,
        top: `${(100 * (Math.floor(at / share) + row / this.rows)) / share}%`,
        width: `${100 / this.columns / share}%`,
        height: `${100 / this.rows / share}%`,
      }),
    );
  }

  drawNumbers() {
    const { scale, channels, limit, latents } = this.data;
    const patch = this.find(".patch");
    if (!this.values) {
      patch.replaceChildren(tr("Asking the encoder…"));
      return;
    }
    const found = Array.from(
      { length: channels },
      (_, channel) => this.values[(channel * this.rows + this.row) * this.columns + this.column],
    );
    this.root.dataset.values = found.map((value) => value.toFixed(4)).join(" ");
    patch.replaceChildren(
      tr("These {scale} × {scale} pixels, {numbers} numbers, become {channels}, with a look at those around:", {
        scale,
        numbers: scale * scale * 3,
        channels,
      }),
      ...found.map((value) => {
        const chip = make("span", "", minus(value.toFixed(2)));
        const [red, green, blue] = this.colours.at(this.share(value));
        chip.style.background = this.colours.css(this.share(value));
        chip.style.color = red + green + blue > 400 ? "#101820" : "#fff";
        return chip;
      }),
    );
    const showsError = this.second.after;
    const [low, bar, high, words] = /** @type {Iterable<HTMLElement>} */ (this.find(".key").children);
    low.textContent = showsError ? "0" : `−${limit}`;
    high.textContent = showsError ? tr("{limit} or more off", { limit: latents.errorLimit }) : `${limit}`;
    bar.style.background = showsError ? "linear-gradient(90deg, #000, #fff)" : this.colours.bar();
    words.textContent = this.second.inside
      ? tr("· colours: a linear map from the numbers to RGB, fitted to this model")
      : "";
  }
}
