// The loss of a training that goes on, growing into its axis; it stands before every component's
// script.

// curve is [[step, loss]]; steps of the whole training; ink {faint, soft, noise, font}: colours and
// font; unit says what the loss is.
function drawCurve(pen, wide, tall, curve, steps, ink, unit) {
  const frame = { left: 42, top: 26, right: wide - 14, bottom: tall - 38 };
  const highest = Math.max(...curve.map(([, loss]) => loss));
  const stride = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5].find((size) => highest / size <= 5) ?? highest;
  const most = Math.ceil(highest / stride) * stride;
  const across = (step) => frame.left + (step / steps) * (frame.right - frame.left);
  const down = (loss) => frame.bottom - (loss / most) * (frame.bottom - frame.top);
  pen.font = `12px ${ink.font}`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  for (let value = 0; value <= most + 1e-9; value += stride) {
    pen.fillStyle = ink.faint;
    pen.fillRect(frame.left, Math.round(down(value)), frame.right - frame.left, 1);
    pen.fillStyle = ink.soft;
    pen.fillText(String(Number(value.toFixed(2))), frame.left - 6, down(value));
  }
  pen.textBaseline = "top";
  pen.textAlign = "center";
  for (const part of [0, 0.5, 1]) {
    pen.fillText((part * steps).toLocaleString("en"), Math.min(across(part * steps), wide - 22), frame.bottom + 4);
  }
  pen.fillText("training step", (frame.left + frame.right) / 2, frame.bottom + 20);
  pen.textAlign = "left";
  pen.textBaseline = "bottom";
  pen.fillText(unit, frame.left, frame.top - 6);
  pen.strokeStyle = ink.noise;
  pen.lineWidth = 2;
  pen.beginPath();
  curve.forEach(([step, loss]) => pen.lineTo(across(step), down(loss)));
  pen.stroke();
}
