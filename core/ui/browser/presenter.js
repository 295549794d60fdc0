// Page Down at a page's end leads to the next page, Page Up at its beginning to the one before: what
// a presenter's remote sends. In between they scroll, as everywhere.

const NEAR = 2; // CSS pixels from an end that still count as the end

export default function ({ setTriggerValue }) {
  const room = document.querySelector("[data-testid=stMain]");
  const turn = (/** @type {KeyboardEvent} */ event) => {
    if (!["PageDown", "PageUp"].includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
    const { scrollTop, clientHeight, scrollHeight } = room;
    const down = event.key === "PageDown";
    const ended = down ? scrollTop + clientHeight >= scrollHeight - NEAR : scrollTop <= NEAR;
    if (ended) setTriggerValue("turn", down ? 1 : -1);
    else room.scrollBy({ top: (down ? 0.85 : -0.85) * clientHeight, behavior: "smooth" });
    event.preventDefault();
  };
  addEventListener("keydown", turn);
  return () => removeEventListener("keydown", turn);
}
