import {
  codePointAt, MODIFIERS, REGIONAL, SYMBOLS, unitsOf, UNSPACED, UNSPACED_MARKS, LETTERS,
} from "./code_points.js";

const VARIATIONS = /[\ufe0e\ufe0f]/g;
const JOINER = 0x200d;
const SPACE = 0x20;

/** Tokenizer `words`: find the words, drop stop words, look up. */
export class WordTokenizer {
  #symbols;
  #unspaced;
  #pairs;
  #letters;
  /** Code points that end a word, or where `#isInverted` all that do not. */
  #listed;
  #isInverted;
  #unknownId;
  /** Of stop words null. @type {Map<string, number | null>} */
  #ids = new Map();

  /**
   * @param {import("../contract.js").Contract} contract
   * @param {string[]} words
   */
  constructor(contract, words) {
    /** The number of ids. */
    this.size = contract.firstWordId + words.length;
    this.#symbols = contract.symbolsAreWords;
    this.#unspaced = contract.unspacedScripts !== "keep";
    this.#pairs = contract.unspacedScripts === "bigrams";
    this.#letters = contract.hasLetters;
    this.#isInverted = contract.separators === "";
    this.#listed = new Set(
      Array.from(contract.separators + contract.wordCharacters, (one) => codePointAt(one, 0)),
    );
    if (this.#isInverted) this.#listed.delete(SPACE);
    else this.#listed.add(SPACE);
    this.#unknownId = contract.unknownId;
    for (const [i, word] of words.entries()) this.#ids.set(word, contract.firstWordId + i);
    for (const word of contract.stopWords) this.#ids.set(word, null);
  }

  /**
   * Returns the ids of a normalized text; there may be none.
   * @param {string} text
   */
  encode(text) {
    /** @type {number[]} */
    const ids = [];
    const prepared = this.#symbols ? text.replace(VARIATIONS, "") : text;
    for (let at = 0; at < prepared.length; ) {
      const codePoint = codePointAt(prepared, at);
      let end = at + unitsOf(codePoint);
      if (this.#symbols && SYMBOLS.has(codePoint)) {
        end = endOfSymbol(prepared, at);
        this.#add(prepared.slice(at, end), ids);
      } else if (this.#unspaced && UNSPACED.has(codePoint)) {
        end = this.#addUnits(prepared, at, ids);
      } else if (this.#isOther(codePoint)) {
        end = this.#endOfOthers(prepared, end);
        this.#add(prepared.slice(at, end), ids);
      }
      at = end;
    }
    return ids;
  }

  /**
   * @param {string} word
   * @param {number[]} ids
   */
  #add(word, ids) {
    const id = this.#ids.get(word);
    if (id !== undefined) {
      if (id !== null) ids.push(id);
    } else if (this.#unknownId !== null) {
      ids.push(this.#unknownId);
    }
  }

  /**
   * @param {string} text
   * @param {number} at
   */
  #endOfOthers(text, at) {
    while (at < text.length) {
      const codePoint = codePointAt(text, at);
      if (!this.#isOther(codePoint)) return at;
      if (this.#symbols && SYMBOLS.has(codePoint)) return at;
      if (this.#unspaced && UNSPACED.has(codePoint)) return at;
      at += unitsOf(codePoint);
    }
    return at;
  }

  /** @param {number} codePoint */
  #isOther(codePoint) {
    return (
      this.#listed.has(codePoint) === this.#isInverted || (this.#letters && LETTERS.has(codePoint))
    );
  }

  /**
   * Cuts a run of unspaced scripts into words; returns its end.
   * @param {string} text
   * @param {number} start
   * @param {number[]} ids
   */
  #addUnits(text, start, ids) {
    let before = -1;
    let count = 0;
    let at = start;
    while (at < text.length) {
      const codePoint = codePointAt(text, at);
      if (!UNSPACED.has(codePoint)) break;
      const unit = at;
      at = endOf(UNSPACED_MARKS, text, at + unitsOf(codePoint));
      if (!this.#pairs) this.#add(text.slice(unit, at), ids);
      else if (before >= 0) this.#add(text.slice(before, at), ids);
      before = unit;
      count++;
    }
    if (this.#pairs && count === 1) this.#add(text.slice(start, at), ids);
    return at;
  }
}

/**
 * @param {string} text
 * @param {number} start
 */
function endOfSymbol(text, start) {
  const first = codePointAt(text, start);
  let at = start + unitsOf(first);
  if (REGIONAL.has(first) && at < text.length) {
    const second = codePointAt(text, at);
    if (REGIONAL.has(second)) return at + unitsOf(second);
  }
  while (true) {
    at = endOf(MODIFIERS, text, at);
    if (at + 1 >= text.length || text.charCodeAt(at) !== JOINER) return at;
    const next = codePointAt(text, at + 1);
    if (!SYMBOLS.has(next)) return at;
    at += 1 + unitsOf(next);
  }
}

/**
 * @param {typeof MODIFIERS} set
 * @param {string} text
 * @param {number} at
 */
function endOf(set, text, at) {
  while (at < text.length) {
    const codePoint = codePointAt(text, at);
    if (!set.has(codePoint)) return at;
    at += unitsOf(codePoint);
  }
  return at;
}
