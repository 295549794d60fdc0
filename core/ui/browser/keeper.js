// Tells the browser the page's language, for whoever has it read aloud; and hears from the page's components what was chosen in them, and tells Python once it rests.

const RESTS_MS = 400; // after the last move

export default function ({ parentElement, setTriggerValue }) {
  document.documentElement.lang = parentElement.querySelector("i").lang;
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
  addEventListener("glassbox-place", hear);
  return () => {
    removeEventListener("glassbox-place", hear);
    clearTimeout(timer);
  };
}
