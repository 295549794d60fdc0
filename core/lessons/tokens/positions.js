// All positions of a text as one strip of cells; pointing at one, or the arrow keys, tells what it is.

export default (/** @type {Mounted} */ mounted) => present(mounted, ".positions", Positions);

/** @extends {View<PositionsData>} */
class Positions extends View {
  constructor(root) {
    super(root);
    this.strip = this.find(".strip");
    this.strip.addEventListener("pointerover", (event) => {
      const at = this.cells.indexOf(/** @type {HTMLElement} */ (event.target));
      if (at >= 0) this.go(at);
    });
    keys(this.strip, (by) => (by ? this.go(this.at === undefined ? 0 : this.at + by) : false), {
      Home: () => this.go(0),
      End: () => this.go(Infinity),
    });
  }

  show() {
    const { positions, key, about } = this.data;
    this.at = undefined;
    this.strip.ariaLabel = about;
    this.cells = positions.map(({ text, kind, read }) => cell(kind, read, text));
    this.strip.replaceChildren(...this.cells);
    this.find(".key").replaceChildren(...key.map(({ kind, read, text }) => make("span", "", cell(kind, read), text)));
    this.find(".said").textContent = tr("Point at a cell to read it.");
  }

  state() {
    return { position: this.at === undefined ? null : String(this.at) };
  }

  take(said) {
    const at = numberOf(said("position"), 0, this.data.positions.length - 1, null);
    if (at !== null) this.go(Math.floor(at));
  }

  go(at) {
    this.at = clamp(at, 0, this.cells.length - 1);
    this.cells.forEach((part, place) => part.classList.toggle("here", place === this.at));
    this.find(".said").textContent = this.data.positions[this.at].said;
  }
}

function cell(kind, read, text = "") {
  return make("span", `cell ${kind} ${read ? "" : "unread"}`, text);
}
