// What sticks out, is cut, or lies over something else, in Streamlit's main part: a sentence each.
() => {
  const main = document.querySelector("[data-testid=stMain]");
  const found = new Set();
  const SCROLLED = ".katex-display, [data-testid=stMarkdownContainer]:has(> table), [data-testid=stCode], pre";

  const nameOf = (element) => {
    const parts = [];
    for (let at = element; at && at !== main && parts.length < 3; at = at.parentElement) {
      const own = [...at.classList].filter((name) => !/^(st-emotion|e[0-9a-z]{6,}$)/.test(name));
      parts.unshift([at.localName, at.dataset.testid, ...own].filter(Boolean).join("."));
    }
    return parts.join(" > ");
  };
  const say = (what, element) => found.add(`${what} [${nameOf(element)}]`);
  const outside = (box, edge, spare) => box.left < edge.left - spare || box.right > edge.right + spare;

  const edge = main.getBoundingClientRect();
  if (document.documentElement.scrollWidth > innerWidth) say("the window scrolls sideways", document.body);
  if (main.scrollWidth > main.clientWidth + 1)
    say(`the page scrolls sideways, ${main.scrollWidth} > ${main.clientWidth}`, main);

  // Every text: inside the window, and inside whatever cuts what it holds.
  const texts = [];
  const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const owner = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || owner.closest("style, script, option, title, desc, canvas, .katex-mathml")) continue;
    if (!owner.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const lines = [...range.getClientRects()].filter(({ width, height }) => width > 1 && height > 1);
    if (!lines.length) continue;
    const said = `“${text.slice(0, 60)}”`;
    const seen = { left: -1e9, right: 1e9, top: -1e9, bottom: 1e9 };
    let hidden = false;
    let scrolled = false;
    let cut = false;
    for (let at = owner; at && at !== main; at = at.parentElement) {
      const style = getComputedStyle(at);
      const box = at.getBoundingClientRect();
      hidden ||= style.clip !== "auto" || style.clipPath === "inset(50%)" || (box.width <= 1 && box.height <= 1);
      scrolled ||= at.matches(SCROLLED);
      if (style.display === "inline") continue;
      if (style.overflowX !== "visible") {
        cut ||= lines.some((line) => outside(line, box, 1.5));
        [seen.left, seen.right] = [Math.max(seen.left, box.left), Math.min(seen.right, box.right)];
      }
      if (style.overflowY !== "visible") {
        const spare = 1 + 0.15 * lines[0].height; // a line of text is higher than its letters
        cut ||= lines.length === 1 && (lines[0].top < box.top - spare || lines[0].bottom > box.bottom + spare);
        [seen.top, seen.bottom] = [Math.max(seen.top, box.top), Math.min(seen.bottom, box.bottom)];
      }
    }
    if (hidden || scrolled) continue;
    if (cut) say(`cut: ${said}`, owner);
    else if (lines.some((line) => outside(line, edge, 1))) say(`beyond the window: ${said}`, owner);
    if (owner.closest("svg")) {
      if (text.endsWith("…")) say(`shortened: ${said}`, owner);
      continue; // where names stand in a chart is for its numbers to say
    }
    for (const { left, right, top, bottom } of lines) {
      const box = {
        left: Math.max(left, seen.left), right: Math.min(right, seen.right),
        top: Math.max(top, seen.top), bottom: Math.min(bottom, seen.bottom),
      };
      if (box.left < box.right && box.top < box.bottom) texts.push({ owner, text, ...box });
    }
  }

  // No column of words that is so thin that its rows are mostly empty.
  for (const cell of main.querySelectorAll("[data-testid=stMarkdownContainer] td")) {
    if (cell.querySelector(".katex")) continue; // whose parts stand at many heights in one line
    const range = document.createRange();
    range.selectNodeContents(cell);
    const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
    if (lines > 8) say(`${lines} lines in a cell: “${cell.textContent.slice(0, 40)}”`, cell);
  }

  // No text over another.
  texts.sort((one, other) => one.left - other.left);
  texts.forEach((one, at) => {
    for (const other of texts.slice(at + 1)) {
      if (other.left > one.right - 2) break;
      if (one.owner.contains(other.owner) || other.owner.contains(one.owner)) continue;
      if (one.owner.closest(".katex") && other.owner.closest(".katex")) continue;
      const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      const line = Math.min(one.bottom - one.top, other.bottom - other.top);
      if (wide > 2 && high > 0.35 * line) say(`“${one.text.slice(0, 30)}” over “${other.text.slice(0, 30)}”`, one.owner);
    }
  });

  // No title beside a chart longer than its axis: it would take the room of the curves.
  for (const title of main.querySelectorAll(".role-axis-title text")) {
    const { width, height } = title.getBoundingClientRect();
    const plot = title.closest("svg").querySelector(".root > g > path.background").getBoundingClientRect();
    if (height > width && height > plot.height + 16) say(`${Math.round(height)} beside an axis of ${Math.round(plot.height)}`, title);
  }

  // No picture, button or box beyond the window.
  for (const part of main.querySelectorAll("canvas, img, svg, button, input, section")) {
    const box = part.getBoundingClientRect();
    if (!box.width || !part.checkVisibility() || !outside(box, edge, 1)) continue;
    let held = false;
    for (let at = part.parentElement; at !== main; at = at.parentElement)
      held ||= getComputedStyle(at).overflowX !== "visible";
    if (!held) say(`beyond the window, ${Math.round(box.left)} to ${Math.round(box.right)}`, part);
  }
  return [...found];
}
