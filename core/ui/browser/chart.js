// Scales, axes, lines and their reading, for charts on a canvas and in SVG; it stands before every
// component's script.

/**
 * A straight scale: where a value lies.
 * @param {number[]} ends of the values
 * @param {number[]} places where those are, CSS pixels
 */
function scale([from, to], [start, end]) {
  return (/** @type {number} */ value) => start + ((value - from) / (to - from || 1)) * (end - start);
}

/**
 * Round numbers between two ends, few more than count.
 * @param {number[]} ends
 * @param {number} count
 */
function ticks([low, high], count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const stride = [1, 2, 5, 10].map((part) => part * power).find((size) => size >= rough * 0.9999);
  const found = [];
  for (let at = Math.ceil(low / stride); at * stride <= high + stride / 1e6; at++) {
    found.push(Number((at * stride).toPrecision(12)));
  }
  return found;
}

/** @param {number} value of a tick */
function short(value) {
  return minus(Number(value.toPrecision(3)));
}

/** @param {number} value of a line at one place */
function reading(value) {
  return minus(value.toFixed(Math.abs(value) >= 10 ? 1 : 3));
}

// ---- on a canvas

/**
 * @typedef {{ left: number, top: number, right: number, bottom: number }} Frame in CSS pixels
 * @typedef {{ ends: number[], ticks: [number, string][], title: string }} Axis
 */

/**
 * Draws a frame's axes, and says where values lie on them.
 * @param {Pen} pen
 * @param {Frame} frame
 * @param {Axis & { below: number, bare?: boolean }} x with its title so far below; bare is without lines
 * @param {Axis & { from?: number }} y with its title from there
 * @param {{ soft: string, faint: string, font: string, size?: number }} ink
 */
function drawAxes(pen, { left, top, right, bottom }, x, y, { soft, faint, font, size = 12 }) {
  const across = scale(x.ends, [left, right]);
  const down = scale(y.ends, [bottom, top]);
  pen.font = `${size}px ${font}`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (const [value, text] of y.ticks) {
    pen.fillStyle = faint;
    pen.fillRect(left, Math.round(down(value)), right - left, 1);
    pen.fillStyle = soft;
    pen.fillText(text, left - 8, down(value));
  }
  pen.textBaseline = "top";
  pen.textAlign = "center";
  for (const [value, text] of x.ticks) {
    pen.fillStyle = faint;
    if (!x.bare) pen.fillRect(Math.round(across(value)), top, 1, bottom - top);
    pen.fillStyle = soft;
    pen.fillText(text, Math.min(across(value), right + 10 - pen.measureText(text).width / 2), bottom + 6);
  }
  pen.fillText(x.title, (left + right) / 2, bottom + x.below);
  pen.textAlign = "left";
  pen.textBaseline = "bottom";
  pen.fillText(y.title, y.from ?? left, top - 5);
  return { across, down };
}

/**
 * The loss of a training that goes on, growing into its axis.
 * @param {HTMLCanvasElement} canvas
 * @param {number[][]} curve training step and loss
 * @param {number} steps of the whole training
 * @param {string} unit what the loss is
 * @param {View<any>} view whose colours they are
 */
function drawLoss(canvas, curve, steps, unit, view) {
  const { pen, wide, tall } = fitInCss(canvas);
  const highest = [0, Math.max(...curve.map(([, loss]) => loss))];
  const [, stride] = ticks(highest, 5);
  const most = Math.ceil(highest[1] / stride) * stride;
  const { across, down } = drawAxes(
    pen,
    { left: 42, top: 26, right: wide - 14, bottom: tall - 38 },
    {
      ends: [0, steps],
      ticks: [0, steps / 2, steps].map((step) => [step, thousands(step)]),
      title: tr("training step"),
      below: 22,
      bare: true,
    },
    { ends: [0, most], ticks: ticks([0, most], 5).map((loss) => [loss, short(loss)]), title: unit },
    { soft: view.ink("soft"), faint: view.ink("faint"), font: view.style.fontFamily },
  );
  const points = curve.map(([step, loss]) => [across(step), down(loss)]);
  stroke(pen, points, { colour: view.ink("noise") });
  canvas.ariaLabel = tr("Loss from {first} to {last} at training step {step}", {
    first: curve[0][1],
    last: curve.at(-1)[1],
    step: curve.at(-1)[0],
  });
}

/**
 * A chart on a canvas that is read at one place: by the pointer, or with a slider that lies on it
 * unseen.
 * @template Data
 * @extends {View<Data>}
 */
class ReadChart extends View {
  /** @type {Frame} */ frame;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.canvas = this.find(".chart canvas");
    this.cursor = this.find("input.cursor");
    this.cursor.addEventListener("input", () => this.point(Number(this.cursor.value)));
    follow(this.find(".chart"), (across) => {
      const { left, right } = this.frame;
      const share = (across * this.canvas.clientWidth - left) / (right - left);
      if (share >= 0 && share <= 1) this.read(share);
    });
  }

  /**
   * Lays slider and line over what is drawn.
   * @param {Frame} frame
   * @param {number} more CSS pixels that the line goes on below
   */
  place(frame, more = 0) {
    this.frame = frame;
    const { left, top, right, bottom } = frame;
    const [tall, wide] = [`${bottom - top}px`, `${right - left}px`];
    Object.assign(this.cursor.style, { left: `${left}px`, top: `${top}px`, width: wide, height: tall });
    Object.assign(this.find(".line").style, { top: `${top}px`, height: `${bottom - top + more}px` });
  }

  /**
   * @param {number} x CSS pixels
   * @param {number} value of the slider
   * @param {string} said
   */
  mark(x, value, said) {
    this.find(".line").style.transform = `translateX(${x}px)`;
    this.cursor.value = String(value);
    this.cursor.ariaValueText = said;
  }

  /** @param {number} share of the frame, where the pointer is */
  read(share) {}

  /** @param {number} value of the slider */
  point(value) {}
}

// ---- in SVG

/**
 * @typedef {{ kind: string, dashed?: boolean, values: (number | null)[], points?: (number | null)[][] }} Line
 *   has a value a place, or points of a place and a value; null is a gap
 */

// Lines over a grid, with a dot on each that moves.
class LineChart {
  /** @param {SVGSVGElement} element */
  constructor(element) {
    this.element = element;
    this.cursor = svg("line", { class: "cursor" });
    /** @type {SVGCircleElement[]} */
    this.dots = [];
  }

  /**
   * @param {Line[]} lines
   * @param {{
   *   frame: Frame, ends: number[], marks: number[], along: (place: number) => number, beside?: boolean,
   * }} how ends of the values, those that have a line, and where places lie; beside the frame or in
   *   it stand the numbers
   * @param {SVGElement[]} more to be drawn below the lines
   */
  draw(lines, { frame, ends, marks, along, beside = false }, more = []) {
    const { left, top, right, bottom } = frame;
    this.along = along;
    this.up = scale(ends, [bottom, top]);
    const paths = lines.map(({ kind, dashed, values, points = values.map((value, at) => [at, value]) }) => {
      const places = points.map(([at, value]) => [along(at), value === null ? null : this.up(value)]);
      return svg("path", { class: kind, d: way(places), "stroke-dasharray": dashed ? "5 4" : "none" });
    });
    const grid = marks.map((mark) =>
      svg("line", { class: "grid", x1: left, x2: right, y1: this.up(mark), y2: this.up(mark) }),
    );
    const numbers = marks.map((mark) => {
      const where = beside
        ? { x: left - 6, y: this.up(mark) + 4, "text-anchor": "end" }
        : { x: 2, y: this.up(mark) - 3 };
      return svg("text", where, short(mark));
    });
    this.dots = lines.map(({ kind }) => svg("circle", { class: kind, r: 4.5 }));
    this.cursor = svg("line", { class: "cursor", y1: 0, y2: bottom });
    this.element.replaceChildren(...grid, ...more, this.cursor, ...paths, ...numbers, ...this.dots);
  }

  /**
   * Counts in CSS pixels of a box of this size.
   * @param {number} wide
   * @param {number} tall
   */
  size(wide, tall) {
    this.element.setAttribute("viewBox", `0 0 ${wide} ${tall}`);
    this.element.style.height = `${tall}px`;
  }

  /**
   * @param {number} x CSS pixels
   * @param {(number | null)[]} values of the lines there; null has no dot
   */
  move(x, values) {
    for (const end of ["x1", "x2"]) this.cursor.setAttribute(end, String(x));
    this.dots.forEach((circle, at) => {
      const value = values[at] ?? null;
      circle.style.display = value === null ? "none" : "";
      circle.setAttribute("cx", String(x));
      circle.setAttribute("cy", String(value === null ? 0 : this.up(value)));
    });
  }
}

/**
 * Says what lines are, each with its number.
 * @param {Element} list
 * @param {{ label: string, kind: string, dashed?: boolean, said: string }[]} lines
 */
function legend(list, lines) {
  list.replaceChildren(
    ...lines.map(({ label, kind, dashed, said }) => {
      const part = make("li", kind + (dashed ? " dashed" : ""));
      if (kind) part.append(make("i"));
      part.append(make("span", "", label), make("b", "", said));
      return part;
    }),
  );
}
