import { codePointAt, unitsOf } from "./code_points.js";
import { PrefixIndex } from "./prefix_index.js";

const ESCAPE = "\\&undsc";
const BYTES = 256;
const UNDERSCORE = 0x5f;
const SPACE = 0x20;
// What Python's \w matches in a string; the browser's Unicode version decides, as the contract says.
const WORD_CHARACTER = /[\p{L}\p{N}_]/u;

/** Tokens are words, most of them seen before. */
const MOST_KEPT = 1 << 14;
const LONGEST_KEPT = 32;

/** Tokenizer `subwords`: the ids of TensorFlow Datasets' `SubwordTextEncoder`. */
export class SubwordTokenizer {
  #firstByteId;
  /** @type {Map<string, number>} */
  #ids = new Map();
  #pieces;
  #reserved;
  /** Whether code points are word characters: 0 is not known yet, 1 none, 2 one. */
  #kinds = new Uint8Array(0x10000);
  /** @type {Map<string, number[]>} */
  #kept = new Map();

  /** @param {string[]} subwords */
  constructor(subwords) {
    /** The number of ids. */
    this.size = subwords.length + 1 + BYTES;
    this.#firstByteId = subwords.length + 1;
    for (const [i, subword] of subwords.entries()) this.#ids.set(subword, i + 1);
    this.#ids.set(ESCAPE, this.#firstByteId + UNDERSCORE);
    this.#pieces = new PrefixIndex(this.#ids.keys());
    this.#reserved = new PrefixIndex([...this.#ids.keys()].filter((one) => this.#isMixed(one)));
  }

  /**
   * Returns the ids of a normalized text; there may be none.
   * @param {string} text
   * @returns {number[]}
   */
  encode(text) {
    /** @type {number[]} */
    const ids = [];
    const bounds = this.#split(text);
    for (let i = 0; i + 1 < bounds.length; i++) {
      const end = bounds[i + 1];
      let token = text.slice(bounds[i], end);
      const isBeforeSpace = bounds[i + 2] - end === 1 && text.charCodeAt(end) === SPACE;
      if (token === ESCAPE) {
        this.#cut("\\&", ids);
        token = "undsc";
      } else {
        if (token.includes("_")) token = token.replaceAll("_", ESCAPE);
        if (isBeforeSpace) i++;
      }
      this.#add(isBeforeSpace ? `${token}_` : token, ids);
    }
    return ids;
  }

  /**
   * Returns where tokens begin: reserved strings, runs of word characters, runs of others.
   * @param {string} text
   */
  #split(text) {
    const bounds = [0];
    let begun = 0;
    let wasWord = false;
    for (let at = 0; at < text.length; ) {
      const reserved = this.#reserved.longestAt(text, at);
      if (reserved) {
        if (at > begun) bounds.push(at);
        at += reserved.length;
        begun = at;
        bounds.push(at);
        continue;
      }
      const codePoint = codePointAt(text, at);
      const isWord = this.#isWord(codePoint);
      if (at > begun && isWord !== wasWord) {
        bounds.push(at);
        begun = at;
      }
      wasWord = isWord;
      at += unitsOf(codePoint);
    }
    if (text.length > begun) bounds.push(text.length);
    return bounds;
  }

  /**
   * Adds the ids of a prepared token.
   * @param {string} token
   * @param {number[]} ids
   */
  #add(token, ids) {
    if (token.length > LONGEST_KEPT) {
      this.#cut(token, ids);
      return;
    }
    let found = this.#kept.get(token);
    if (found === undefined) {
      found = [];
      this.#cut(token, found);
      if (this.#kept.size === MOST_KEPT) this.#kept.clear();
      this.#kept.set(token, found);
    }
    for (const id of found) ids.push(id);
  }

  /**
   * Cuts a prepared token into the longest pieces.
   * @param {string} token
   * @param {number[]} ids
   */
  #cut(token, ids) {
    for (let at = 0; at < token.length; ) {
      const piece = this.#pieces.longestAt(token, at);
      if (piece) {
        ids.push(/** @type {number} */ (this.#ids.get(piece)));
        at += piece.length;
        continue;
      }
      const codePoint = codePointAt(token, at);
      // An underscore that no piece took stands for a space.
      this.#addBytes(codePoint === UNDERSCORE ? SPACE : codePoint, ids);
      at += unitsOf(codePoint);
    }
  }

  /**
   * Adds the ids of a code point's bytes in UTF-8.
   * @param {number} codePoint
   * @param {number[]} ids
   */
  #addBytes(codePoint, ids) {
    const first = this.#firstByteId;
    const tail = (/** @type {number} */ shift) => first + (0x80 | ((codePoint >> shift) & 0x3f));
    if (codePoint < 0x80) ids.push(first + codePoint);
    else if (codePoint < 0x800) ids.push(first + (0xc0 | (codePoint >> 6)), tail(0));
    else if (codePoint < 0x10000) ids.push(first + (0xe0 | (codePoint >> 12)), tail(6), tail(0));
    else ids.push(first + (0xf0 | (codePoint >> 18)), tail(12), tail(6), tail(0));
  }

  /** @param {string} string */
  #isMixed(string) {
    const kinds = new Set(Array.from(string, (one) => this.#isWord(codePointAt(one, 0))));
    return kinds.size === 2;
  }

  /** @param {number} codePoint */
  #isWord(codePoint) {
    if (codePoint > 0xffff) return WORD_CHARACTER.test(String.fromCodePoint(codePoint));
    if (this.#kinds[codePoint] === 0) {
      this.#kinds[codePoint] = WORD_CHARACTER.test(String.fromCodePoint(codePoint)) ? 2 : 1;
    }
    return this.#kinds[codePoint] === 2;
  }
}
