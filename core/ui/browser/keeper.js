// Tells the browser the page's language, for whoever has it read aloud; hears from the page's components what was chosen in
// them, and tells Python once it rests; and tells them of a link that was followed to the page they are on.

const RESTS_MS = 400; // after the last move

export default function ({ parentElement, data, setTriggerValue }) {
  const mark = parentElement.querySelector("i");
  document.documentElement.lang = mark.lang;
  const followed = data ?? 0;
  if ((mark.followed ?? followed) !== followed) dispatchEvent(new Event("glassbox-followed"));
  mark.followed = followed;
  let timer = null;
  let heard = {};
  const tell = () => {
    const said = new URLSearchParams(location.search);
    const news = Object.entries(heard).filter(([name, text]) => said.get(name) !== text);
    heard = {};
    if (news.length) setTriggerValue("places", Object.fromEntries(news));
  };
  const hear = (/** @type {any} */ { detail }) => {
    Object.assign(heard, detail);
    clearTimeout(timer);
    timer = setTimeout(tell, RESTS_MS);
  };
  const go = (/** @type {any} */ { target }) => {
    const link = target.closest?.("[data-testid=stMain] a[href]");
    if (link?.search && link.pathname === location.pathname) link.closest("[data-testid=stMain]").scrollTo(0, 0);
  };
  addEventListener("glassbox-place", hear);
  addEventListener("click", go);
  return () => {
    removeEventListener("glassbox-place", hear);
    removeEventListener("click", go);
    clearTimeout(timer);
  };
}
