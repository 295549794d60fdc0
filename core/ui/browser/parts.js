// What several components draw with; it stands before every component's script.

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

// A sheet of pictures, once its file is decoded.
async function openSheet(sheet) {
  const image = new Image();
  image.src = sheet.url;
  await image.decode();
  return { ...sheet, image };
}
