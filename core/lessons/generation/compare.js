// Pictures over two settings, filled in as they are drawn; a click makes one the running example.
//
// data.across, data.down  labels of the columns and of the rows; data.corner names both settings
// data.cells   row by row: {state: "there", picture, calls, seconds, stored, own},
//              {state: "failed", what, fix}, {state: "coming"} or {state: "empty"}
// data.sheet   one image with all pictures that are there; null without any
// A click tells the server "chosen", the number of the cell.

const LEAST = 104; // CSS pixels of a picture
const MOST = 176;
const TALL = 620; // of all rows, where that leaves pictures of the least size
const LABEL = 152; // of the rows' labels, with the gap
const GAP = 10;

export default function ({ parentElement, data, setTriggerValue }) {
  const close = present(parentElement, ".compare", Compare, data);
  parentElement.querySelector(".compare").view.tell = setTriggerValue;
  return close;
}

class Compare {
  constructor(root) {
    this.root = root;
  }

  async show(data) {
    this.coming = data; // until it is decoded, what is shown may be measured again
    if (data.sheet?.url !== this.sheet?.url) {
      const sheet = data.sheet && (await openSheet(data.sheet));
      if (this.coming !== data) return; // newer data came while this sheet was decoded
      this.sheet = sheet;
    }
    this.data = data;
    this.draw();
  }

  open() {
    this.resize ??= new ResizeObserver(() => this.size());
    this.resize.observe(this.root);
  }

  close() {
    this.resize.disconnect();
  }

  size() {
    if (!this.data || !this.root.clientWidth) return;
    const {
      across: { length: columns },
      down: { length: rows },
    } = this.data;
    const label = this.root.clientWidth > 544 ? LABEL : 90;
    const room = (this.root.clientWidth - label) / columns - GAP;
    const wanted = Math.min(MOST, room, TALL / rows - 3 * GAP);
    this.root.style.setProperty("--cell", `${Math.max(LEAST, Math.floor(wanted))}px`);
  }

  draw() {
    const { across, down, corner, cells } = this.data;
    this.size();
    const focused = this.root.getRootNode().activeElement?.dataset?.cell;
    const head = cell("th", "");
    head.append(line(`${corner.across} →`), line(`${corner.down} ↓`));
    this.root.querySelector("thead tr").replaceChildren(head, ...across.map((text) => heading(text, "col")));
    this.root.querySelector("tbody").replaceChildren(
      ...down.map((text, row) => {
        const tr = document.createElement("tr");
        tr.append(heading(text, "row"));
        across.forEach((right, column) => {
          const td = document.createElement("td");
          td.append(this.tile(cells[row * across.length + column], row * across.length + column, `${text}, ${right}`));
          tr.append(td);
        });
        return tr;
      }),
    );
    if (focused !== undefined) this.root.querySelector(`[data-cell="${focused}"]`)?.focus();
    const count = (state) => cells.filter((one) => one.state === state).length;
    this.root.dataset.there = count("there");
    this.root.dataset.failed = count("failed");
    this.root.dataset.coming = count("coming");
  }

  tile(told, number, name) {
    const there = told.state === "there";
    const tile = cell(there ? "button" : "div", `tile ${told.state}${told.own ? " own" : ""}`);
    const face = cell(there ? "canvas" : "span", "face");
    const words = cell("span", "words");
    tile.append(face, words);
    if (told.state === "failed") {
      const what = document.createElement("b");
      what.textContent = told.what;
      face.append(what, line(told.fix));
    }
    if (!there) return tile;
    tile.type = "button";
    tile.dataset.cell = number;
    tile.title = told.own ? "This is your run" : "Make this your run";
    tile.setAttribute("aria-label", `${name}: ${told.calls}, ${told.seconds || "kept"}. ${tile.title}`);
    tile.addEventListener("click", () => this.tell("chosen", number));
    words.textContent = `${told.calls} · ${told.seconds || "kept"}`;
    if (told.own) {
      const mine = document.createElement("b");
      mine.textContent = "your run";
      words.prepend(mine);
    }
    face.style.setProperty("--aspect", `${this.sheet.width} / ${this.sheet.height}`);
    showFrame(face, this.sheet, told.picture);
    return tile;
  }
}

function cell(tag, kind) {
  const made = document.createElement(tag);
  made.className = kind;
  return made;
}

function line(text) {
  const made = document.createElement("span");
  made.textContent = text;
  return made;
}

function heading(text, scope) {
  const made = document.createElement("th");
  made.scope = scope;
  made.textContent = text;
  return made;
}
