// A play button and a slider that move through places; it stands before every component's script.
//
// A component extends it, has .play and one slider in its root, and says how it draws. It is told
// frameMs and wholeMs, the longest that one place and the whole walk may last.

const PLAY = "M8 5v14l11-7z";
const PAUSE = "M6 5h4v14H6zM14 5h4v14h-4z";

/**
 * @template Data
 * @extends {View<Data>}
 */
class Player extends View {
  /** @type {number} */ place;
  /** @type {number} */ last;
  /** @type {number} */ timer;

  /**
   * @param {HTMLElement} root
   * @param {number} frameMs
   * @param {number} wholeMs
   */
  constructor(root, frameMs, wholeMs) {
    super(root);
    this.frameMs = frameMs;
    this.wholeMs = wholeMs;
    this.range = this.find("input[type=range]");
    this.button = this.find("button.play");
    this.sign = svg("path", {});
    this.word = make("span");
    this.button.replaceChildren(svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, this.sign), this.word);
    this.range.addEventListener("input", () => {
      this.pause();
      this.go(Number(this.range.value));
    });
    this.button.addEventListener("click", () => this.toggle());
    this.label();
  }

  /**
   * A walk of this length: another one begins at its end, or where it is told to.
   * @param {number} last
   * @param {boolean} isNew
   * @param {number} first
   */
  span(last, isNew, first = last) {
    this.last = last;
    this.range.max = String(last);
    if (isNew) this.pause();
    this.go(isNew ? first : Math.min(this.place, last));
  }

  toggle() {
    if (this.timer) this.pause();
    else this.play();
  }

  /** @param {number} place */
  go(place) {
    this.place = place;
    this.range.value = String(place);
    this.update();
  }

  play() {
    if (this.place >= this.last) this.go(0);
    this.walk(this.last + 1, () => {
      if (this.place >= this.last) this.pause();
      else this.go(this.place + 1);
    });
  }

  /**
   * @param {number} count
   * @param {() => void} step
   */
  walk(count, step) {
    this.timer = setInterval(step, Math.min(this.frameMs, this.wholeMs / count));
    this.label();
  }

  pause() {
    const walked = this.timer;
    clearInterval(walked);
    this.timer = null;
    this.label();
    if (walked && this.touched) tellAddress(this);
  }

  close() {
    super.close();
    this.pause();
  }

  label() {
    this.sign.setAttribute("d", this.timer ? PAUSE : PLAY);
    this.word.textContent = this.timer ? tr("Pause") : tr("Play");
  }

  /**
   * Names the place, on the page and for those who hear it; the first part stands out.
   * @param {PlaceData} said
   * @param {string} more to be heard
   */
  name({ text, spoken }, more = "") {
    const [where, ...rest] = text.split(" · ");
    this.find(".where b").textContent = where;
    this.find(".where span").textContent = rest.join(" · ");
    this.range.ariaValueText = spoken + more;
  }
}
