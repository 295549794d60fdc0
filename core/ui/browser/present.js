// How data reaches a component; it stands before every component's script.
//
// Streamlit runs the script once for every change of the data, each time behind an import() of its
// own. Where two changes come while the script is still being loaded, a browser may run them in
// either order, and the older data would stay. So Python numbers the changes, and only what is not
// older than what is shown is shown. What the older call returns must not close the newer's view.

/**
 * @typedef {{ parentElement: ParentNode, data: [any, number, Words?], setTriggerValue?: Tell }} Mounted
 * @typedef {(event: string, value: unknown) => void} Tell tells the server that something happened
 */

/**
 * @param {Mounted} mounted from Streamlit
 * @param {string} selector of the view's root
 * @param {new (root: HTMLElement) => View<any>} Kind
 */
function present({ parentElement, data: [data, turn, told = {}], setTriggerValue }, selector, Kind) {
  words = told;
  /** @type {HTMLElement & { view?: View<any>, turn?: number, call?: symbol }} */
  const root = parentElement.querySelector(selector);
  const view = (root.view ??= link(root, new Kind(root)));
  const call = Symbol();
  view.tell = setTriggerValue;
  if (turn >= (root.turn ?? 0)) {
    root.turn = turn;
    root.call = call;
    view.open();
    view.receive(data).then(() => takeFirst(view));
  }
  return () => {
    if (root.call === call) view.close();
  };
}
