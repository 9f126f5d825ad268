// What errors say: one line, with nothing in it that a terminal would act on.

const LONGEST = 400;
const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/u;

/**
 * Tells whether a label may have a character: of the general categories Cc, Cf, Cs, Co, Cn, Zl and
 * Zp none, of Zs the space alone.
 * @param {string} character one code point
 */
export function isPrintable(character) {
  return character === " " || !NOT_PRINTABLE.test(character);
}

/**
 * Counts code points; a lone surrogate is one.
 * @param {string} text
 */
export function countCodePoints(text) {
  let count = text.length;
  for (let at = 1; at < text.length; at++) {
    const isLow = (text.charCodeAt(at) & 0xfc00) === 0xdc00;
    if (isLow && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800) count--;
  }
  return count;
}

/**
 * Returns a text fit for people: what is not printable is escaped, what is long loses its middle.
 * @param {string} text
 */
export function oneLine(text) {
  const half = LONGEST / 2;
  const kept =
    text.length > LONGEST ? `${text.slice(0, half)} … ${text.slice(text.length - half)}` : text;
  return Array.from(kept, (one) => (isPrintable(one) ? one : escaped(one))).join("");
}

/**
 * Shows a value of JSON as the documented errors do, which is Python's way.
 * @param {import("./json.js").Json | undefined} value
 * @param {string} [brackets] of the outermost list
 * @returns {string}
 */
export function shown(value, brackets = "[]") {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return quoted(value);
  if (typeof value === "number") return shownFloat(value);
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) {
    return brackets[0] + value.map((one) => shown(one)).join(", ") + brackets[1];
  }
  const fields = [...value].map(([name, one]) => `${quoted(name)}: ${shown(one)}`);
  return `{${fields.join(", ")}}`;
}

/** @param {number} value */
function shownFloat(value) {
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [digits, exponent] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < 16) {
    // Below 1e16 a number that needs an exponent in JavaScript is one below 1e-6.
    const plain = String(value);
    return /[.e]/.test(plain) ? plain : `${plain}.0`;
  }
  return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** @param {string} text */
function quoted(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const inside = Array.from(text, (one) => {
    if (one === "\\" || one === quote) return `\\${one}`;
    return isPrintable(one) ? one : escaped(one);
  });
  return quote + inside.join("") + quote;
}

/** @param {string} character */
function escaped(character) {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  const code = /** @type {number} */ (character.codePointAt(0));
  const digits = code.toString(16);
  if (code <= 0xff) return `\\x${digits.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, "0")}` : `\\U${digits.padStart(8, "0")}`;
}
