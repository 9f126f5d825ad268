import { ModelError, TextError } from "../errors.js";
import { sha256 } from "../sha256.js";
import { isBlank, Normalizer } from "./normalizer.js";
import { SubwordTokenizer } from "./subwords.js";
import { readSubwords, readWords } from "./vocabulary.js";
import { WordTokenizer } from "./words.js";

const DIGITS_SHOWN = 12;
const MOST_SUBWORDS = 2 ** 16;
const MOST_WORDS = 2 ** 19;
const LINE_FEED = 10;

/** Text to ids by a contract and its vocabulary. */
export class TextEncoder {
  #normalizer;
  #tokenizer;

  /**
   * Joins a contract with its vocabulary file.
   * @param {import("../contract.js").Contract} contract
   * @param {Uint8Array} vocabulary
   * @throws {ModelError} the vocabulary is another one, malformed, or larger than any in use
   */
  constructor(contract, vocabulary) {
    this.contract = contract;
    checkSize(contract, vocabulary);
    const name = contract.vocabularyFile;
    const digest = sha256(vocabulary);
    if (digest !== contract.vocabularySha256) {
      throw new ModelError(
        `vocabulary ${name}: SHA-256 is ${digest.slice(0, DIGITS_SHOWN)}…, the contract says ` +
          `${contract.vocabularySha256.slice(0, DIGITS_SHOWN)}…: the file was altered`,
      );
    }
    this.#normalizer = new Normalizer(contract);
    this.#tokenizer = contract.hasSubwords
      ? new SubwordTokenizer(readSubwords(vocabulary, name))
      : new WordTokenizer(contract, readWords(vocabulary, name));
    if (this.#tokenizer.size !== contract.vocabularySize) {
      throw new ModelError(
        `vocabulary ${name} has ${this.#tokenizer.size} ids, the contract says ` +
          `${contract.vocabularySize}`,
      );
    }
  }

  /**
   * Returns the ids of a text, cut and padded: at least one, at most `contract.maxLength`.
   * @param {string} text
   * @throws {TextError} the text is empty, or no token is left of it
   */
  encode(text) {
    if (isBlank(text)) throw new TextError("the text is empty");
    const ids = this.ids(text);
    if (ids.length === 0) throw new TextError("no token is left of the text");
    return ids;
  }

  /**
   * Returns the ids of any text, none where no token is left.
   * @param {string} text
   */
  ids(text) {
    const { maxLength, cutsEnd, padding, paddingId } = this.contract;
    const found = this.#allIds(text);
    const count = Math.min(found.length, maxLength);
    const kept = cutsEnd ? found.slice(0, count) : found.slice(found.length - count);
    if (count === 0 || padding === "none") return Int32Array.from(kept);
    const padded = new Int32Array(maxLength).fill(paddingId);
    padded.set(kept, padding === "start" ? maxLength - count : 0);
    return padded;
  }

  /**
   * Counts the tokens of a text before it is cut or padded.
   * @param {string} text
   */
  countTokens(text) {
    return this.#allIds(text).length;
  }

  /** @param {string} text */
  #allIds(text) {
    const found = this.#tokenizer.encode(this.#normalizer.normalize(text));
    if (this.contract.startId !== null) found.unshift(this.contract.startId);
    return found;
  }
}

/**
 * Refuses a vocabulary that is larger than any in use before it is taken apart.
 * @param {import("../contract.js").Contract} contract
 * @param {Uint8Array} vocabulary
 */
function checkSize(contract, vocabulary) {
  const most = contract.hasSubwords ? MOST_SUBWORDS : MOST_WORDS;
  const tokenizer = contract.hasSubwords ? "subwords" : "words";
  if (contract.vocabularySize > most) {
    throw new ModelError(
      `text contract: vocabulary_size ${contract.vocabularySize} is over ${most}, the most that ` +
        `tokenizer '${tokenizer}' is read with`,
    );
  }
  // A subword file has two lines more than subwords, a word file has as many as words.
  let lines = 0;
  for (const byte of vocabulary) if (byte === LINE_FEED) lines++;
  if (lines > contract.vocabularySize + 2) {
    throw new ModelError(
      `vocabulary ${contract.vocabularyFile} has ${lines} lines, the contract says ` +
        `${contract.vocabularySize} ids`,
    );
  }
}
