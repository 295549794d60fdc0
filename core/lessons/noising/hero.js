// A picture destroyed on purpose, live: x_t = weight · picture + weight · noise, for every t that is
// scrubbed to; nothing is sent to the server.

const FRAME_MS = 60;
const WHOLE_MS = 7000;
const STRIDE = 8; // timesteps in one frame of the walk
const FIRST = 0.3; // of the time axis, where it opens: one of the decoded pictures is of there
const BINS = 71;
const REACH = 3.5; // the histogram's ends
const THUMB = 64; // least width of a picture in a strip, CSS pixels
const GAP = 4; // between them

export default (/** @type {Mounted} */ mounted) => present(mounted, ".noising", Noising);

/** @extends {Player<NoisingData>} */
class Noising extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
  }

  async show(before) {
    const { data } = this;
    const last = data.schedules[0].kept.length - 1;
    this.x0 = Float32Array.from(bytes(data.pixels), (value) => value / 127.5 - 1);
    this.eps = Float32Array.from(new Int16Array(bytes(data.noise).buffer), (value) => value / data.scale);
    for (const name of [".pixel", ".latent"]) {
      this.find(name).style.setProperty("--aspect", `${data.width} / ${data.height}`);
    }
    const marks = data.visits.map((t) => `M${(t / last) * 1000} 0V10`).join("");
    this.find(".visits").setAttribute("viewBox", "0 0 1000 10");
    this.find(".visits path").setAttribute("d", marks);
    this.root.dataset.visits = String(data.visits.length);
    this.find(".said").textContent = data.said;
    this.sheet = null;
    this.span(last, !before, Math.round(last * FIRST));
    const sheet = data.decoded && (await openSheet(data.decoded.sheet));
    if (this.data !== data) return; // newer data came while this sheet was decoded
    this.sheet = sheet;
    this.root.dataset.decoded = String(sheet ? sheet.count : 0);
    this.update();
  }

  play() {
    if (this.place >= this.last) this.go(0);
    this.walk(this.last / STRIDE, () => {
      if (this.place >= this.last) this.pause();
      else this.go(Math.min(this.last, this.place + STRIDE));
    });
  }

  state() {
    return { t: textOf(this.place, Math.round(this.last * FIRST)) };
  }

  take(said) {
    this.go(placeOf(said("t"), this.last, Math.round(this.last * FIRST)));
  }

  draw() {
    const { width, height, schedules } = this.data;
    const level = schedules[0].kept[this.place];
    const noisy = mix(this.x0, this.eps, level);
    const said = tr("timestep {t}", { t: this.place });
    this.root.dataset.t = String(this.place);
    this.range.ariaValueText = tr("{timestep}, signal to noise {ratio}", { timestep: said, ratio: decibel(level) });
    put(this.find(".pixel canvas"), paint(noisy, width, height)).ariaLabel = tr("Noise on the pixels, {timestep}", {
      timestep: said,
    });
    this.drawDecoded(said);
    this.drawSpread(noisy, said);
    const numbers = {
      t: this.place,
      signal: Math.sqrt(level).toFixed(3),
      noise: Math.sqrt(1 - level).toFixed(3),
      power: level > 0 && level < 0.01 ? tr("over 99 %") : `${(100 * (1 - level)).toFixed(level > 0.99 ? 1 : 0)} %`,
      snr: decibel(level),
      sigma: level > 0 ? digits(Math.sqrt((1 - level) / level)) : "∞",
      flow: (Math.sqrt(1 - level) / (Math.sqrt(level) + Math.sqrt(1 - level))).toFixed(3), // core/ideas/flow.py
    };
    for (const [name, text] of Object.entries(numbers)) this.find(`.numbers .${name} b`).textContent = String(text);
  }

  drawDecoded(said) {
    const canvas = this.find(".latent canvas");
    canvas.ariaLabel = tr("Noise on the latents, decoded, {timestep}", { timestep: said });
    if (!this.sheet) return;
    const { times } = this.data.decoded;
    const away = times.map((t) => Math.abs(t - this.place));
    const nearest = away.indexOf(Math.min(...away));
    this.find(".pixel span").textContent = `t = ${this.place}`;
    this.find(".latent span").textContent = tr("t = {t}, decoded", { t: times[nearest] });
    showFrame(canvas, this.sheet, nearest);
  }

  // How often each value occurs in x_t, on top of the bell curve that it slides into.
  drawSpread(noisy, said) {
    const ratio = devicePixelRatio;
    const pen = fit(this.find(".spread canvas"));
    const { width, height } = pen.canvas;
    const counts = new Float32Array(BINS);
    for (const value of noisy) {
      const bin = Math.floor(((value + REACH) / (2 * REACH)) * BINS);
      if (bin >= 0 && bin < BINS) counts[bin] += 1;
    }
    const tallest = 0.9; // of the density: twice the bell's own top; what is higher is cut
    const floor = height - 18 * ratio;
    const across = scale([-REACH, REACH], [0, width]);
    const up = scale([0, tallest], [floor, 6 * ratio]);
    pen.fillStyle = this.ink("picture");
    counts.forEach((count, bin) => {
      const top = up(Math.min(tallest, ((count / noisy.length) * BINS) / (2 * REACH)));
      pen.fillRect((bin / BINS) * width, top, width / BINS - 0.5 * ratio, floor - top);
    });
    const colour = this.style.color;
    const places = Array.from({ length: 141 }, (_, at) => REACH * (at / 70 - 1));
    const bell = places.map((x) => [across(x), up(Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI))]);
    stroke(pen, bell, { colour, width: 2 * ratio, dash: [5 * ratio, 4 * ratio] });
    pen.fillStyle = colour;
    pen.font = `${12 * ratio}px ${this.style.fontFamily}`;
    pen.textAlign = "center";
    for (const value of [-3, -1, 0, 1, 3]) pen.fillText(minus(value), across(value), height - 4 * ratio);
    pen.canvas.ariaLabel = tr("Histogram of all numbers of the noisy picture, {timestep}, over a bell curve", {
      timestep: said,
    });
  }

  // The same picture and noise along t, under two schedules.
  lay() {
    const { width, height, schedules } = this.data;
    const strips = [...this.root.querySelectorAll(".strip")];
    const wide = strips[0].clientWidth;
    const cells = clamp(Math.floor(wide / THUMB), 4, 12);
    const between = Math.max(1, Math.round((GAP * cells * width) / wide)); // of the canvas' own pixels
    schedules.forEach(({ title, kept }, row) => {
      strips[row].querySelector("p").textContent = row
        ? tr("The same noise under another schedule: {schedule}", { schedule: title })
        : tr("The model’s own schedule: {schedule}", { schedule: title });
      const canvas = strips[row].querySelector("canvas");
      Object.assign(canvas, { width: cells * (width + between) - between, height });
      const pen = canvas.getContext("2d");
      for (let cell = 0; cell < cells; cell++) {
        const t = Math.round((cell / (cells - 1)) * (kept.length - 1));
        pen.putImageData(paint(mix(this.x0, this.eps, kept[t]), width, height), cell * (width + between), 0);
      }
      canvas.ariaLabel = tr("{schedule}: from t = 0 to the last t, {count} even timesteps", {
        schedule: title,
        count: cells,
      });
    });
  }
}

// x_t = sqrt(kept) x0 + sqrt(1 - kept) eps: Ho et al. 2020, eq. 4.
function mix(x0, eps, kept) {
  const signal = Math.sqrt(kept);
  const noise = Math.sqrt(1 - kept);
  return x0.map((value, at) => signal * value + noise * eps[at]);
}

// As pixels() does, and quicker: a checkpoint's pictures are large.
function paint(noisy, width, height) {
  const picture = new ImageData(width, height);
  for (let at = 0, to = 0; at < noisy.length; at += 3, to += 4) {
    for (let colour = 0; colour < 3; colour++) picture.data[to + colour] = (noisy[at + colour] + 1) * 127.5;
    picture.data[to + 3] = 255;
  }
  return picture;
}

function decibel(level) {
  if (level <= 0) return "−∞ dB";
  if (level >= 1) return "∞ dB";
  const said = (10 * Math.log10(level / (1 - level))).toFixed(1);
  return `${said === "-0.0" ? "0.0" : minus(said)} dB`;
}

function digits(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3);
}
