// Pictures over two settings, filled in as they are drawn; a click makes one the running example: it
// tells the server "chosen", the number of the cell.

const LEAST = 104; // CSS pixels of a picture
const LEAST_IN_HAND = 76; // on a telephone, where three stand beside each other
const MOST = 176;
const TALL = 620; // of all rows, where that leaves pictures of the least size
const LABEL = 152; // of the rows' labels, with the gap
const GAP = 10;

export default (/** @type {Mounted} */ mounted) => present(mounted, ".compare", Compare);

/** @extends {View<CompareData>} */
class Compare extends View {
  async load({ sheet }) {
    return sheet?.url === this.sheet?.url ? this.sheet : sheet && openSheet(sheet);
  }

  show(before, sheet) {
    this.sheet = sheet;
    const { across, down, corner, cells } = this.data;
    const shadow = /** @type {ShadowRoot} */ (this.root.getRootNode());
    const focused = /** @type {HTMLElement} */ (shadow.activeElement)?.dataset.cell;
    const head = make("th", "", make("span", "", `${corner.across} →`), make("span", "", `${corner.down} ↓`));
    this.find("thead tr").replaceChildren(head, ...across.map((text) => heading(text, "col")));
    this.find("tbody").replaceChildren(
      ...down.map((text, row) => {
        const tiles = across.map((right, column) => {
          const number = row * across.length + column;
          return make("td", "", this.tile(cells[number], number, `${text}, ${right}`));
        });
        return make("tr", "", heading(text, "row"), ...tiles);
      }),
    );
    if (focused !== undefined) this.find(`[data-cell="${focused}"]`)?.focus();
    for (const state of ["there", "failed", "coming"]) {
      this.root.dataset[state] = String(cells.filter((one) => one.state === state).length);
    }
    this.redraw();
  }

  lay() {
    const [columns, rows] = [this.data.across.length, this.data.down.length];
    const wide = this.root.clientWidth > 544;
    const [label, least] = wide ? [LABEL, LEAST] : [90, LEAST_IN_HAND];
    const room = (this.root.clientWidth - label) / columns - GAP;
    const wanted = Math.min(MOST, room, TALL / rows - 3 * GAP);
    this.root.style.setProperty("--cell", `${Math.max(least, Math.floor(wanted))}px`);
  }

  /**
   * @param {CellData} told
   * @param {number} number
   * @param {string} name
   */
  tile(told, number, name) {
    const kind = `tile ${told.state}${told.own ? " own" : ""}`;
    if (told.state !== "there") {
      const said = told.state === "failed" ? [make("b", "", told.what), make("span", "", told.fix)] : [];
      return make("div", kind, make("span", "face framed", ...said), make("span", "words"));
    }
    const face = make("canvas", "face framed picture");
    const words = make("span", "words", ...(told.own ? [make("b", "", tr("your run"))] : []));
    words.append(`${told.calls} · ${told.seconds || tr("kept")}`);
    const tile = make("button", kind, face, words);
    tile.dataset.cell = String(number);
    tile.title = told.own ? tr("This is your run") : tr("Make this your run");
    tile.ariaLabel = `${name}: ${told.calls}, ${told.seconds || tr("kept")}. ${tile.title}`;
    tile.addEventListener("click", () => this.tell("chosen", number));
    face.style.setProperty("--aspect", `${this.sheet.width} / ${this.sheet.height}`);
    showFrame(face, this.sheet, told.picture);
    return tile;
  }
}

function heading(text, scope) {
  return Object.assign(make("th", "", text), { scope });
}
