import { decodeUtf8, Utf8Error } from "./utf8.js";

// JSON.parse takes a name twice and makes of 12.0 what it makes of 12; a contract must be read
// otherwise.

/**
 * A value: integers are bigint, other numbers number, objects Map in the order of the text.
 * @typedef {null | boolean | string | number | bigint | any[] | Map<string, any>} Json
 */

/** A text that is no JSON; the message says what and where. */
export class JsonError extends Error {}

const MAX_DEPTH = 64;
const MAX_DIGITS = 1000;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const SPACE = /[ \n\r\t]*/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HEXADECIMAL = /^[0-9a-fA-F]{4}$/;
const ESCAPES = new Map(Object.entries({
  '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t",
}));
const WORDS = new Map(Object.entries({ true: true, false: false, null: null }));

/**
 * Reads a text of JSON in UTF-8, without a byte order mark (RFC 8259): strict, and bounded.
 * Escapes of lone surrogates stay what they are.
 * @param {Uint8Array} bytes
 * @returns {Json}
 * @throws {JsonError} it is none
 */
export function parseJson(bytes) {
  try {
    return new Reader(decodeUtf8(bytes)).document();
  } catch (error) {
    if (error instanceof Utf8Error) throw new JsonError(error.message);
    throw error;
  }
}

/**
 * Returns a value as JSON.parse would give it.
 * @param {Json} value
 * @returns {any}
 */
export function plain(value) {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (!(value instanceof Map)) return value;
  const found = /** @type {Record<string, any>} */ ({});
  for (const [name, one] of value) {
    // An assignment would set the prototype where the name is __proto__.
    Object.defineProperty(found, name, {
      value: plain(one), enumerable: true, writable: true, configurable: true,
    });
  }
  return found;
}

class Reader {
  #text;
  #at = 0;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  /** @returns {Json} */
  document() {
    const value = this.#value(0);
    if (this.#at < this.#text.length) throw this.#refused("something behind the value");
    return value;
  }

  /**
   * @param {number} depth
   * @returns {Json}
   */
  #value(depth) {
    if (depth > MAX_DEPTH) throw this.#refused(`nested more than ${MAX_DEPTH} deep`);
    this.#match(SPACE);
    const next = this.#text[this.#at];
    /** @type {Json} */
    let value;
    if (next === "{") value = this.#object(depth);
    else if (next === "[") value = this.#list(depth);
    else if (next === '"') value = this.#string();
    else if (next === "-" || (next >= "0" && next <= "9")) value = this.#number();
    else value = this.#word();
    this.#match(SPACE);
    return value;
  }

  /** @param {number} depth */
  #object(depth) {
    /** @type {Map<string, Json>} */
    const found = new Map();
    this.#at++;
    this.#match(SPACE);
    if (this.#takes("}")) return found;
    while (true) {
      this.#match(SPACE);
      if (this.#text[this.#at] !== '"') throw this.#refused("no name");
      const name = this.#string();
      if (found.has(name)) throw this.#refused("a field appears twice");
      this.#match(SPACE);
      if (!this.#takes(":")) throw this.#refused("no ':'");
      found.set(name, this.#value(depth + 1));
      if (this.#takes("}")) return found;
      if (!this.#takes(",")) throw this.#refused("no ',' or '}'");
    }
  }

  /** @param {number} depth */
  #list(depth) {
    /** @type {Json[]} */
    const found = [];
    this.#at++;
    this.#match(SPACE);
    if (this.#takes("]")) return found;
    while (true) {
      found.push(this.#value(depth + 1));
      if (this.#takes("]")) return found;
      if (!this.#takes(",")) throw this.#refused("no ',' or ']'");
    }
  }

  #string() {
    let found = "";
    this.#at++;
    while (true) {
      found += this.#match(PLAIN)[0];
      if (this.#takes('"')) return found;
      if (!this.#takes("\\")) throw this.#refused("a string without an end");
      found += this.#escape();
    }
  }

  #escape() {
    const next = this.#text[this.#at++];
    const simple = ESCAPES.get(next);
    if (simple !== undefined) return simple;
    const digits = this.#text.slice(this.#at, this.#at + 4);
    if (next !== "u" || !HEXADECIMAL.test(digits)) throw this.#refused("an escape that is none");
    this.#at += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }

  #number() {
    const [written, fraction, exponent] = this.#match(NUMBER);
    if (!written) throw this.#refused("a number without digits");
    if (written.length > MAX_DIGITS) {
      throw this.#refused(`a number of more than ${MAX_DIGITS} characters`);
    }
    return fraction || exponent ? Number(written) : BigInt(written);
  }

  #word() {
    for (const [written, value] of WORDS) {
      if (this.#text.startsWith(written, this.#at)) {
        this.#at += written.length;
        return value;
      }
    }
    throw this.#refused("no value");
  }

  /** @param {string} character */
  #takes(character) {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** @param {RegExp} pattern a sticky one */
  #match(pattern) {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? [""];
    this.#at += found[0].length;
    return found;
  }

  /** @param {string} what */
  #refused(what) {
    return new JsonError(`${what} at character ${Math.min(this.#at, this.#text.length)}`);
  }
}
