// A play button and a slider that move through places; it stands before every component's script.
//
// A component extends it, has .play and one slider in its root, and says how it draws. It is told
// frameMs and wholeMs, the longest that one place and the whole walk may last.

const PLAY = "M8 5v14l11-7z";
const PAUSE = "M6 5h4v14H6zM14 5h4v14h-4z";

class Player {
  constructor(root, frameMs, wholeMs) {
    this.root = root;
    this.frameMs = frameMs;
    this.wholeMs = wholeMs;
    this.range = root.querySelector("input[type=range]");
    this.button = root.querySelector(".play");
    this.range.addEventListener("input", () => {
      this.pause();
      this.go(Number(this.range.value));
    });
    this.button.addEventListener("click", () => this.toggle());
  }

  toggle() {
    if (this.timer) this.pause();
    else this.play();
  }

  go(place) {
    this.place = place;
    this.range.value = place;
    this.draw();
  }

  play() {
    if (this.place >= this.last) this.go(0);
    this.walk(this.last + 1, () => {
      if (this.place >= this.last) this.pause();
      else this.go(this.place + 1);
    });
  }

  walk(count, step) {
    this.timer = setInterval(step, Math.min(this.frameMs, this.wholeMs / count));
    this.label();
  }

  pause() {
    const walked = this.timer;
    clearInterval(walked);
    this.timer = null;
    this.label();
    if (walked && this.touched) tellAddress(this);
  }

  // Said by present(): on the page, and off it.
  open() {
    this.resize ??= new ResizeObserver(() => this.redraw());
    this.resize.observe(this.root);
  }

  // Draw all of it in the size it has now; draw() is enough where that says so.
  redraw() {
    this.draw();
  }

  close() {
    this.pause();
    this.resize.disconnect();
  }

  label() {
    this.button.querySelector("path").setAttribute("d", this.timer ? PAUSE : PLAY);
    this.button.querySelector("span").textContent = this.timer ? "Pause" : "Play";
  }
}
