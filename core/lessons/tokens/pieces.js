// The prompt in pieces, each where it stands; a click on a word shows how it fell into them.
//
// data.words    [{text, pieces: [{text, piece, id, cut}], size, letters, merges: [{rank, pair, pieces}],
//               why}], in the order of the prompt
// data.start, data.end, data.pad   {piece, id} of the markers
// data.used     pieces the model reads, of data.room; data.count pieces in all
// data.padding  how many times the pad fills the rest
// data.beyond   pieces that are not drawn, all of them cut
// data.learned  length of the learned list of pairs
// data.bytes    whether letters that stand for bytes are on show

const DENSE = 24; // pieces, beyond which they are drawn smaller

export default function ({ parentElement, data }) {
  return present(parentElement, ".pieces", Pieces, data);
}

class Pieces {
  constructor(root) {
    this.root = root;
    this.line = root.querySelector(".line");
  }

  show(data) {
    const before = this.data?.words[this.chosen]?.text;
    this.data = data;
    const same = data.words[this.chosen]?.text === before && before !== undefined;
    if (!same || !this.picked) {
      this.picked = false;
      this.chosen = mostTelling(data.words);
    }
    const focused = this.line.contains(this.root.getRootNode().activeElement);
    const parts = [marker(data.start, "start")];
    let ended = false;
    data.words.forEach((word, at) => {
      if (!ended && word.pieces[0].cut) {
        parts.push(marker(data.end, "end"));
        ended = true;
      }
      parts.push(this.word(word, at));
    });
    if (!ended) parts.push(marker(data.end, "end"));
    if (data.padding) parts.push(marker(data.pad, `padding × ${data.padding}`));
    if (data.beyond > 0) parts.push(make("span", "beyond", `and ${count(data.beyond, "piece")} more, cut`));
    this.line.replaceChildren(...parts);
    this.root.classList.toggle("dense", data.count > DENSE);
    if (focused) this.line.querySelector("[aria-pressed=true]")?.focus();
    this.drawBudget();
    this.drawMerges();
    this.root.dataset.count = data.count;
  }

  state() {
    return { piece: this.picked ? String(this.chosen + 1) : null };
  }

  take(said) {
    const at = numberOf(said("piece"), 1, this.data.words.length, null);
    this.choose(at === null ? mostTelling(this.data.words) : Math.floor(at) - 1);
    this.picked = at !== null;
  }

  word(word, at) {
    const button = make("button", "word");
    button.type = "button";
    button.setAttribute("aria-pressed", at === this.chosen);
    button.addEventListener("click", () => this.choose(at));
    word.pieces.forEach((piece, place) => {
      const part = make("span", `piece ${piece.cut ? "cut" : ""} ${place % 2 ? "odd" : ""}`);
      const text = make("bdi", "text", piece.text || "·");
      part.append(text, spelling(piece.piece), make("span", "id", piece.cut ? "cut off" : piece.id));
      button.append(part);
    });
    return button;
  }

  choose(at) {
    this.chosen = at;
    this.picked = true;
    this.line.querySelectorAll(".word").forEach((word, place) => word.setAttribute("aria-pressed", place === at));
    this.drawMerges();
  }

  drawBudget() {
    const { used, room, count: all, padding } = this.data;
    const bar = this.root.querySelector(".bar");
    const cut = Math.max(0, all - room);
    bar.replaceChildren(cell("edge", 1), cell("used", used), cell("edge", 1), cell("free", padding));
    const said = `${used} of ${room} places used, and 2 for start and end`;
    bar.setAttribute("aria-label", said);
    const line = cut
      ? `${said}. Your words make ${all} pieces: the last ${cut} ${cut > 1 ? "are" : "is"} cut off, and nobody reads ${cut > 1 ? "them" : "it"}.`
      : `${said}.`;
    this.root.querySelector(".count").textContent = line;
  }

  drawMerges() {
    const word = this.data.words[this.chosen];
    const box = this.root.querySelector(".merging");
    box.hidden = !word;
    this.root.querySelector(".how").textContent = word ? this.drawWord(box, word) : "";
  }

  // Returns what there is to know besides.
  drawWord(box, word) {
    const title = box.querySelector("h2");
    title.replaceChildren("How ", make("bdi", "", word.text), title_end(word));
    const rows = word.letters.length
      ? [
          row(word.letters, null, "letters"),
          ...word.merges.map(({ rank, pair, pieces }) => row(pieces, pair, `pair ${(rank + 1).toLocaleString("en")}`)),
        ]
      : [];
    box.querySelector("ol").replaceChildren(...rows);
    const how = [];
    if (word.merges.length)
      how.push(
        `Each row glues two neighbours of the row above: the pair that comes first in CLIP’s list of ${this.data.learned.toLocaleString("en")} learned pairs.`,
      );
    if (word.why === "too long") how.push("This word is too long to show merge by merge.");
    if (this.data.bytes)
      how.push(
        "Letters like Ã or Ł stand for bytes: é is two bytes, most Chinese characters are three, most emoji four or more.",
      );
    return how.join(" ");
  }
}

function title_end(word) {
  const pieces = word.size;
  if (word.why) return pieces === 1 ? " is read: whole" : ` is read: ${pieces} pieces`;
  return ` becomes ${count(pieces, "piece")}`;
}

function count(number, name) {
  return `${number.toLocaleString("en")} ${name}${number === 1 ? "" : "s"}`;
}

// The word that falls into most pieces; among equals the one with most merges.
function mostTelling(words) {
  const worth = ({ size, merges }) => 1000 * size + merges.length;
  return words.reduce((best, word, at) => (worth(word) > worth(words[best]) ? at : best), 0);
}

function row(pieces, pair, said) {
  const item = make("li");
  const glued = pair && pair.join("");
  for (const piece of pieces) item.append(make("span", piece === glued ? "part new" : "part", piece));
  item.append(make("small", "", said));
  return item;
}

function marker({ piece, id }, said) {
  const part = make("span", "marker");
  part.append(make("span", "text", said), spelling(piece), make("span", "id", id));
  return part;
}

function spelling(piece) {
  const said = make("span", "spelling");
  const end = piece.endsWith("</w>");
  said.append(end ? piece.slice(0, -4) : piece);
  if (end) said.append(make("span", "ends", "</w>"));
  return said;
}

function cell(kind, share) {
  const part = make("i", kind);
  part.style.flexGrow = share;
  part.hidden = !share;
  return part;
}
