// Latents changed by hand. The linear guess follows every move here; a change is told to the server as
// "edit" when a control is let go, and the decoded picture comes back with the data.

export default (/** @type {Mounted} */ mounted) => present(mounted, ".surgery", Surgery);

/** @extends {View<SurgeryData>} */
class Surgery extends View {
  constructor(root) {
    super(root);
    this.amount = this.find(".amount input");
    this.amount.addEventListener("input", () => this.change({ amount: Number(this.amount.value) }));
    this.amount.addEventListener("change", () => this.done());
    this.find(".reset").addEventListener("click", () => {
      const channels = [...Array(this.data.channels).keys()];
      this.change({ gains: channels.map(() => 1), order: channels, region: null, amount: 0 });
      this.done();
    });
    drag(this.find(".inside .plate"), {
      begin: (across, down) => {
        this.corner = cellAt(across, down, this.data);
      },
      move: (across, down) => this.frame(across, down),
      end: () => this.done(),
    });
  }

  load({ decoded }) {
    return openImage(decoded);
  }

  show(before, image) {
    const { data } = this;
    this.latents = floats(data.latents);
    this.noise = floats(data.noise);
    this.told = JSON.stringify(data.edits);
    // What the hand does meanwhile is newer than what the server has heard of.
    if (before?.title !== data.title || this.sent === this.told || this.sent === undefined) this.edits = data.edits;
    this.root.style.setProperty("--aspect", `${data.width} / ${data.height}`);
    this.find(".inside .time").textContent = data.previewTime;
    this.find(".after .time").textContent = data.decodeTime;
    const canvas = this.find(".after canvas");
    Object.assign(canvas, { width: image.naturalWidth, height: image.naturalHeight });
    canvas.getContext("2d").drawImage(image, 0, 0);
    this.root.dataset.decoded = this.told;
    if (this.rows?.length !== data.channels) {
      this.rows = Array.from({ length: data.channels }, (_, channel) => this.row(channel));
      this.find(".gains").replaceChildren(...this.rows.map(({ row }) => row));
    }
    this.redraw();
  }

  state() {
    return {}; // the server is told of its edits, and the address by it
  }

  take() {
    this.sent = undefined; // what the server says after Back is newer than the hand
  }

  row(channel) {
    const { channels, mostGain } = this.data;
    const from = make("select");
    from.ariaLabel = tr("Channel {channel} is taken from", { channel: channel + 1 });
    for (let other = 0; other < channels; other++) {
      from.append(
        new Option(other === channel ? tr("its own") : tr("from {channel}", { channel: other + 1 }), String(other)),
      );
    }
    from.addEventListener("change", () => this.swap(channel, Number(from.value)));
    const gain = Object.assign(make("input"), { type: "range", min: -mostGain, max: mostGain, step: 0.1 });
    gain.ariaLabel = tr("Gain of channel {channel}", { channel: channel + 1 });
    gain.addEventListener("input", () => this.change({ gains: this.edits.gains.with(channel, Number(gain.value)) }));
    gain.addEventListener("change", () => this.done());
    const told = make("output");
    return {
      from,
      gain,
      told,
      row: make("div", "gain", make("span", "", tr("Channel {channel}", { channel: channel + 1 })), from, gain, told),
    };
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

  frame(across, down) {
    const [row, column] = cellAt(across, down, this.data);
    const [firstRow, firstColumn] = this.corner;
    const rows = [Math.min(row, firstRow), Math.max(row, firstRow) + 1];
    const region = [...rows, Math.min(column, firstColumn), Math.max(column, firstColumn) + 1];
    this.change({ region, amount: this.edits.amount || 1 });
  }

  /** @param {Partial<EditsData>} edits */
  change(edits) {
    this.edits = { ...this.edits, ...edits };
    this.update();
  }

  done() {
    this.sent = JSON.stringify(this.edits);
    this.tell("edit", this.edits);
  }

  draw() {
    // Pale while the decoded picture is not that of these edits; they may be changed back by hand.
    this.root.classList.toggle("waiting", JSON.stringify(this.edits) !== this.told);
    const { gains, order, region, amount } = this.edits;
    this.rows.forEach(({ from, gain, told }, channel) => {
      from.value = String(order[channel]);
      gain.value = String(gains[channel]);
      const says = { 0: tr("drop"), 1: tr("as is"), "-1": tr("flip") };
      told.textContent = says[gains[channel]] ?? `× ${minus(gains[channel].toFixed(1))}`;
    });
    this.amount.value = String(amount);
    this.amount.disabled = !region;
    this.find(".amount output").textContent = region ? `${Math.round(100 * amount)} %` : tr("no frame");
    this.drawFrame(region ?? [0, 0, 0, 0], !!region);
    this.drawGuess(region ?? [0, 0, 0, 0]);
  }

  drawFrame([top, bottom, left, right], there) {
    const { height, width } = this.data;
    Object.assign(this.find(".plate i").style, {
      display: there ? "block" : "none",
      top: `${(100 * top) / height}%`,
      height: `${(100 * (bottom - top)) / height}%`,
      left: `${(100 * left) / width}%`,
      width: `${(100 * (right - left)) / width}%`,
    });
  }

  drawGuess([top, bottom, left, right]) {
    const { gains, order, amount } = this.edits;
    const { height, width, bias } = this.data;
    const area = height * width;
    const [keep, add] = [Math.sqrt(1 - amount), Math.sqrt(amount)];
    const latent = (channel, at) => {
      const [row, column] = [Math.floor(at / width), at % width];
      const value = gains[channel] * this.latents[order[channel] * area + at];
      const noisy = row >= top && row < bottom && column >= left && column < right;
      return noisy ? keep * value + add * this.noise[channel * area + at] : value;
    };
    put(this.find(".inside canvas"), quickColours(this.data, bias, latent));
  }
}
