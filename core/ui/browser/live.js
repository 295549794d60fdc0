// A picture that follows what is typed and dragged. It tells the server "asked", what the picture is
// to be of; "rested", once the hand rests; "full", to have the full model draw it as well.
//
// Questions are numbered, and answers say whose they are. The newest wins: the picture of words that no
// longer stand in the boxes is not shown. While a slider is dragged, its pictures follow.

const PAUSE_MS = 50; // between two questions
const PATIENT_MS = 1000; // that a slider waits for the picture on its way: each question ends the one before
const RESTS_MS = 700; // after the last picture
const TEXTS = /** @type {const} */ (["prompt", "blend"]);
const NUMBERS = /** @type {const} */ (["share", "words", "seed", "other_seed", "turn"]);
const MOST = 2 ** 32 - 1; // of a seed

export default (/** @type {Mounted} */ mounted) => present(mounted, ".live", Live);

/** @extends {View<LiveData>} */
class Live extends View {
  constructor(root) {
    super(root);
    this.number = 0; // of the newest question
    this.answered = 0; // the newest whose picture is shown
    this.told = -PAUSE_MS;
    /** @type {Map<number, { words: string, at: number, took?: string }>} */
    this.asked = new Map();
    for (const input of root.querySelectorAll("input"))
      input.addEventListener("input", () => this.changed(input.type === "range"));
    this.find("button.fully").addEventListener("click", () => this.tell("full", this.number));
  }

  load({ picture, full }) {
    return Promise.all([picture && openSheet(picture), full && openSheet(full)]);
  }

  // ---- what stands in the boxes

  /** @param {string} name @returns {HTMLInputElement} */
  box(name) {
    return /** @type {any} */ (this.find(`.${name}`));
  }

  words() {
    return JSON.stringify(TEXTS.map((name) => this.box(name).value));
  }

  chosen() {
    const texts = TEXTS.map((name) => [name, this.box(name).value]);
    const numbers = NUMBERS.map((name) => [name, this.numberIn(name)]);
    return Object.fromEntries([...texts, ...numbers, ["side", this.size.side]]);
  }

  numberIn(name) {
    const number = Number(this.box(name).value);
    return name.endsWith("seed") ? clamp(Math.floor(number) || 0, 0, MOST) : number;
  }

  get size() {
    return this.data.sizes[Number(this.box("side").value)];
  }

  fill() {
    const { settings, sizes, longest } = this.data;
    for (const name of TEXTS) this.box(name).maxLength = longest;
    for (const name of [...TEXTS, ...NUMBERS]) this.box(name).value = String(settings[name]);
    this.box("side").max = String(sizes.length - 1);
    this.box("side").value = String(sizes.findIndex(({ side }) => side === settings.side));
  }

  label() {
    const { side, text } = this.size;
    const said = {
      share: `${Math.round(100 * this.numberIn("share"))} %`,
      words: short(this.numberIn("words")),
      turn: `${Math.round(100 * this.numberIn("turn"))} %`,
      side: `${side} × ${side}`,
    };
    for (const [name, value] of Object.entries(said)) {
      this.box(name).closest("label").querySelector("b").textContent = value;
      this.box(name).ariaValueText = value;
    }
    this.find("p.size").textContent = text;
  }

  // ---- asking

  /** @param {boolean} dragged or else typed: then the picture on its way is out of date */
  changed(dragged) {
    this.label();
    this.find(".full").hidden = true;
    this.root.ariaBusy = "true";
    clearTimeout(this.resting);
    this.at = performance.now();
    this.askAt(this.told + (dragged && this.number > this.answered ? PATIENT_MS : PAUSE_MS));
  }

  /** @param {number} time at the latest, in the browser's milliseconds */
  askAt(time) {
    if (this.waiting && this.due <= time) return;
    clearTimeout(this.waiting);
    this.due = time;
    this.waiting = setTimeout(() => this.ask(), Math.max(0, time - performance.now()));
  }

  ask() {
    this.waiting = 0;
    this.told = performance.now();
    this.number += 1;
    this.asked.set(this.number, { words: this.words(), at: this.at });
    this.tell("asked", { number: this.number, ...this.chosen() });
  }

  // ---- answers

  show(before, [picture, full]) {
    const { number, settled } = this.data;
    const asks = this.waiting || this.number > this.answered;
    const asked = this.asked.get(number);
    if (number === 0 && asks) return; // of before the newest question
    if (number === 0 || number > this.number) {
      this.number = this.answered = Math.max(number, this.number);
      this.fill();
    } else if (number < this.number && asked?.words !== this.words()) return;
    this.answered = Math.max(number, this.answered);
    for (const old of this.asked.keys()) if (old < number) this.asked.delete(old);
    this.label();
    this.find(".fully span").textContent = this.data.fully;
    if (this.waiting && this.answered === this.number) this.askAt(this.told + PAUSE_MS);
    const newest = this.answered === this.number && !this.waiting;
    if (newest) this.root.ariaBusy = "false";
    this.paint(this.find("figure.few"), picture, this.data.drawn + this.took(number));
    this.paint(this.find("figure.full"), newest && full, this.data.full_drawn);
    Object.assign(this.root.dataset, { shown: String(this.answered), settled: String(settled && newest) });
    clearTimeout(this.resting);
    if (settled && newest) this.find(".spoken").textContent = this.data.spoken;
    else if (newest && picture) this.resting = setTimeout(() => this.tell("rested", this.number), RESTS_MS);
  }

  /** Seconds from the hand to the picture, of the question that is answered for the first time. */
  took(number) {
    const asked = this.asked.get(number);
    if (!asked) return "";
    asked.took ??= ((performance.now() - asked.at) / 1000).toFixed(2);
    return tr(", {seconds} s after your hand", { seconds: asked.took });
  }

  /**
   * @param {HTMLElement} figure
   * @param {Sheet | null} sheet
   * @param {string} drawn
   */
  paint(figure, sheet, drawn) {
    if (figure.className === "full") figure.hidden = !sheet;
    if (!sheet) return;
    const canvas = figure.querySelector("canvas");
    showFrame(canvas, sheet, 0);
    canvas.ariaLabel = `${this.data.settings.prompt || tr("no words")}: ${drawn}`;
    figure.querySelector(".drawn").textContent = drawn;
  }

  close() {
    super.close();
    clearTimeout(this.resting);
  }
}
