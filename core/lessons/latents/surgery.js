// Latents changed by hand. The linear guess follows every move here; a change is told to the server
// when a control is let go, and the decoded picture comes back with the data.
//
// data.latents, data.noise   float32 in base64, channel by channel, data.channels x data.height x data.width
// data.weights, data.bias    RGB = numbers x weights + bias
// data.edits     {gains, order, region: [top, bottom, left, right] or null, amount}
// data.mostGain  ends of the gains' sliders
// data.decoded   address of the decoded picture; data.decodeTime, data.previewTime in words

export default function ({ parentElement, data, setTriggerValue }) {
  const close = present(parentElement, ".surgery", Surgery, data);
  parentElement.querySelector(".surgery").view.tell = (edits) => setTriggerValue("edit", edits);
  return close;
}

class Surgery {
  constructor(root) {
    this.root = root;
    this.find = (name) => root.querySelector(name);
    const amount = this.find(".amount input");
    amount.addEventListener("input", () => this.change({ amount: Number(amount.value) }));
    amount.addEventListener("change", () => this.done());
    this.find(".reset").addEventListener("click", () => {
      const channels = [...Array(this.data.channels).keys()];
      this.change({ gains: channels.map(() => 1), order: channels, region: null, amount: 0 });
      this.done();
    });
    drag(this.find(".inside .plate"), {
      begin: (event) => {
        this.corner = this.cell(event);
      },
      move: (event) => this.frame(event),
      end: () => this.done(),
    });
  }

  async show(data) {
    this.data = data;
    const image = new Image();
    image.src = data.decoded;
    await image.decode();
    if (this.data !== data) return; // a newer one arrived while this one was decoded
    this.latents = floats(data.latents);
    this.noise = floats(data.noise);
    this.told = JSON.stringify(data.edits);
    // What the hand does meanwhile is newer than what the server has heard of.
    if (!this.edits || this.shown !== data.title || this.sent === this.told || this.sent === undefined) {
      this.edits = data.edits;
    }
    this.shown = data.title;
    this.root.style.setProperty("--aspect", `${data.width} / ${data.height}`);
    this.find(".inside .time").textContent = data.previewTime;
    this.find(".after .time").textContent = data.decodeTime;
    const canvas = this.find(".after canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    canvas.getContext("2d").drawImage(image, 0, 0);
    this.root.dataset.decoded = this.told;
    this.build();
    this.draw();
  }

  state() {
    return {}; // the server is told of its edits, and the address by it
  }

  take() {
    this.sent = undefined; // what the server says after Back is newer than the hand
  }

  build() {
    const { channels, mostGain } = this.data;
    const box = this.find(".gains");
    if (box.children.length === channels) return;
    box.replaceChildren(
      ...Array.from({ length: channels }, (_, channel) => {
        const row = make("div", "gain");
        const from = make("select");
        from.setAttribute("aria-label", `Channel ${channel + 1} is taken from`);
        for (let other = 0; other < channels; other++) {
          from.append(new Option(other === channel ? "its own" : `from ${other + 1}`, other));
        }
        from.addEventListener("change", () => this.swap(channel, Number(from.value)));
        const gain = make("input");
        Object.assign(gain, { type: "range", min: -mostGain, max: mostGain, step: 0.1 });
        gain.setAttribute("aria-label", `Gain of channel ${channel + 1}`);
        gain.addEventListener("input", () => {
          const gains = [...this.edits.gains];
          gains[channel] = Number(gain.value);
          this.change({ gains });
        });
        gain.addEventListener("change", () => this.done());
        row.append(make("span", "", `Channel ${channel + 1}`), from, gain, make("output"));
        return row;
      }),
    );
  }

  // Taking a channel from another gives that one ours: two channels change places.
  swap(channel, source) {
    const order = [...this.edits.order];
    const other = order.indexOf(source);
    if (other >= 0) order[other] = order[channel];
    order[channel] = source;
    this.change({ order });
    this.done();
  }

  frame(event) {
    const [row, column] = this.cell(event);
    const [firstRow, firstColumn] = this.corner;
    const region = [
      Math.min(row, firstRow),
      Math.max(row, firstRow) + 1,
      Math.min(column, firstColumn),
      Math.max(column, firstColumn) + 1,
    ];
    this.change({ region, amount: this.edits.amount || 1 });
  }

  cell(event) {
    const box = this.find(".inside .plate").getBoundingClientRect();
    const at = (share, count) => Math.max(0, Math.min(count - 1, Math.floor(share * count)));
    return [
      at((event.clientY - box.top) / box.height, this.data.height),
      at((event.clientX - box.left) / box.width, this.data.width),
    ];
  }

  change(edits) {
    this.edits = { ...this.edits, ...edits };
    this.draw();
  }

  done() {
    this.sent = JSON.stringify(this.edits);
    this.tell(this.edits);
  }

  draw() {
    // Pale while the decoded picture is not that of these edits; they may be changed back by hand.
    this.root.classList.toggle("waiting", JSON.stringify(this.edits) !== this.told);
    const { gains, order, region, amount } = this.edits;
    const { channels, height, width, weights, bias } = this.data;
    [...this.find(".gains").children].forEach((row, channel) => {
      const [, from, gain, told] = row.children;
      from.value = order[channel];
      gain.value = gains[channel];
      const words = { 0: "drop", 1: "as is", "-1": "flip" };
      told.textContent = words[gains[channel]] ?? `× ${gains[channel].toFixed(1).replace("-", "−")}`;
    });
    this.find(".amount input").value = amount;
    this.find(".amount input").disabled = !region;
    this.find(".amount output").textContent = region ? `${Math.round(100 * amount)} %` : "no frame";
    const frame = this.find(".plate i");
    frame.style.display = region ? "block" : "none";
    if (region) {
      frame.style.top = `${(100 * region[0]) / height}%`;
      frame.style.height = `${(100 * (region[1] - region[0])) / height}%`;
      frame.style.left = `${(100 * region[2]) / width}%`;
      frame.style.width = `${(100 * (region[3] - region[2])) / width}%`;
    }
    const canvas = this.find(".inside canvas");
    canvas.width = width;
    canvas.height = height;
    const picture = new ImageData(width, height);
    const area = height * width;
    const [keep, add] = [Math.sqrt(1 - amount), Math.sqrt(amount)];
    for (let at = 0; at < area; at++) {
      const [row, column] = [Math.floor(at / width), at % width];
      const noisy = region && row >= region[0] && row < region[1] && column >= region[2] && column < region[3];
      const colour = [...bias];
      for (let channel = 0; channel < channels; channel++) {
        let value = gains[channel] * this.latents[order[channel] * area + at];
        if (noisy) value = keep * value + add * this.noise[channel * area + at];
        for (let hue = 0; hue < 3; hue++) colour[hue] += value * weights[channel][hue];
      }
      colour.forEach((share, hue) => (picture.data[4 * at + hue] = 255 * share)); // the array clips it
      picture.data[4 * at + 3] = 255;
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }
}
