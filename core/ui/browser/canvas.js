// Canvases as sharp as the screen, and the frames of a sheet; it stands before every component's
// script.

// A pen that draws in the canvas's own pixels; wide and tall are CSS pixels.
function fit(canvas, wide = canvas.clientWidth, tall = canvas.clientHeight) {
  canvas.width = Math.max(1, Math.round(wide * devicePixelRatio));
  canvas.height = Math.max(1, Math.round(tall * devicePixelRatio));
  return canvas.getContext("2d");
}

// A pen that draws in CSS pixels.
function fitInCss(canvas) {
  const { clientWidth: wide, clientHeight: tall } = canvas;
  const pen = fit(canvas, wide, tall);
  pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  return { pen, wide, tall };
}

// What drawImage needs of a sheet for one of its frames, or its last where that is over.
function frameOf({ image, count, columns, width, height, pad }, index) {
  const at = Math.min(index, count - 1);
  return [
    image,
    pad + (at % columns) * (width + 2 * pad),
    pad + Math.floor(at / columns) * (height + 2 * pad),
    width,
    height,
  ];
}

// The frame alone, in its own size.
function showFrame(canvas, sheet, index) {
  const { width, height } = sheet;
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").drawImage(...frameOf(sheet, index), 0, 0, width, height);
}
