import { ModelError } from "../errors.js";
import { countCodePoints } from "../messages.js";
import { decodeUtf8, Utf8Error } from "../utf8.js";

const HEADER = "### SubwordTextEncoder";
const METADATA = "### Metadata: ";
const MAX_WORD = 2 ** 12;
const LINE_FEED = 10;

/**
 * Reads a vocabulary of words: one a line, none empty, none twice.
 * @param {Uint8Array} data
 * @param {string} name what errors call it
 * @throws {ModelError} it is malformed
 */
export function readWords(data, name) {
  const words = lines(data, name);
  if (words.pop() !== "") throw cutShort(name);
  /** @type {Map<string, number>} */
  const firstLine = new Map();
  for (const [i, word] of words.entries()) {
    if (word === "" || countCodePoints(word) > MAX_WORD) {
      throw new ModelError(`${name}, line ${i + 1}: a word has 1 to ${MAX_WORD} characters`);
    }
    const first = firstLine.get(word);
    if (first !== undefined) {
      throw new ModelError(`${name}, line ${i + 1}: the word of line ${first} again`);
    }
    firstLine.set(word, i + 1);
  }
  return words;
}

/**
 * Reads a vocabulary of subwords, in the format of TensorFlow Datasets' `SubwordTextEncoder`.
 * @param {Uint8Array} data
 * @param {string} name what errors call it
 * @throws {ModelError} it is malformed
 */
export function readSubwords(data, name) {
  const [header, metadata, ...subwords] = lines(data, name);
  if (header !== HEADER || !metadata?.startsWith(METADATA)) {
    throw new ModelError(`${name}: not a SubwordTextEncoder file: line 1 must be '${HEADER}'`);
  }
  if ((subwords.length ? subwords.pop() : metadata) !== "") throw cutShort(name);
  for (const [i, line] of subwords.entries()) {
    if (line.length < 2 || line[0] !== "'" || !line.endsWith("'")) {
      throw new ModelError(`${name}, line ${i + 3}: a subword must be in single quotes`);
    }
  }
  return subwords.filter((line) => line.length > 2).map((line) => line.slice(1, -1));
}

/**
 * @param {Uint8Array} data
 * @param {string} name
 */
function lines(data, name) {
  try {
    return decodeUtf8(data).split("\n");
  } catch (error) {
    if (!(error instanceof Utf8Error)) throw error;
    throw new ModelError(`${name}, line ${firstBadLine(data)}: not UTF-8`);
  }
}

/** @param {Uint8Array} data */
function firstBadLine(data) {
  let start = 0;
  for (let number = 1; ; number++) {
    const found = data.indexOf(LINE_FEED, start);
    const end = found < 0 ? data.length : found;
    try {
      decodeUtf8(data.subarray(start, end));
    } catch {
      return number;
    }
    start = end + 1;
  }
}

/** @param {string} name */
function cutShort(name) {
  return new ModelError(`${name}: cut short: the last line has no end`);
}
