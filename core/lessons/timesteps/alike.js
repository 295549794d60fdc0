// How alike every two timesteps are: a matrix, and the one row of it that the chosen t is. The chosen t
// comes from the heat map above, as the document's event "timestep".

export default (/** @type {Mounted} */ mounted) => present(mounted, ".likeness", Likeness);

/** @extends {View<AlikeData>} */
class Likeness extends View {
  constructor(root) {
    super(root);
    this.hear = (event) => this.go(event.detail);
  }

  show() {
    const { alike, start } = this.data;
    this.last = alike.length - 1;
    this.low = Math.min(0, ...alike);
    this.colours = new Colours(this.data.colours);
    this.t ??= start;
    const low = this.low === 0 ? "0" : minus(this.low.toFixed(2));
    this.find(".key span").textContent = low;
    this.find(".bottom").textContent = low;
    this.find(".last").textContent = `t = ${this.last}`;
    this.find(".key i").style.background = this.colours.bar((1 + this.low) / 2);
    this.redraw();
    document.dispatchEvent(new CustomEvent("timestep-wanted"));
  }

  open() {
    super.open();
    document.addEventListener("timestep", this.hear);
  }

  close() {
    super.close();
    document.removeEventListener("timestep", this.hear);
  }

  go(t) {
    this.t = Math.min(t, this.last);
    this.update();
  }

  draw() {
    const { alike } = this.data;
    const { pen, wide, tall } = this.curve;
    const here = Math.round(this.t);
    pen.clearRect(0, 0, wide, tall);
    const up = scale([this.low, 1], [tall - 2, 2]);
    const points = alike.map((_, other) => [(other / this.last) * wide, up(alike[Math.abs(here - other)])]);
    stroke(pen, points, { colour: this.green });
    const said = Number.isInteger(this.t) ? this.t : this.t.toFixed(1);
    this.find(".curve figcaption").textContent = tr("t = {t} beside every other t", { t: said });
    this.find(".curve canvas").ariaLabel = tr("Similarity of t = {t} with every other timestep", { t: said });
    const place = (here + 0.5) / (this.last + 1);
    const side = this.find(".matrix .plate").clientWidth;
    this.find(".row").style.transform = `translateY(${(1 - place) * side}px)`;
    this.find(".column").style.transform = `translateX(${place * side}px)`;
    this.find(".now").style.transform = `translateX(${(here / this.last) * wide}px)`;
  }

  lay() {
    this.curve = fitInCss(this.find(".curve canvas"));
    this.green = this.ink("time");
    const pen = fit(this.find(".matrix canvas"));
    const { width, height } = pen.canvas;
    const inks = this.data.alike.map((value) => this.colours.at((1 + value) / 2));
    const at = (share) => Math.floor(share * (this.last + 1));
    const colourOf = (cell) => {
      const t = this.last - at(Math.floor(cell / width) / height); // the noisiest on top
      return inks[Math.abs(t - at((cell % width) / width))];
    };
    pen.putImageData(pixels(width, height, colourOf), 0, 0);
  }
}
