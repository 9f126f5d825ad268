import { confidence, given } from "./decision.js";
import { ModelError, TextError } from "./errors.js";
import { oneLine } from "./messages.js";
import { verifying } from "./verification.js";

/** Ids of a call of the engine. */
const BATCH_IDS = 1 << 14;
/** How far an engine's sigmoid may lie outside 0 to 1. */
const ROUNDING = 1e-5;
/** How far the sum of a text's probabilities may lie from 1, where it gets one label of several. */
const SUM_ROUNDING = 1e-3;

/**
 * What the model says of one text.
 * @typedef {object} Score
 * @property {string | null} label the label given, of several the likeliest; null where there is a
 *   `reason`, and where the model gives no label
 * @property {string[]} given all labels given, in the model's order
 * @property {number | null} confidence probability of the likeliest label; null where there is a
 *   `reason`
 * @property {number | null} probability of the second label, where a text has one of two
 * @property {number[] | null} probabilities one for each label of the model; null where there is a
 *   `reason`
 * @property {number} tokens how many ids the text became, padding of the contract included
 * @property {string | null} reason why the text cannot be scored; null where it is
 */

/**
 * What waits for an engine: it yields the ids of texts that may be scored together, is given each
 * one's probabilities, and returns what was asked for.
 * @template T
 * @typedef {Generator<Int32Array[], T, number[][]>} Question
 */

/** A model file and all that an engine's probabilities become. */
export class Model {
  #file;

  /**
   * @param {import("./model_file.js").ModelFile} file
   * @param {string} name what errors call the file
   */
  constructor(file, name) {
    const { contract } = file;
    this.#file = file;
    /** What errors call the file. */
    this.name = name;
    /** `onnx` or `tflite`. */
    this.format = file.format;
    /** Bytes of the file. */
    this.size = file.size;
    /** SHA-256 of the file, in lower-case hexadecimal. */
    this.sha256 = file.sha256;
    /** All labels of the model, in its order. */
    this.labels = contract.labels;
    /** How probabilities become labels: `threshold`, `largest` or `each`. */
    this.decision = contract.decision;
    /** The most tokens that it looks at. */
    this.maxLength = contract.maxLength;
    /** What the model is: recipe, precision, training figures, versions. */
    this.card = file.card;
    /** The card for people, Markdown; empty where the file has none. */
    this.page = file.page;
    /** Whether the file carries texts to verify itself with. */
    this.hasGolden = file.golden !== null;
  }

  /**
   * Returns the ids of a text, cut and padded.
   * @param {string} text
   * @throws {TextError} the text is empty, or no token is left of it
   */
  encode(text) {
    return this.#file.encoder.encode(text);
  }

  /**
   * Counts the tokens of a text before it is cut or padded.
   * @param {string} text
   */
  countTokens(text) {
    return this.#file.encoder.countTokens(text);
  }

  /**
   * Asks for the scores of texts, in their order.
   * @param {readonly string[]} texts
   * @returns {Question<Score[]>}
   * @protected
   */
  *scoring(texts) {
    const found = /** @type {Score[]} */ (new Array(texts.length));
    /** @type {Int32Array[]} */
    let batch = [];
    /** @type {number[]} */
    let places = [];
    let ids = 0;
    for (const [place, text] of texts.entries()) {
      try {
        batch.push(this.encode(text));
        places.push(place);
        ids += batch[batch.length - 1].length;
      } catch (error) {
        if (!(error instanceof TextError)) throw error;
        found[place] = unscored(error.message);
      }
      if (batch.length === 0 || (ids < BATCH_IDS && place + 1 < texts.length)) continue;
      const probabilities = yield batch;
      for (const [i, scored] of places.entries()) {
        found[scored] = this.#scored(probabilities[i], batch[i].length);
      }
      [batch, places, ids] = [[], [], 0];
    }
    return found;
  }

  /**
   * Asks for the scores of the texts that the file carries, and compares with what it gave when it
   * was exported.
   * @returns {Question<import("./verification.js").Verified>}
   * @protected
   */
  verifying() {
    return verifying(this.name, this.#file);
  }

  /**
   * Returns the probability of each label, of what a graph gave for a text.
   * @param {Float32Array} found
   * @throws {ModelError} these are no probabilities
   * @protected
   */
  checked(found) {
    const isStrange = (/** @type {number} */ one) => !(one >= -ROUNDING && one <= 1 + ROUNDING);
    const strange = found.find(isStrange);
    if (strange !== undefined) {
      throw this.#refused(`${strange} for a text, which is not a probability`);
    }
    const sum = found.reduce((total, one) => total + one, 0);
    if (this.decision === "largest" && Math.abs(sum - 1) > SUM_ROUNDING) {
      throw this.#refused(`probabilities for a text that add up to ${sum.toPrecision(4)}, not to 1`);
    }
    const all = Array.from(found, (one) => Math.min(Math.max(one, 0), 1));
    return this.decision === "threshold" ? [1 - all[0], all[0]] : all;
  }

  /** @param {string} what */
  #refused(what) {
    return new ModelError(
      `${oneLine(this.name)}: the graph gave ${what}: export it again or get a fresh copy`,
    );
  }

  /**
   * @param {number[]} probabilities
   * @param {number} tokens
   * @returns {Score}
   */
  #scored(probabilities, tokens) {
    const { contract } = this.#file;
    const numbers = given(contract, probabilities);
    const [likeliest] = [...numbers].sort((a, b) => probabilities[b] - probabilities[a]);
    return {
      label: likeliest === undefined ? null : contract.labels[likeliest],
      given: numbers.map((number) => contract.labels[number]),
      confidence: confidence(contract, probabilities),
      probability: contract.decision === "threshold" ? probabilities[1] : null,
      probabilities,
      tokens,
      reason: null,
    };
  }
}

/**
 * @param {string} reason
 * @returns {Score}
 */
function unscored(reason) {
  return {
    ...{ label: null, given: [], confidence: null, probability: null, probabilities: null },
    ...{ tokens: 0, reason },
  };
}
