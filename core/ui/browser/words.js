// What a component says, in the reader's language; it stands before every component's script. The
// texts are marked where they stand, as in Python, and never at the top of a file: the language
// comes with the first data.

/** @typedef {{ [text: string]: [string, string?] }} Words by the English text, of two by the first */

/** @type {Words} */ let words = {};

/**
 * @param {string} text in English, with places in braces
 * @param {{ [place: string]: string | number }} values what stands in its places
 */
function tr(text, values = {}) {
  return filled((words[text] ?? [text])[0], values);
}

/**
 * @param {number} count how many; stands in a place {count}
 * @param {string} one in English, for 1
 * @param {string} many for all others
 * @param {{ [place: string]: string | number }} values what else stands in its places
 */
function trMany(count, one, many, values = {}) {
  const [single, several = single] = words[one] ?? [one, many];
  return filled(count === 1 ? single : several, { count, ...values });
}

/**
 * @param {number} number
 * @param {string} name of one; an s makes it many
 */
function count(number, name) {
  return trMany(number, `{count:,} ${name}`, `{count:,} ${name}s`);
}

/**
 * @param {string} text
 * @param {{ [place: string]: string | number }} values
 */
function filled(text, values) {
  const unparted = text.replace(/([\d}]) (?=(%|m?s|min|h|dB|[MG]B|px)(?!\w))/g, "$1\u00a0"); // number and unit
  return unparted.replace(/{(\w+)(:,)?}/g, (_, place, apart) =>
    apart ? thousands(values[place]) : String(values[place]),
  );
}

/** @param {string | number} number as Python writes it with "," */
function thousands(number) {
  const written = Number(number).toLocaleString("en");
  return Object.keys(words).length ? written.replaceAll(",", "\u202f") : written;
}
