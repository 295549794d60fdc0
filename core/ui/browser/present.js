// How data reaches a component; it stands before every component's script.
//
// Streamlit runs the script once for every change of the data, each time behind an import() of its
// own. Where two changes come while the script is still being loaded, a browser may run them in
// either order, and the older data would stay. So Python numbers the changes, and only what is not
// older than what is shown is shown. What the older call returns must not close the newer's view.

// View is a class: new View(root), show(data), and open() and close() where it listens to something.
function present(parent, selector, View, [data, turn]) {
  const root = parent.querySelector(selector);
  const view = (root.view ??= link(root, new View(root)));
  const call = Symbol();
  if (turn >= (root.turn ?? 0)) {
    root.turn = turn;
    root.call = call;
    view.open?.();
    Promise.resolve(view.show(data)).then(() => takeFirst(view));
  }
  return () => {
    if (root.call === call) view.close?.();
  };
}
