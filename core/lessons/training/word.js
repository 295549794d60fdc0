// What a prompt with a new word draws, before the training, meanwhile and after it.
//
// data.picture  address of the picture that the word is to mean
// data.prompts  of the other pictures
// data.looks    [{step, pictures}]: address of one sheet with a picture for each prompt
// data.curve    [[step, loss]], each a mean of up to data.smooth steps; data.steps in all; data.seconds so far; data.going whether more comes

const FRAME_MS = 900;
const WHOLE_MS = 9000;

export default function ({ parentElement, data }) {
  return present(parentElement, ".word", Word, data);
}

class Word extends Player {
  constructor(root) {
    super(root, FRAME_MS, WHOLE_MS);
    this.find = (name) => root.querySelector(name);
    this.sheets = new Map();
  }

  show(data) {
    const before = this.data;
    this.data = data;
    this.find(".own img").src = data.picture;
    this.find(".own img").alt = "The picture that the word is to mean";
    if (JSON.stringify(before?.prompts) !== JSON.stringify(data.prompts)) this.frame();
    const newest = this.last ?? 0;
    this.last = Math.max(0, data.looks.length - 1);
    this.range.max = this.last;
    // What has just come is shown, unless somebody looks at what was.
    if (this.place === undefined || this.place === newest || this.place > this.last) this.place = this.last;
    this.range.value = this.place;
    this.root.classList.toggle("idle", !data.looks.length && !data.going);
    this.root.dataset.looks = data.looks.length;
    this.root.dataset.going = data.going;
    this.label();
    this.draw();
  }

  state() {
    return { after: textOf(this.place, this.last) };
  }

  take(said) {
    this.go(placeOf(said("after"), this.last, this.last));
  }

  frame() {
    this.canvases = this.data.prompts.map((prompt) => {
      const figure = document.createElement("figure");
      const caption = document.createElement("figcaption");
      const said = document.createElement("b");
      said.textContent = prompt ? `“${prompt}”` : "no words";
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      caption.append(said);
      figure.append(caption, canvas);
      return [figure, canvas];
    });
    this.find(".panes").replaceChildren(this.find(".own"), ...this.canvases.map(([figure]) => figure));
  }

  draw() {
    if (!this.data || !this.root.clientWidth) return;
    this.drawPictures();
    this.drawLoss();
  }

  async drawPictures() {
    const look = this.data.looks[this.place];
    const said = !look ? "" : look.step ? `after ${look.step} training steps` : "before";
    this.find(".at").textContent = said;
    this.range.setAttribute("aria-valuetext", said);
    const wanted = (this.wanted = look?.pictures ?? null);
    if (!look) {
      for (const [, canvas] of this.canvases) {
        canvas.width = canvas.height = 1;
        canvas.setAttribute("aria-label", "Nothing is drawn yet");
      }
      return;
    }
    if (!this.sheets.has(wanted)) {
      const image = new Image();
      image.src = wanted;
      this.sheets.set(
        wanted,
        image.decode().then(() => image),
      );
    }
    const image = await this.sheets.get(wanted);
    if (this.wanted !== wanted) return;
    const side = image.height;
    this.canvases.forEach(([, canvas], number) => {
      canvas.width = canvas.height = side;
      canvas.getContext("2d").drawImage(image, number * side, 0, side, side, 0, 0, side, side);
      canvas.setAttribute("aria-label", `${this.data.prompts[number]}, ${said}`);
    });
    this.root.dataset.step = look.step;
  }

  drawLoss() {
    const canvas = this.find(".loss canvas");
    if (!canvas.clientWidth) return;
    const { pen, wide, tall } = fitInCss(canvas);
    const { curve, steps, seconds, going } = this.data;
    this.find(".told").textContent = curve.length
      ? `after ${curve.at(-1)[0]} of ${steps} training steps, ${seconds} s`
      : going
        ? "starting…"
        : "";
    canvas.setAttribute(
      "aria-label",
      curve.length ? `Loss at training step ${curve.at(-1)[0]}: ${curve.at(-1)[1]}` : "No loss yet",
    );
    if (!curve.length) return;
    const style = getComputedStyle(this.root);
    const ink = {
      faint: getComputedStyle(this.find(".plane")).borderTopColor,
      soft: getComputedStyle(this.find(".told")).color,
      noise: style.getPropertyValue("--noise"),
      font: style.fontFamily,
    };
    drawCurve(
      pen,
      wide,
      tall,
      curve,
      steps,
      ink,
      `squared error of the noise, weighted, mean of ${this.data.smooth} training steps`,
    );
  }
}
