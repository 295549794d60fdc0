// Canvases as sharp as the screen, the frames of a sheet, and numbers as colours; it stands before
// every component's script.

/** @typedef {CanvasRenderingContext2D} Pen */

/**
 * A pen that draws in the canvas's own pixels; wide and tall are CSS pixels.
 * @param {HTMLCanvasElement} canvas
 */
function fit(canvas, wide = canvas.clientWidth, tall = canvas.clientHeight) {
  canvas.width = Math.max(1, Math.round(wide * devicePixelRatio));
  canvas.height = Math.max(1, Math.round(tall * devicePixelRatio));
  return canvas.getContext("2d");
}

/**
 * A pen that draws in CSS pixels.
 * @param {HTMLCanvasElement} canvas
 */
function fitInCss(canvas) {
  const { clientWidth: wide, clientHeight: tall } = canvas;
  const pen = fit(canvas, wide, tall);
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  return { pen, wide, tall };
}

/**
 * @param {Pen} pen
 * @param {Iterable<number[]>} points
 * @param {{ colour: string, width?: number, dash?: number[], shift?: number, alpha?: number }} how
 */
function stroke(pen, points, { colour, width = 2, dash = [], shift = 0, alpha = 1 }) {
  Object.assign(pen, { strokeStyle: colour, lineWidth: width, lineJoin: "round", globalAlpha: alpha });
  pen.setLineDash(dash);
  pen.lineDashOffset = shift;
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.stroke();
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}

/**
 * @param {Pen} pen
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function dot(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

/**
 * A frame in several inks, each of its own width, that shows on light and on dark.
 * @param {Pen} pen
 * @param {Record<string, number>} inks
 * @param {[number, number, number, number]} box
 */
function outline(pen, inks, ...box) {
  for (const [colour, width] of Object.entries(inks)) {
    Object.assign(pen, { strokeStyle: colour, lineWidth: width });
    pen.strokeRect(...box);
  }
}

// ---- pictures

/** @param {string} url */
async function openImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/** @typedef {SheetData & { image: HTMLImageElement }} Sheet of pictures, once its file is decoded */

/**
 * @param {SheetData} sheet
 * @returns {Promise<Sheet>}
 */
async function openSheet(sheet) {
  return { ...sheet, image: await openImage(sheet.url) };
}

/**
 * What drawImage needs of a sheet for one of its frames, or its last where that is over.
 * @param {Sheet} sheet
 * @param {number} index
 * @returns {[HTMLImageElement, number, number, number, number]}
 */
function frameOf({ image, count, columns, width, height, pad }, index) {
  const at = Math.min(index, count - 1);
  const [row, column] = [Math.floor(at / columns), at % columns];
  return [image, pad + column * (width + 2 * pad), pad + row * (height + 2 * pad), width, height];
}

/**
 * The frame alone, in its own size.
 * @param {HTMLCanvasElement} canvas
 * @param {Sheet} sheet
 * @param {number} index
 */
function showFrame(canvas, sheet, index) {
  const { width, height } = sheet;
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").drawImage(...frameOf(sheet, index), 0, 0, width, height);
}

/**
 * The frame as large as the canvas is, smoothly; it is cut out first, so that no other shows at its
 * edge. Gives the pen.
 * @param {HTMLCanvasElement} canvas
 * @param {Sheet} sheet
 * @param {number} index
 */
function spreadFrame(canvas, sheet, index) {
  const cut = make("canvas");
  showFrame(cut, sheet, index);
  const pen = fit(canvas);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(cut, 0, 0, canvas.width, canvas.height);
  return pen;
}

/**
 * Square pictures that lie side by side in one, a canvas each; empty ones where there is none.
 * @param {HTMLCanvasElement[]} canvases
 * @param {HTMLImageElement} [image]
 */
function showSquares(canvases, image) {
  const side = image?.height ?? 1;
  canvases.forEach((canvas, at) => {
    canvas.width = canvas.height = side;
    if (image) canvas.getContext("2d").drawImage(image, at * side, 0, side, side, 0, 0, side, side);
  });
}

// ---- numbers as colours

/**
 * A picture of so many pixels; red, green and blue of each go to 255, and are cut off there;
 * what has no colour stays clear.
 * @param {number} width
 * @param {number} height
 * @param {(at: number) => ArrayLike<number>} colourOf
 */
function pixels(width, height, colourOf) {
  const picture = new ImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    const colour = colourOf(at);
    if (!colour) continue;
    picture.data.set(colour, 4 * at);
    picture.data[4 * at + 3] = 255;
  }
  return picture;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {ImageData} picture
 */
function put(canvas, picture) {
  Object.assign(canvas, { width: picture.width, height: picture.height });
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return canvas;
}

/** Red, green and blue of a scale from its low end, 0, to its high end, 1. */
class Colours {
  /** @param {string} table three bytes a colour, in base64 */
  constructor(table) {
    this.table = bytes(table);
    this.last = this.table.length / 3 - 1;
  }

  /** @param {number} share */
  at(share) {
    const ink = 3 * Math.round(clamp(share, 0, 1) * this.last);
    return this.table.subarray(ink, ink + 3);
  }

  /** @param {number} share */
  css(share) {
    return `rgb(${this.at(share).join(" ")})`;
  }

  bar(low = 0, high = 1) {
    const stops = [0, 0.25, 0.5, 0.75, 1].map((part) => this.css(low + part * (high - low)));
    return `linear-gradient(90deg, ${stops.join(", ")})`;
  }
}

/**
 * Latents in quick colours: RGB = numbers x weights + bias.
 * @param {{ width: number, height: number, weights: number[][] }} model
 * @param {number[]} bias
 * @param {(channel: number, at: number) => number} latent
 */
function quickColours({ width, height, weights }, bias, latent) {
  return pixels(width, height, (at) =>
    bias.map((start, hue) => {
      let sum = start;
      for (let channel = 0; channel < weights.length; channel++) sum += latent(channel, at) * weights[channel][hue];
      return 255 * sum;
    }),
  );
}

/**
 * Channels of latents as tiles beside and below each other.
 * @param {{ width: number, height: number, channels: number }} size
 * @param {(index: number) => ArrayLike<number>} colourOf
 */
function channelTiles({ width, height, channels }, colourOf) {
  const tiles = Math.ceil(Math.sqrt(channels));
  const wide = tiles * width;
  return pixels(wide, Math.ceil(channels / tiles) * height, (at) => {
    const [row, column] = [Math.floor(at / wide), at % wide];
    const channel = Math.floor(row / height) * tiles + Math.floor(column / width);
    return channel < channels ? colourOf((channel * height + (row % height)) * width + (column % width)) : null;
  });
}
