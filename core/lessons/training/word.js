// What a prompt with a new word draws, before the training, meanwhile and after it.

const FRAME_MS = 900;
const WHOLE_MS = 9000;

export default (/** @type {Mounted} */ mounted) => present(mounted, ".word", Word);

/** @extends {Player<WordData>} */
class Word extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
  }

  show(before) {
    const { data } = this;
    const alt = tr("The picture that the word is to mean");
    Object.assign(this.find(".own img"), { src: data.picture, alt });
    if (JSON.stringify(before?.prompts) !== JSON.stringify(data.prompts)) this.frame();
    this.root.classList.toggle("idle", !data.looks.length && !data.going);
    this.root.classList.toggle("drawn", !data.steps); // from a file, not trained
    this.root.dataset.going = String(data.going);
    // What has just come is shown, unless somebody looks at what was.
    const newest = this.last;
    const last = Math.max(0, data.looks.length - 1);
    const there = newest === undefined || this.place === newest || this.place > last;
    this.last = last;
    this.range.max = String(last);
    this.go(there ? last : this.place);
  }

  state() {
    return { after: textOf(this.place, this.last) };
  }

  take(said) {
    this.go(placeOf(said("after"), this.last, this.last));
  }

  frame() {
    this.canvases = this.data.prompts.map(() => drawing());
    const figures = this.data.prompts.map((prompt, at) => {
      const said = make("b", "", prompt ? tr("“{prompt}”", { prompt }) : tr("no words"));
      return make("figure", "", make("figcaption", "", said), this.canvases[at]);
    });
    this.find(".panes").replaceChildren(this.find(".own"), ...figures);
  }

  draw() {
    this.drawPictures();
    this.drawLoss();
  }

  async drawPictures() {
    const { looks, prompts } = this.data;
    const look = looks[this.place];
    const after = look?.step && trMany(look.step, "after {count} training step", "after {count} training steps");
    const said = look ? after || tr("before") : "";
    this.find(".at").textContent = said;
    this.range.ariaValueText = said;
    this.wanted = look;
    const image = look && (await openImage(look.pictures));
    if (this.wanted !== look) return;
    showSquares(this.canvases, image);
    this.canvases.forEach(
      (canvas, at) => (canvas.ariaLabel = look ? `${prompts[at]}, ${said}` : tr("Nothing is drawn yet")),
    );
    if (look) this.root.dataset.step = String(look.step);
  }

  drawLoss() {
    const canvas = this.find(".loss canvas");
    if (!canvas.clientWidth) return;
    const { curve, steps, seconds, left, going, smooth } = this.data;
    const so = { step: curve.at(-1)?.[0], steps, seconds, left };
    const told = curve.length
      ? going
        ? so.step === steps
          ? tr("after {step} of {steps} training steps, {seconds} s; comparing…", so)
          : tr("after {step} of {steps} training steps, {seconds} s; {left} s more", so)
        : tr("after {step} of {steps} training steps, {seconds} s", so)
      : going
        ? tr("starting…")
        : "";
    this.find(".told").textContent = told;
    if (curve.length)
      drawLoss(
        canvas,
        curve,
        steps,
        tr("squared error of the noise, weighted, mean of {smooth} training steps", { smooth }),
        this,
      );
    else {
      fit(canvas);
      canvas.ariaLabel = tr("No loss yet");
    }
  }
}
