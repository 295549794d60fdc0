// What several components are made with; it stands before every component's script.

function bytes(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

function floats(text) {
  return new Float32Array(bytes(text).buffer);
}

function make(tag, name = "", text = "") {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== "") element.textContent = text; // never innerHTML: people typed some of it
  return element;
}

function svgElement(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// A pointer pressed on an element is followed until it is let go or taken away, by a scroll or a
// menu. begin(event) may refuse with false; move(event) is told where it is pressed and where it goes.
function drag(element, { begin, move, end }) {
  let held = null;
  element.addEventListener("pointerdown", (event) => {
    if (held !== null || begin?.(event) === false) return;
    held = event.pointerId;
    element.setPointerCapture(held);
    move(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (event.pointerId === held) move(event);
  });
  // Follows on pointerup and on pointercancel.
  element.addEventListener("lostpointercapture", (event) => {
    if (event.pointerId !== held) return;
    held = null;
    end?.();
  });
}

// A sheet of pictures, once its file is decoded.
async function openSheet(sheet) {
  const image = new Image();
  image.src = sheet.url;
  await image.decode();
  return { ...sheet, image };
}
