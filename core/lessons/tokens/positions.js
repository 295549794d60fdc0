// All positions of a text as one strip of cells; pointing at one, or the arrow keys, tells what it is.
//
// data.positions  [{text, kind, read, said}]: kind is start, word, end or padding; said is a sentence
// data.key        [{kind, read, text}]: what the kinds of cells are
// data.about      the strip in words

export default function ({ parentElement, data }) {
  return present(parentElement, ".positions", Positions, data);
}

class Positions {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    this.strip = this.find(".strip");
    this.strip.addEventListener("pointerover", (event) => {
      const at = [...this.strip.children].indexOf(event.target);
      if (at >= 0) this.go(at);
    });
    this.strip.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
      if (!step) return;
      event.preventDefault();
      this.go(this.at === undefined ? 0 : this.at + step);
    });
  }

  show(data) {
    this.data = data;
    this.at = undefined;
    this.strip.setAttribute("aria-label", data.about);
    this.strip.replaceChildren(...data.positions.map(({ text, kind, read }) => cell(kind, read, text)));
    this.find(".key").replaceChildren(
      ...data.key.map(({ kind, read, text }) => {
        const entry = make("span");
        entry.append(cell(kind, read), text);
        return entry;
      }),
    );
    this.find(".said").textContent = "Point at a cell to read it.";
  }

  state() {
    return { position: this.at === undefined ? null : String(this.at) };
  }

  take(said) {
    const at = numberOf(said("position"), 0, this.data.positions.length - 1, null);
    if (at !== null) this.go(Math.floor(at));
  }

  go(at) {
    this.at = Math.max(0, Math.min(this.data.positions.length - 1, at));
    [...this.strip.children].forEach((part, place) => part.classList.toggle("here", place === this.at));
    this.find(".said").textContent = this.data.positions[this.at].said;
  }
}

function cell(kind, read, text = "") {
  return make("span", `cell ${kind} ${read ? "" : "unread"}`, text);
}
