// How alike every two timesteps are: a matrix, and the one row of it that the chosen t is.
//
// data.alike    cosine similarity by how far two timesteps are apart, one number a timestep
// data.colours  257 times red, green, blue in base64, for -1 to 1
// data.start    the timestep to begin with
// The chosen t comes from the heat map above, as the document's event "timestep".

export default function ({ parentElement, data }) {
  return present(parentElement, ".likeness", Likeness, data);
}

class Likeness {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.resize = new ResizeObserver(() => this.redraw());
    this.hear = (event) => this.go(event.detail);
  }

  show(data) {
    this.data = data;
    this.last = data.alike.length - 1;
    this.low = Math.min(0, ...data.alike);
    this.t ??= data.start;
    const low = this.low === 0 ? "0" : this.low.toFixed(2).replace("-", "−");
    this.find(".key span").textContent = low;
    this.find(".bottom").textContent = low;
    this.find(".last").textContent = `t = ${this.last}`;
    this.redraw();
    document.dispatchEvent(new CustomEvent("timestep-wanted"));
  }

  open() {
    this.resize.observe(this.root);
    document.addEventListener("timestep", this.hear);
  }

  close() {
    this.resize.disconnect();
    document.removeEventListener("timestep", this.hear);
  }

  go(t) {
    this.t = Math.min(t, this.last);
    this.draw();
  }

  redraw() {
    if (!this.root.clientWidth) return;
    this.pen = fitInCss(this.find(".curve canvas"));
    const style = getComputedStyle(this.root);
    this.green = style.getPropertyValue("--time");
    this.drawMatrix();
    this.draw();
  }

  draw() {
    if (!this.pen) return;
    const { alike } = this.data;
    const { pen, wide, tall } = this.pen;
    const here = Math.round(this.t);
    pen.clearRect(0, 0, wide, tall);
    pen.strokeStyle = this.green;
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.beginPath();
    for (let other = 0; other <= this.last; other++) {
      const share = (alike[Math.abs(here - other)] - this.low) / (1 - this.low);
      pen.lineTo((other / this.last) * wide, 2 + (1 - share) * (tall - 4));
    }
    pen.stroke();
    const said = Number.isInteger(this.t) ? this.t : this.t.toFixed(1);
    this.find(".curve figcaption").textContent = `t = ${said} beside every other t`;
    this.find(".curve canvas").setAttribute("aria-label", `Similarity of t = ${said} with every other timestep`);
    const place = (here + 0.5) / (this.last + 1);
    const side = this.find(".matrix .plate").clientWidth;
    this.find(".row").style.transform = `translateY(${(1 - place) * side}px)`;
    this.find(".column").style.transform = `translateX(${place * side}px)`;
    this.find(".now").style.transform = `translateX(${(here / this.last) * wide}px)`;
  }

  drawMatrix() {
    const canvas = this.find(".matrix canvas");
    const pen = fit(canvas);
    const { width, height } = canvas;
    const table = bytes(this.data.colours);
    const inks = this.data.alike.map((value) => 3 * Math.round(128 + 128 * value));
    const picture = new ImageData(width, height);
    for (let y = 0; y < height; y++) {
      const t = this.last - Math.floor((y / height) * (this.last + 1)); // the noisiest on top
      for (let x = 0; x < width; x++) {
        const other = Math.floor((x / width) * (this.last + 1));
        const ink = inks[Math.abs(t - other)];
        const at = 4 * (y * width + x);
        picture.data[at] = table[ink];
        picture.data[at + 1] = table[ink + 1];
        picture.data[at + 2] = table[ink + 2];
        picture.data[at + 3] = 255;
      }
    }
    pen.putImageData(picture, 0, 0);
    const stops = [0, 0.25, 0.5, 0.75, 1].map((part) => {
      const ink = 3 * Math.round(128 + 128 * (this.low + part * (1 - this.low)));
      return `rgb(${table.slice(ink, ink + 3).join(" ")})`;
    });
    this.find(".key i").style.background = `linear-gradient(90deg, ${stops.join(", ")})`;
  }
}
