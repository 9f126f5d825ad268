import { NAMES as NAME_PAIRS, RANGES, WINDOWS_1252 as WINDOWS_PAIRS } from "./tables.js";

// The contract's sets are closed: no regular expression of the browser's Unicode version stands in.

/** A closed set of code points. */
class CodePointSet {
  /** @type {Uint8Array | null} */
  #basic = null;
  /** @type {[number, number][]} */
  #ranges;

  /** @param {string} ranges `41-5A B5`: first and last in hexadecimal, in order */
  constructor(ranges) {
    this.#ranges = ranges.split(" ").map((range) => {
      const [first, last = first] = range.split("-").map((number) => parseInt(number, 16));
      return [first, last];
    });
  }

  /** @param {number} codePoint */
  has(codePoint) {
    if (codePoint > 0xffff) {
      return this.#ranges.some(([first, last]) => codePoint >= first && codePoint <= last);
    }
    return (this.#basic ??= this.#table())[codePoint] === 1;
  }

  #table() {
    const table = new Uint8Array(0x10000);
    for (const [first, last] of this.#ranges) if (first <= 0xffff) table.fill(1, first, last + 1);
    return table;
  }
}

export const APOSTROPHES = new CodePointSet(RANGES.apostrophes);
export const QUOTES = new CodePointSet(RANGES.quotes);
export const UPPER = new CodePointSet(RANGES.upper);
export const LOWER = new CodePointSet(RANGES.lower);
export const SYMBOLS = new CodePointSet(RANGES.symbols);
export const REGIONAL = new CodePointSet(RANGES.regional);
export const MODIFIERS = new CodePointSet(RANGES.modifiers);
export const UNSPACED = new CodePointSet(RANGES.unspaced);
export const UNSPACED_MARKS = new CodePointSet(RANGES.unspaced_marks);
export const LETTERS = new CodePointSet(RANGES.letters);

/** Code points by the names of character references; case counts. */
export const NAMES = new Map(pairs(NAME_PAIRS));

/** What the numbers of control characters stand for in character references. */
export const WINDOWS_1252 = new Map(
  pairs(WINDOWS_PAIRS).map(([number, codePoint]) => [parseInt(number, 16), codePoint]),
);

/**
 * @param {string} written
 * @returns {[string, number][]}
 */
function pairs(written) {
  return written.split(" ").map((pair) => {
    const [name, codePoint] = pair.split("=");
    return [name, parseInt(codePoint, 16)];
  });
}

/**
 * The code point at a place of a well-formed text.
 * @param {string} text
 * @param {number} at
 */
export function codePointAt(text, at) {
  return /** @type {number} */ (text.codePointAt(at));
}

/**
 * How many UTF-16 units a code point takes.
 * @param {number} codePoint
 */
export function unitsOf(codePoint) {
  return codePoint > 0xffff ? 2 : 1;
}
