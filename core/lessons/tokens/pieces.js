// The prompt in pieces, each where it stands; a click on a word shows how it fell into them.

const DENSE = 24; // pieces, beyond which they are drawn smaller
const WORD = "\n"; // stands in a title for a word, which has an element of its own

export default (/** @type {Mounted} */ mounted) => present(mounted, ".pieces", Pieces);

/** @extends {View<PiecesData>} */
class Pieces extends View {
  constructor(root) {
    super(root);
    this.line = this.find(".line");
  }

  show(before) {
    const { data } = this;
    const text = before?.words[this.chosen]?.text;
    const same = data.words[this.chosen]?.text === text && text !== undefined;
    if (!same || !this.picked) {
      this.picked = false;
      this.chosen = mostTelling(data.words);
    }
    const shadow = /** @type {ShadowRoot} */ (this.root.getRootNode());
    const focused = this.line.contains(shadow.activeElement);
    this.words = data.words.map((word, at) => this.word(word, at));
    const cut = data.words.findIndex(({ pieces }) => pieces[0].cut);
    /** @type {Node[]} */
    const parts = [...this.words];
    parts.splice(cut < 0 ? parts.length : cut, 0, marker(data.end, tr("end")));
    parts.unshift(marker(data.start, tr("start")));
    if (data.padding) parts.push(marker(data.pad, tr("padding × {count}", { count: data.padding })));
    if (data.beyond > 0)
      parts.push(make("span", "beyond", tr("and {pieces} more, cut", { pieces: count(data.beyond, "piece") })));
    this.line.replaceChildren(...parts);
    this.root.classList.toggle("dense", data.count > DENSE);
    if (focused) this.words[this.chosen]?.focus();
    this.drawBudget();
    this.choose(this.chosen, this.picked);
    this.root.dataset.count = String(data.count);
  }

  state() {
    return { piece: this.picked ? String(this.chosen + 1) : null };
  }

  take(said) {
    const at = numberOf(said("piece"), 1, this.data.words.length, null);
    this.choose(at === null ? mostTelling(this.data.words) : Math.floor(at) - 1, at !== null);
  }

  word(word, at) {
    const pieces = word.pieces.map((piece, place) =>
      make(
        "span",
        `piece ${piece.cut ? "cut" : ""} ${place % 2 ? "odd" : ""}`,
        make("bdi", "text", piece.text || "·"),
        spelling(piece.piece),
        make("span", "id", piece.cut ? tr("cut off") : piece.id),
      ),
    );
    const button = make("button", "word", ...pieces);
    button.addEventListener("click", () => this.choose(at, true));
    return button;
  }

  choose(at, picked) {
    this.chosen = at;
    this.picked = picked;
    press(this.words, (_, place) => place === at);
    this.drawMerges();
  }

  drawBudget() {
    const { used, room, count: all, padding } = this.data;
    const bar = this.find(".bar");
    const cut = Math.max(0, all - room);
    bar.replaceChildren(cell("edge", 1), cell("used", used), cell("edge", 1), cell("free", padding));
    const said = tr("{used} of {room} places used, and 2 for start and end", { used, room });
    bar.ariaLabel = said;
    const line = cut
      ? trMany(
          cut,
          "{said}. Your words make {all} pieces: the last {count} is cut off, and nobody reads it.",
          "{said}. Your words make {all} pieces: the last {count} are cut off, and nobody reads them.",
          { said, all },
        )
      : `${said}.`;
    this.find(".count").textContent = line;
  }

  drawMerges() {
    const word = this.data.words[this.chosen];
    const box = this.find(".merging");
    box.hidden = !word;
    this.find(".how").textContent = word ? this.drawWord(box, word) : "";
  }

  // Returns what there is to know besides.
  drawWord(box, word) {
    const title = box.querySelector("h2");
    const [before, after] = titled(word).split(WORD);
    title.replaceChildren(before, make("bdi", "", word.text), after);
    const rows = word.letters.length
      ? [
          row(word.letters, null, tr("letters")),
          ...word.merges.map(({ rank, pair, pieces }) =>
            row(pieces, pair, tr("pair {number:,}", { number: rank + 1 })),
          ),
        ]
      : [];
    box.querySelector("ol").replaceChildren(...rows);
    const how = [];
    if (word.merges.length)
      how.push(
        tr(
          "Each row glues neighbours of the row above: the pair that comes first in CLIP’s list of {learned:,} learned pairs, wherever it stands.",
          { learned: this.data.learned },
        ),
      );
    if (word.why === "too long") how.push(tr("This word is too long to show merge by merge."));
    if (this.data.bytes)
      how.push(
        tr(
          "Letters like Ã or Ł stand for bytes: é is two bytes, most Chinese characters are three, most emoji four or more.",
        ),
      );
    return how.join(" ");
  }
}

// How a word is read, with a sign where the word itself stands.
function titled({ size, why }) {
  return why
    ? trMany(size, "How {word} is read: whole", "How {word} is read: {count} pieces", { word: WORD })
    : trMany(size, "How {word} becomes {count:,} piece", "How {word} becomes {count:,} pieces", { word: WORD });
}

// The word that falls into most pieces; among equals the one with most merges.
function mostTelling(words) {
  const worth = ({ size, merges }) => 1000 * size + merges.length;
  return words.reduce((best, word, at) => (worth(word) > worth(words[best]) ? at : best), 0);
}

function row(pieces, pair, said) {
  const glued = pair && pair.join("");
  const parts = pieces.map((piece) => make("span", piece === glued ? "part new" : "part", piece));
  return make("li", "", ...parts, make("small", "", said));
}

function marker({ piece, id }, said) {
  return make("span", "marker", make("span", "text", said), spelling(piece), make("span", "id", id));
}

function spelling(piece) {
  const end = piece.endsWith("</w>");
  return make("span", "spelling", end ? piece.slice(0, -4) : piece, ...(end ? [make("span", "ends", "</w>")] : []));
}

function cell(kind, share) {
  const part = make("i", kind);
  part.style.flexGrow = share;
  part.hidden = !share;
  return part;
}
