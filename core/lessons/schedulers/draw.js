// Noise levels of one's own, drawn by hand beside those of a scheduler. They always fall, and stay
// within what the model was trained with; they are told as "drawn" once the hand lets go.

const APART = 1.002; // each level is that much below the one before, at least
const FLOOR = 0.01; // σ at the bottom of the chart; 0 is drawn here
const MARKS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 1000];
const KEY = 1.05; // one press of an arrow key; a page key is ten of them

export default (/** @type {Mounted} */ mounted) => present(mounted, ".drawn", SigmaDrawing);

/** @extends {View<SigmasData>} */
class SigmaDrawing extends View {
  constructor(root) {
    super(root);
    this.canvas = this.find(".chart canvas");
    this.at = 0;
    drag(this.find(".chart"), {
      begin: () => {
        this.last = null;
      },
      move: (across, down) => this.pull(across, down),
      end: () => this.done(),
    });
    const press = (times) => () => this.press(0, times);
    keys(this.find(".dots"), (across, down) => this.press(across, -down), {
      PageUp: press(10),
      PageDown: press(-10),
      Home: () => this.go(0),
      End: () => this.go(this.free - 1),
    });
  }

  show() {
    // What the hand does meanwhile is newer than what the server has heard of.
    if (!this.levels || this.sent === undefined || this.sent === String(this.data.own)) this.levels = this.data.own;
    this.at = clamp(this.at, 0, this.free - 1);
    const names = this.data.names.map((name, own) => make("li", own ? "own" : "", make("i"), make("span", "", name)));
    this.find(".names").replaceChildren(...names);
    this.root.style.setProperty("--hue", this.data.hue);
    if (this.dots?.length !== this.free) {
      this.dots = Array.from({ length: this.free }, () => Object.assign(make("i"), { role: "slider" }));
      this.find(".dots").replaceChildren(...this.dots);
    }
    this.redraw();
  }

  state() {
    return {}; // the server is told of its levels, and the address by it
  }

  take() {
    this.sent = undefined; // what the server says after Back is newer than the hand
  }

  // How many levels can be moved: the 0 at the end stays.
  get free() {
    return this.levels.length - Number(this.levels.at(-1) === 0);
  }

  // Calls made before each level; a sampler that asks twice a step does not at its last.
  callsBefore(at) {
    const { twice } = this.data;
    return at < this.levels.length - 1 || !twice ? at * (twice ? 2 : 1) : 2 * at - 1;
  }

  // ---- by hand

  pull(across, down) {
    const { left, top, right, bottom } = this.frame;
    const x = scale([left, right], this.ends)(across * this.canvas.clientWidth);
    const y = clamp(down * this.canvas.clientHeight, top, bottom);
    const sigma = 10 ** scale([bottom, top], this.heights)(y);
    const near = clamp(Math.round(x / (this.data.twice ? 2 : 1)), 0, this.free - 1);
    const [from, height] = this.last ?? [near, sigma];
    // A quick hand passes several levels between two moves: each gets its part of the way.
    const stride = Math.sign(near - from) || 1;
    for (let at = from; at !== near + stride; at += stride) {
      const share = near === from ? 1 : (at - from) / (near - from);
      this.set(at, height * (sigma / height) ** share);
    }
    this.last = [near, sigma];
    this.go(near);
    this.draw();
  }

  press(across, up) {
    if (across) this.go(clamp(this.at + across, 0, this.free - 1));
    else {
      this.set(this.at, this.levels[this.at] * KEY ** up);
      this.draw();
      this.done();
    }
  }

  go(at) {
    this.at = at;
    this.dots.forEach((dot, place) => (dot.tabIndex = place === at ? 0 : -1));
    this.dots[at].focus({ preventScroll: true }); // a dot is where the arrow keys go on
    this.say();
  }

  // A level pushes the others along, so that noise falls from step to step.
  set(at, wanted) {
    const { low, high } = this.data;
    const last = this.free - 1;
    const sigma = clamp(wanted, low * APART ** (last - at), high / APART ** at);
    const pushed = (level, place) => {
      if (place === at) return sigma;
      const bound = sigma * APART ** (at - place);
      return place < at ? Math.max(level, bound) : Math.min(level, bound);
    };
    this.levels = this.levels.map((level, place) =>
      place > last ? level : Number(pushed(level, place).toPrecision(5)),
    );
  }

  done() {
    this.sent = String(this.levels);
    this.tell("drawn", this.levels);
  }

  // ---- the chart

  lay() {
    const { theirs, high } = this.data;
    const most = Math.max(this.callsBefore(this.levels.length - 1), theirs.length - 1);
    this.ends = [0, most];
    this.heights = [FLOOR, Math.max(high, ...this.levels, ...theirs) * 1.15].map(Math.log10);
  }

  draw() {
    const { pen, wide, tall } = fitInCss(this.canvas);
    const size = parseFloat(this.style.fontSize);
    this.frame = { left: 3.4 * size, top: 1.9 * size, right: wide - 12, bottom: tall - 3.2 * size };
    const top = 10 ** this.heights[1];
    const { across, down } = drawAxes(
      pen,
      this.frame,
      {
        ends: this.ends,
        ticks: ticks(this.ends, 8)
          .filter(Number.isInteger)
          .map((calls) => [calls, String(calls)]),
        title: tr("U-Net calls made"),
        below: 1.7 * size,
        bare: true,
      },
      {
        ends: this.heights,
        ticks: MARKS.filter((mark) => mark >= FLOOR && mark < top).map((mark) => [Math.log10(mark), String(mark)]),
        title: tr("sigma (log scale; 0 at the bottom)"),
        from: 0,
      },
      { soft: this.ink("soft"), faint: this.ink("faint"), font: this.style.fontFamily, size: 0.92 * size },
    );
    const place = (calls, sigma) => [across(calls), down(Math.log10(Math.max(sigma, FLOOR)))];
    const own = this.levels.map((sigma, at) => place(this.callsBefore(at), sigma));
    const theirs = this.data.theirs.map((sigma, calls) => place(calls, sigma));
    this.line(pen, theirs, this.data.hue, 2);
    this.line(pen, own, this.ink("time"), 4);
    this.dots.forEach((dot, at) => {
      const [x, y] = own[at];
      Object.assign(dot.style, { left: `${x}px`, top: `${y}px` });
      Object.assign(dot, {
        tabIndex: at === this.at ? 0 : -1,
        ariaLabel: tr("Noise level {number} of {count}", { number: at + 1, count: this.free }),
        ariaOrientation: "vertical",
        ariaValueMin: this.data.low,
        ariaValueMax: this.data.high,
        ariaValueNow: this.levels[at],
        ariaValueText: `σ = ${short(this.levels[at])}`,
      });
    });
    this.canvas.ariaLabel = tr("{own}, from σ = {first} down to {last}; {theirs} beside it", {
      own: this.data.names[1],
      theirs: this.data.names[0],
      first: short(this.levels[0]),
      last: short(this.levels.at(-1)),
    });
    this.root.dataset.levels = String(this.levels);
    this.say();
  }

  // Every dot is a call; the end, where nobody asks, is a ring.
  line(pen, points, colour, width) {
    stroke(pen, points, { colour, width });
    points.forEach(([x, y], at) => {
      const end = at === points.length - 1;
      pen.fillStyle = end ? this.ink("st-background-color") : colour;
      pen.lineWidth = 2;
      dot(pen, x, y, end ? 4.5 : Math.min(width + 1.5, 240 / points.length));
      if (end) pen.stroke();
    });
  }

  say() {
    this.find(".at").textContent = tr("Level {number} of {count}: σ = {sigma}", {
      number: this.at + 1,
      count: this.free,
      sigma: short(this.levels[this.at]),
    });
  }
}
