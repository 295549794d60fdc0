// A picture destroyed on purpose, live: x_t = weight · picture + weight · noise, for every t that is
// scrubbed to; nothing is sent to the server.
//
// data.pixels     the clean picture, red green blue in base64; data.width, data.height
// data.noise      noise for each of its numbers, 16-bit whole numbers in base64, 1 / data.scale each
// data.schedules  [{title, kept}]: signal power left at every t; the first is the model's own
// data.decoded    {times, sheet}: noisy latents decoded at some t; null while they are not there
// data.visits     timesteps of the run, data.said the run in words

const FRAME_MS = 60;
const WHOLE_MS = 7000;
const STRIDE = 8; // timesteps in one frame of the walk
const FIRST = 0.3; // of the time axis, where it opens: one of the decoded pictures is of there
const BINS = 71;
const REACH = 3.5; // the histogram's ends
const THUMB = 64; // least width of a picture in a strip, CSS pixels
const GAP = 4; // between them

export default function ({ parentElement, data }) {
  return present(parentElement, ".noising", Noising, data);
}

class Noising extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.find = (name) => root.querySelector(name);
  }

  async show(data) {
    this.data = data;
    this.last = data.schedules[0].kept.length - 1;
    this.range.max = this.last;
    if (data.pixels !== this.shown) {
      this.shown = data.pixels;
      this.x0 = Float32Array.from(bytes(data.pixels), (value) => value / 127.5 - 1);
    }
    this.eps = Float32Array.from(new Int16Array(bytes(data.noise).buffer), (value) => value / data.scale);
    for (const name of [".pixel", ".latent"]) {
      this.find(name).style.setProperty("--aspect", `${data.width} / ${data.height}`);
    }
    const marks = data.visits.map((t) => `M${(t / this.last) * 1000} 0V10`).join("");
    this.find(".visits").setAttribute("viewBox", "0 0 1000 10");
    this.find(".visits path").setAttribute("d", marks);
    this.root.dataset.visits = data.visits.length;
    this.find(".said").textContent = data.said;
    this.place = Math.min(this.place ?? Math.round(this.last * FIRST), this.last);
    this.range.value = this.place;
    this.label();
    this.redraw();
    const sheet = data.decoded && (await openSheet(data.decoded.sheet));
    if (this.data !== data) return; // newer data came while this sheet was decoded
    this.sheet = sheet;
    this.root.dataset.decoded = sheet ? sheet.count : 0;
    this.draw();
  }

  state() {
    return { t: textOf(this.place, Math.round(this.last * FIRST)) };
  }

  take(said) {
    this.go(placeOf(said("t"), this.last, Math.round(this.last * FIRST)));
  }

  get t() {
    return this.place;
  }

  play() {
    if (this.place >= this.last) this.go(0);
    this.walk(this.last / STRIDE, () => {
      if (this.place >= this.last) this.pause();
      else this.go(Math.min(this.last, this.place + STRIDE));
    });
  }

  redraw() {
    this.strips();
    this.draw();
  }

  draw() {
    if (!this.x0 || !this.root.clientWidth) return;
    const {
      width,
      height,
      schedules: [{ kept }],
    } = this.data;
    const level = kept[this.t];
    const noisy = mix(this.x0, this.eps, level);
    this.root.dataset.t = this.t;
    const said = `timestep ${this.t}`;
    this.range.setAttribute("aria-valuetext", `${said}, signal to noise ${decibel(level)}`);
    put(this.find(".pixel canvas"), noisy, width, height);
    this.find(".pixel canvas").setAttribute("aria-label", `Noise on the pixels, ${said}`);
    this.drawDecoded(said);
    this.drawSpread(noisy, said);
    const numbers = {
      t: this.t,
      signal: Math.sqrt(level).toFixed(3),
      noise: Math.sqrt(1 - level).toFixed(3),
      power: `${level > 0 && level < 0.01 ? "over 99" : (100 * (1 - level)).toFixed(level > 0.99 ? 1 : 0)} %`,
      snr: decibel(level),
      sigma: level > 0 ? short(Math.sqrt((1 - level) / level)) : "∞",
    };
    for (const [name, text] of Object.entries(numbers)) this.find(`.numbers .${name} b`).textContent = text;
  }

  drawDecoded(said) {
    const canvas = this.find(".latent canvas");
    canvas.setAttribute("aria-label", `Noise on the latents, decoded, ${said}`);
    if (!this.sheet) return;
    const { times } = this.data.decoded;
    let nearest = 0;
    times.forEach((t, at) => {
      if (Math.abs(t - this.t) < Math.abs(times[nearest] - this.t)) nearest = at;
    });
    this.find(".pixel span").textContent = `t = ${this.t}`;
    this.find(".latent span").textContent = `t = ${times[nearest]}, decoded`;
    showFrame(canvas, this.sheet, nearest);
  }

  // How often each value occurs in x_t, on top of the bell curve that it slides into.
  drawSpread(noisy, said) {
    const canvas = this.find(".spread canvas");
    const ratio = devicePixelRatio;
    const pen = fit(canvas);
    const { width, height } = canvas;
    const counts = new Float32Array(BINS);
    for (const value of noisy) {
      const bin = Math.floor(((value + REACH) / (2 * REACH)) * BINS);
      if (bin >= 0 && bin < BINS) counts[bin] += 1;
    }
    const binWidth = (2 * REACH) / BINS;
    const tallest = 0.9; // of the density: twice the bell's own top; what is higher is cut
    const floor = height - 18 * ratio;
    const across = (value) => ((value + REACH) / (2 * REACH)) * width;
    const up = (density) => floor - (Math.min(density, tallest) / tallest) * (floor - 6 * ratio);
    const style = getComputedStyle(this.root);
    pen.fillStyle = style.getPropertyValue("--picture");
    counts.forEach((count, bin) => {
      const density = count / noisy.length / binWidth;
      const left = (bin / BINS) * width;
      pen.fillRect(left, up(density), width / BINS - 0.5 * ratio, floor - up(density));
    });
    pen.strokeStyle = style.color;
    pen.lineWidth = 2 * ratio;
    pen.setLineDash([5 * ratio, 4 * ratio]);
    pen.beginPath();
    for (let value = -REACH; value <= REACH; value += 0.05) {
      pen.lineTo(across(value), up(Math.exp((-value * value) / 2) / Math.sqrt(2 * Math.PI)));
    }
    pen.stroke();
    pen.fillStyle = style.color;
    pen.font = `${12 * ratio}px ${style.fontFamily}`;
    pen.textAlign = "center";
    for (const value of [-3, -1, 0, 1, 3])
      pen.fillText(String(value).replace("-", "−"), across(value), height - 4 * ratio);
    canvas.setAttribute("aria-label", `Histogram of all numbers of the noisy picture, ${said}, over a bell curve`);
  }

  // The same picture and noise along t, under two schedules.
  strips() {
    if (!this.x0 || !this.root.clientWidth) return;
    const { width, height, schedules } = this.data;
    const strips = [...this.root.querySelectorAll(".strip")];
    const wide = strips[0].clientWidth;
    const cells = Math.max(4, Math.min(12, Math.floor(wide / THUMB)));
    schedules.forEach(({ title, kept }, row) => {
      const strip = strips[row];
      strip.querySelector("p").textContent = row
        ? `The same noise under another schedule: ${title}`
        : `The model’s own schedule: ${title}`;
      const canvas = strip.querySelector("canvas");
      const between = Math.max(1, Math.round((GAP * cells * width) / wide)); // of the canvas' own pixels
      canvas.width = cells * (width + between) - between;
      canvas.height = height;
      const pen = canvas.getContext("2d");
      for (let cell = 0; cell < cells; cell++) {
        const t = Math.round((cell / (cells - 1)) * (kept.length - 1));
        pen.putImageData(paint(mix(this.x0, this.eps, kept[t]), width, height), cell * (width + between), 0);
      }
      canvas.setAttribute("aria-label", `${title}: from t = 0 to the last t, ${cells} even timesteps`);
    });
  }
}

// x_t = sqrt(kept) x0 + sqrt(1 - kept) eps: Ho et al. 2020, eq. 4.
function mix(x0, eps, kept) {
  const signal = Math.sqrt(kept);
  const noise = Math.sqrt(1 - kept);
  return x0.map((value, at) => signal * value + noise * eps[at]);
}

function paint(noisy, width, height) {
  const picture = new ImageData(width, height);
  for (let at = 0, to = 0; at < noisy.length; at += 3, to += 4) {
    for (let colour = 0; colour < 3; colour++) picture.data[to + colour] = (noisy[at + colour] + 1) * 127.5;
    picture.data[to + 3] = 255;
  }
  return picture;
}

function put(canvas, noisy, width, height) {
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(paint(noisy, width, height), 0, 0);
}

function decibel(level) {
  if (level <= 0) return "−∞ dB";
  if (level >= 1) return "∞ dB";
  const said = (10 * Math.log10(level / (1 - level))).toFixed(1);
  return `${said === "-0.0" ? "0.0" : said.replace("-", "−")} dB`;
}

function short(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
