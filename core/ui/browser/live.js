// A picture that follows what is typed and dragged. It tells the server "asked", what the picture is
// to be of; "rested", once the hand rests, and again until all is there; "left", where it rests longer,
// to have the page around follow; "full", to have the full model draw it as well.
//
// Questions are numbered, and answers say whose they are. One is on its way at a time: what is chosen
// meanwhile is asked once its picture is there, as it stands then, so that pictures come however many
// people ask. A picture of older words says of which. Where pictures are slow, as in a class that types,
// half a word is not worth one: there the keys must have paused.

const PAUSE_MS = 50; // between two questions
const SLOW_MS = 500; // for a picture
const WORD_MS = 300; // a pause of the keys, which ends a word
const WORDS_MS = 1500; // that keys may go on without
const LOST_MS = 10_000; // after which a question counts as lost
const RESTS_MS = 700; // after the last picture
const AGAIN_MS = 1000; // until what is still to come is asked for again, half as long again each time, up to
const SELDOM_MS = 4000; // which the engine still counts as somebody who waits
const LEAVES_MS = 2000; // after all is there
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
    this.slow = false; // whether the last picture was
    this.changed = 0; // since when something else stands in the boxes than was asked; 0 is never
    /** @type {Map<number, { words: string, at: number, took?: string }>} */
    this.asked = new Map();
    for (const input of root.querySelectorAll("input"))
      input.addEventListener("input", () => this.change(input.type === "range"));
    this.find("button.fully").addEventListener("click", () => this.say("full"));
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

  /** @param {boolean} dragged or else typed */
  change(dragged) {
    this.label();
    this.find(".full").hidden = true;
    this.root.ariaBusy = "true";
    this.root.dataset.state = "asked";
    clearTimeout(this.resting);
    this.at = performance.now();
    this.changed ||= this.at;
    this.dragged = dragged;
    if (this.answered === this.number) this.askSoon();
  }

  askSoon() {
    const word = this.slow && !this.dragged;
    const due = word ? Math.min(this.at + WORD_MS, this.changed + WORDS_MS) : this.told + PAUSE_MS;
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), Math.max(0, due - performance.now()));
  }

  ask() {
    if (!this.root.isConnected) return;
    this.rested = false;
    this.changed = 0;
    this.told = performance.now();
    this.number += 1;
    this.asked.set(this.number, { words: this.words(), at: this.at });
    this.tell("asked", { number: this.number, ...this.chosen() });
    clearTimeout(this.losing);
    this.losing = setTimeout(() => this.ask(), LOST_MS);
  }

  /** Says that the hand rests, again and again until all is there. */
  rest(pause, next = AGAIN_MS) {
    this.resting = setTimeout(() => {
      this.rested = true;
      this.say("rested");
      this.rest(next, Math.min(1.5 * next, SELDOM_MS));
    }, pause);
  }

  say(event) {
    if (this.root.isConnected) this.tell(event, this.number);
  }

  // ---- answers

  show(before, [picture, full]) {
    const { number, state } = this.data;
    const asked = this.asked.get(number);
    if (number === 0 && (this.changed || this.number > this.answered)) return; // of before the newest question
    if (number === 0 || number > this.number) {
      this.number = this.answered = Math.max(number, this.number);
      this.fill();
    } else if (number < this.number && asked?.words !== this.words()) return;
    this.answered = Math.max(number, this.answered);
    for (const old of this.asked.keys()) if (old < number) this.asked.delete(old);
    this.root.classList.toggle("small", !this.data.knobs);
    this.label();
    this.find(".fully span").textContent = this.data.fully;
    const newest = this.answered === this.number && !this.changed;
    this.paint(this.find("figure.few"), picture, newest ? this.data.drawn + this.took(number) : this.older());
    this.paint(this.find("figure.full"), newest && full, this.data.full_drawn);
    Object.assign(this.root.dataset, { shown: String(this.answered), state: newest ? state : "asked" });
    if (this.answered === this.number) this.goOn(Boolean(picture));
  }

  /** No question is on its way: asks what was chosen meanwhile, or lets the hand rest. */
  goOn(seen) {
    clearTimeout(this.losing);
    clearTimeout(this.resting);
    if (this.number > 0 && !this.rested) this.slow = performance.now() - this.told > SLOW_MS;
    if (this.changed) return this.askSoon();
    this.root.ariaBusy = "false";
    const { state } = this.data;
    if (state === "asked") this.rest(RESTS_MS);
    if (state === "waits") this.rest(this.rested || seen ? AGAIN_MS : 0);
    if (state === "behind") this.resting = setTimeout(() => this.say("left"), LEAVES_MS);
    if (state === "behind" || state === "settled") this.find(".spoken").textContent = this.data.spoken;
  }

  older() {
    const { prompt } = this.data.settings;
    return tr("so far “{words}”", { words: prompt.length > 40 ? `${prompt.slice(0, 40)}…` : prompt });
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
