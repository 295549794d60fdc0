// A picture, its latents and what comes back, side by side; pointing at one points at all three.
//
// data.picture   address of the picture, data.width x data.height pixels
// data.scale     pixels of one position of the latents, each way
// data.channels  numbers at each position
// data.sizes     {before, after, fewer}: lines below
// data.colours   257 times red, green, blue in base64, for -data.limit to data.limit
// data.latents   the numbers, float32 in base64, channel by channel; null while they are not there
// data.projection, data.back, data.error   addresses of pictures, as soon as the numbers are there
// data.likeness  how alike the two pictures are; data.errorLimit what is white in the error

const PANES = ["before", "inside", "after"];

export default function ({ parentElement, data }) {
  return present(parentElement, ".latents", Latents, data);
}

class Latents {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.resize = new ResizeObserver(() => this.draw());
    this.second = { inside: false, after: false };
    for (const name of PANES) {
      const plate = this.find(`.${name} .plate`);
      plate.addEventListener("pointermove", (event) => this.point(name, event));
      plate.addEventListener("pointerdown", (event) => this.point(name, event));
      plate.addEventListener("keydown", (event) => this.step(event));
    }
    for (const name of ["inside", "after"]) {
      ["first", "second"].forEach((which, at) => {
        this.find(`.${name} .${which}`).addEventListener("click", () => {
          this.second[name] = at === 1;
          this.draw();
        });
      });
    }
  }

  open() {
    this.resize.observe(this.root);
  }

  close() {
    this.resize.disconnect();
  }

  async show(data) {
    this.data = data;
    const names = ["picture", "projection", "back", "error"];
    const images = await Promise.all(names.map((name) => load(data[name])));
    if (this.data !== data) return; // a newer one arrived while this one was decoded
    this.images = Object.fromEntries(names.map((name, at) => [name, images[at]]));
    this.rows = data.height / data.scale;
    this.columns = data.width / data.scale;
    this.values = data.latents && new Float32Array(bytes(data.latents).buffer);
    this.table = bytes(data.colours);
    this.tiles = Math.ceil(Math.sqrt(data.channels));
    if (this.shown !== data.title || !this.place) this.place = [this.rows >> 1, this.columns >> 1];
    this.place = [Math.min(this.place[0], this.rows - 1), Math.min(this.place[1], this.columns - 1)];
    this.shown = data.title;
    this.root.classList.toggle("ready", !!this.values);
    this.root.classList.toggle("waiting", !this.values);
    this.root.style.setProperty("--tiles", this.tiles);
    this.root.style.setProperty("--aspect", `${data.width} / ${data.height}`);
    this.find(".before .size").textContent = data.sizes.before;
    const fewer = make("b", "", data.sizes.fewer);
    this.find(".inside .size").replaceChildren(data.sizes.after + ", ", fewer);
    this.find(".after .size").textContent = this.values ? data.likeness : "";
    for (const button of this.root.querySelectorAll(".switch button")) button.disabled = !this.values;
    this.draw();
  }

  get middle() {
    return `${(this.rows >> 1) + 1},${(this.columns >> 1) + 1}`;
  }

  state() {
    if (!this.values) return {};
    return {
      patch: textOf(this.place.map((at) => at + 1).join(), this.middle),
      inside: this.second.inside ? "colours" : null,
      after: this.second.after ? "error" : null,
    };
  }

  take(said) {
    if (!this.values) return;
    this.second = { inside: said("inside") === "colours", after: said("after") === "error" };
    const [row, column] = (/^\d{1,4},\d{1,4}$/.test(said("patch")) ? said("patch") : this.middle).split(",");
    this.go(row - 1, column - 1);
  }

  point(name, event) {
    if (!this.values) return;
    const box = event.currentTarget.getBoundingClientRect();
    let across = (event.clientX - box.left) / box.width;
    let down = (event.clientY - box.top) / box.height;
    if (name === "inside" && !this.second.inside) {
      across = (across * this.tiles) % 1;
      down = (down * this.tiles) % 1;
    }
    this.go(Math.floor(down * this.rows), Math.floor(across * this.columns));
  }

  step(event) {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const move = moves[event.key];
    if (!move || !this.values) return;
    event.preventDefault();
    this.go(this.place[0] + move[0], this.place[1] + move[1]);
  }

  go(row, column) {
    const most = (value, end) => Math.max(0, Math.min(end - 1, value));
    this.place = [most(row, this.rows), most(column, this.columns)];
    this.draw();
  }

  draw() {
    if (!this.images || !this.root.clientWidth) return;
    for (const name of ["inside", "after"]) {
      this.find(`.${name} .first`).setAttribute("aria-pressed", !this.second[name]);
      this.find(`.${name} .second`).setAttribute("aria-pressed", this.second[name]);
    }
    const { inside, after } = this.second;
    this.paint("before", this.images.picture);
    this.paint("after", after ? this.images.error : this.images.back);
    if (inside || !this.values) this.paint("inside", this.images.projection);
    else this.paintChannels();
    this.find(".inside").classList.toggle("many", !inside && !!this.values);
    this.mark();
    this.tell();
  }

  paint(name, image) {
    const canvas = this.find(`.${name} canvas`);
    canvas.width = image ? image.naturalWidth : 1;
    canvas.height = image ? image.naturalHeight : 1;
    if (image) canvas.getContext("2d").drawImage(image, 0, 0);
  }

  paintChannels() {
    const { rows, columns, tiles, values, table } = this;
    const canvas = this.find(".inside canvas");
    canvas.width = tiles * columns;
    canvas.height = Math.ceil(this.data.channels / tiles) * rows;
    const picture = new ImageData(canvas.width, canvas.height);
    for (let channel = 0; channel < this.data.channels; channel++) {
      const top = Math.floor(channel / tiles) * rows;
      const left = (channel % tiles) * columns;
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const ink = 3 * this.ink(values[(channel * rows + row) * columns + column]);
          const at = 4 * ((top + row) * canvas.width + left + column);
          picture.data.set(table.subarray(ink, ink + 3), at);
          picture.data[at + 3] = 255;
        }
      }
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  ink(value) {
    const share = Math.max(0, Math.min(1, (value / this.data.limit + 1) / 2));
    return Math.round(share * 256);
  }

  mark() {
    const [row, column] = this.place;
    for (const name of PANES) {
      const many = name === "inside" && !this.second.inside;
      const plate = this.find(`.${name} .plate`);
      plate.setAttribute("aria-label", `Row ${row + 1}, column ${column + 1}; arrow keys move the square`);
      const marks = many ? this.data.channels : 1;
      const squares = [...plate.querySelectorAll("i")];
      while (squares.length < marks) squares.push(plate.appendChild(document.createElement("i")));
      squares.forEach((square, at) => {
        const share = many ? this.tiles : 1;
        square.style.display = at < marks && this.values ? "block" : "none";
        square.style.left = `${(100 * ((at % share) + column / this.columns)) / share}%`;
        square.style.top = `${(100 * (Math.floor(at / share) + row / this.rows)) / share}%`;
        square.style.width = `${100 / this.columns / share}%`;
        square.style.height = `${100 / this.rows / share}%`;
      });
    }
  }

  tell() {
    const { data, table } = this;
    const patch = this.find(".patch");
    const key = this.find(".key");
    key.hidden = !this.values;
    if (!this.values) {
      patch.replaceChildren("Asking the encoder…");
      return;
    }
    const numbers = data.scale * data.scale * 3;
    const [row, column] = this.place;
    const found = Array.from(
      { length: data.channels },
      (_, channel) => this.values[(channel * this.rows + row) * this.columns + column],
    );
    this.root.dataset.values = found.map((value) => value.toFixed(4)).join(" ");
    patch.replaceChildren(
      `These ${data.scale} × ${data.scale} pixels, ${numbers} numbers, become ${data.channels}, with a look at those around:`,
      ...found.map((value) => {
        const chip = make("span", "", value.toFixed(2).replace("-", "−"));
        const ink = [...table.subarray(3 * this.ink(value), 3 * this.ink(value) + 3)];
        chip.style.background = `rgb(${ink.join(" ")})`;
        chip.style.color = ink[0] + ink[1] + ink[2] > 400 ? "#101820" : "#fff";
        return chip;
      }),
    );
    const [low, bar, high, words] = key.children;
    const showsError = this.second.after;
    low.textContent = showsError ? "0" : `−${data.limit}`;
    high.textContent = showsError ? `${data.errorLimit} or more off` : `${data.limit}`;
    const stops = [0, 64, 128, 192, 256].map((at) => `rgb(${table.slice(3 * at, 3 * at + 3).join(" ")})`);
    bar.style.background = `linear-gradient(90deg, ${showsError ? "#000, #fff" : stops.join(", ")})`;
    words.textContent = "";
    if (this.second.inside) words.textContent = "· colours: a linear map from the numbers to RGB, fitted to this model";
  }
}

async function load(url) {
  if (!url) return null;
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}
