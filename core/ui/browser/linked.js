// What was chosen in a component stands in the address: a link shows it, and Back undoes it. It stands
// before every component's script.
//
// A view that has such choices has two methods: state() gives their texts by name, null for what is
// shown at first, and take(said) shows what an address says, where said(name) is a text or null. Names
// are one page's own. Python writes the address (core/ui/address.py) once a choice rests.

const ENDS = ["input", "change", "click", "pointerup", "keyup"]; // of what a hand may choose with

function saidInAddress(name) {
  return new URLSearchParams(location.search).get(name);
}

function tellAddress(view) {
  if (view.data && view.state) dispatchEvent(new CustomEvent("glassbox-place", { detail: view.state() }));
}

function link(root, view) {
  if (!view.state) return view;
  for (const end of ENDS) {
    root.addEventListener(end, () => {
      view.touched = true; // from now on the hand is newer than the address
      tellAddress(view);
    });
  }
  const moves = ["popstate", "glassbox-followed"];
  const follow = () => {
    if (!root.isConnected) moves.forEach((move) => removeEventListener(move, follow));
    else if (view.data) view.take(saidInAddress);
  };
  moves.forEach((move) => addEventListener(move, follow));
  return view;
}

// Said by present() when new data is on show.
function takeFirst(view) {
  if (!view.state || !view.data) return;
  if (view.touched) tellAddress(view);
  else if (Object.keys(view.state()).some((name) => saidInAddress(name) !== null)) view.take(saidInAddress);
}

// The number that a text says, where it is one from low to high; otherwise what stands there at first.
function numberOf(text, low, high, first) {
  const said = /^-?\d{1,9}(\.\d{1,9})?$/.test(text ?? "") ? Number(text) : NaN;
  return said >= low && said <= high ? said : first;
}

function placeOf(text, last, first) {
  return Math.floor(numberOf(text, 0, last, first));
}

// The text of what was chosen; null where it is what is shown at first.
function textOf(chosen, first) {
  return chosen === first ? null : String(chosen);
}
