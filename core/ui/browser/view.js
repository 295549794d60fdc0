// What every component's class has: its root, what stands in there, its data and its size. It
// stands before every component's script.

/**
 * What a selector finds: it says so by the tag that it ends with.
 * @template {string} S
 * @typedef {S extends `${string} ${infer Last}` ? Found<Last>
 *   : S extends `${infer Tag}[${string}` ? Tagged<Tag>
 *   : S extends `${infer Tag}.${string}` ? Tagged<Tag>
 *   : Tagged<S>} Found
 */
/**
 * @template {string} Tag
 * @typedef {Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag]
 *   : Tag extends keyof SVGElementTagNameMap ? SVGElementTagNameMap[Tag]
 *   : HTMLElement} Tagged
 */

/** @template Data what Python sends */
class View {
  /** @type {Data} */ data;
  /** @type {Tell} */ tell;
  /** @type {HTMLElement} */ probe;
  /** @type {boolean} */ touched;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.resize = new ResizeObserver(() => this.redraw());
  }

  /**
   * @template {string} S
   * @param {S} selector
   * @returns {Found<S>}
   */
  find(selector) {
    return /** @type {any} */ (this.root.querySelector(selector));
  }

  // Said by present(): on the page, with newer data, and off it.
  open() {
    this.resize.observe(this.root);
  }

  close() {
    this.resize.disconnect();
  }

  /**
   * Shows data, once what they name is there, unless newer data came meanwhile.
   * @param {Data} data
   */
  async receive(data) {
    this.coming = data;
    const shown = (/** @type {any} */ loaded) => {
      if (this.coming !== data) return;
      const before = this.data;
      this.data = data;
      this.show(before, loaded);
    };
    const loading = this.load(data);
    shown(loading && (await loading));
  }

  /**
   * What must be there before the data can be shown, such as decoded pictures.
   * @param {Data} data
   * @returns {Promise<any> | void}
   */
  load(data) {}

  /**
   * @param {Data | undefined} before
   * @param {any} loaded from load()
   */
  show(before, loaded) {
    this.redraw();
  }

  // All of it in the size that it has now; update() is enough where only the place is another.
  redraw() {
    if (!this.data || !this.root.clientWidth) return;
    this.laid = this.data;
    this.lay();
    this.draw();
  }

  update() {
    if (this.laid !== this.data) this.redraw();
    else if (this.data && this.root.clientWidth) this.draw();
  }

  lay() {}

  draw() {}

  /**
   * A colour of the style sheet as a canvas takes it: what is mixed there is mixed here.
   * @param {string} name
   */
  ink(name) {
    this.probe ??= this.root.appendChild(make("i"));
    Object.assign(this.probe.style, { display: "none", color: `var(--${name})` });
    return getComputedStyle(this.probe).color;
  }

  get style() {
    return getComputedStyle(this.root);
  }
}
