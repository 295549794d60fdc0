// What several components are made with; it stands before every component's script.

/** @param {string} text in base64 */
function bytes(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

/** @param {string} text */
function floats(text) {
  return new Float32Array(bytes(text).buffer);
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/** @param {string | number} number with a minus as it is printed */
function minus(number) {
  return String(number).replace("-", "−");
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} name
 * @param {(Node | string | number)[]} parts as text, never as HTML: people typed some of it
 */
function make(tag, name = "", ...parts) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (element instanceof HTMLButtonElement) element.type = "button";
  element.append(.../** @type {string[]} */ (parts));
  return element;
}

/**
 * A canvas that is read out as one picture.
 * @param {string} label
 */
function drawing(label = "") {
  const canvas = make("canvas");
  canvas.role = "img";
  if (label) canvas.ariaLabel = label;
  return canvas;
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} parts
 */
function svg(tag, attributes, ...parts) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...parts);
  return element;
}

/**
 * An arrow along some points, as an SVG path.
 * @param {string} kind
 * @param {number} wing CSS pixels of its head
 * @param {number[][]} points
 */
function arrow(kind, wing, ...points) {
  const [x, y] = points.at(-1);
  const [px, py] = points.at(-2);
  const turn = Math.atan2(y - py, x - px);
  const side = (/** @type {number} */ angle) => [x - wing * Math.cos(turn + angle), y - wing * Math.sin(turn + angle)];
  return svg("path", { class: kind, d: way(points) + way([side(0.6), [x, y], side(-0.6)]) });
}

/**
 * A line through points, as the way of an SVG path; it is broken where a point has no height.
 * @param {number[][]} points
 */
function way(points) {
  let pen = "M";
  const parts = points.map(([x, y]) => {
    const part = y === null ? "" : `${pen}${x} ${y}`;
    pen = y === null ? "M" : "L";
    return part;
  });
  return parts.join("");
}

/**
 * Shows which of several buttons are on.
 * @template {Element} Button
 * @param {Iterable<Button>} buttons
 * @param {(button: Button, at: number) => boolean} isOn
 */
function press(buttons, isOn) {
  [...buttons].forEach((button, at) => (button.ariaPressed = String(isOn(button, at))));
}

/**
 * Two buttons in a row of which one is on.
 * @param {Element} box
 * @param {(second: boolean) => void} choose
 */
function either(box, choose) {
  const buttons = [...box.querySelectorAll("button")];
  const pick = (/** @type {number} */ which) => press(buttons, (_, at) => at === which);
  buttons.forEach((button, which) =>
    button.addEventListener("click", () => {
      pick(which);
      choose(which === 1);
    }),
  );
  pick(0);
}

/**
 * Adds a choice of one among several, unless it is there.
 * @param {Element} box
 * @param {string} name that no other choice has
 * @param {string[]} labels
 * @param {(at: number) => void} choose
 */
function offer(box, name, labels, choose) {
  if (box.querySelector("input")) return;
  labels.forEach((label, at) => {
    const input = Object.assign(make("input"), { type: "radio", name, checked: !at });
    input.addEventListener("change", () => choose(at));
    box.append(make("label", "", input, make("span", "", label)));
  });
}

/**
 * Checks one of several radio buttons.
 * @param {Element} box
 * @param {number} chosen
 */
function check(box, chosen) {
  box.querySelectorAll("input").forEach((input, at) => (input.checked = at === chosen));
}

/**
 * Where a pointer is, as shares of an element, across and down; it may lie outside.
 * @param {Element} element
 * @param {PointerEvent} event
 * @returns {[number, number]}
 */
function placeIn(element, event) {
  const { left, top, width, height } = element.getBoundingClientRect();
  return [(event.clientX - left) / width, (event.clientY - top) / height];
}

/**
 * The cell of a grid at a place in it, at its edge where that lies outside: row and column.
 * @param {number} across
 * @param {number} down
 * @param {{ width: number, height: number }} grid
 * @returns {[number, number]}
 */
function cellAt(across, down, { width, height }) {
  const at = (/** @type {number} */ share, /** @type {number} */ count) =>
    clamp(Math.floor(share * count), 0, count - 1);
  return [at(down, height), at(across, width)];
}

/**
 * A pointer pressed on an element is followed until it is let go or taken away, by a scroll or a
 * menu.
 * @param {HTMLElement} element
 * @param {{
 *   begin?: (across: number, down: number) => boolean | void,
 *   move: (across: number, down: number) => void,
 *   end?: () => void,
 * }} told begin may refuse with false
 */
function drag(element, { begin, move, end }) {
  /** @type {number} */
  let held = null;
  element.addEventListener("pointerdown", (event) => {
    if (held !== null || begin?.(...placeIn(element, event)) === false) return;
    held = event.pointerId;
    element.setPointerCapture(held);
    move(...placeIn(element, event));
  });
  element.addEventListener("pointermove", (event) => {
    if (event.pointerId === held) move(...placeIn(element, event));
  });
  // Follows on pointerup and on pointercancel.
  element.addEventListener("lostpointercapture", (event) => {
    if (event.pointerId !== held) return;
    held = null;
    end?.();
  });
}

/**
 * A pointer is followed over an element, pressed or not.
 * @param {HTMLElement} element
 * @param {(across: number, down: number) => void} move
 */
function follow(element, move) {
  for (const kind of /** @type {const} */ (["pointerdown", "pointermove"])) {
    element.addEventListener(kind, (event) => move(...placeIn(element, event)));
  }
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Arrow keys move across and down; other keys are told by their names. What a handler refuses with
 * false, and what is pressed with Ctrl and its like, is the browser's.
 * @param {HTMLElement} element
 * @param {(across: number, down: number, event: KeyboardEvent) => boolean | void} move
 * @param {Record<string, (event: KeyboardEvent) => boolean | void>} others
 */
function keys(element, move, others = {}) {
  element.addEventListener("keydown", (event) => {
    const [across, down] = ARROWS[event.key] ?? [];
    const told = across === undefined ? others[event.key] : () => move(across, down, event);
    if (!told || event.altKey || event.ctrlKey || event.metaKey) return;
    if (told(event) !== false) event.preventDefault();
  });
}
