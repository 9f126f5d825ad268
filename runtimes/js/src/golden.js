import { ModelError } from "./errors.js";
import { JsonError, parseJson } from "./json.js";
import { countCodePoints, shown } from "./messages.js";

/** @typedef {import("./json.js").Json} Json */

/** The attachments' names. */
export const GOLDEN = "golden.json";
export const GOLDEN_BATCH = "golden_batch.json";

const MAX_VECTORS = 256;
const MAX_BATCH = 64;
const MAX_CHARACTERS = 2 ** 16;

/**
 * A text, and what the file made of it when it was exported; `probabilities` has one for each
 * label, and is null where `ids` is empty, an error of the text.
 * @typedef {{text: string, ids: Int32Array, probabilities: number[] | null}} GoldenVector
 */

/**
 * The golden vectors of a file, by which a runtime proves itself; `batch` has places of vectors to
 * score in one call.
 * @typedef {{tolerance: number, vectors: GoldenVector[], batch: number[]}} Golden
 */

/**
 * Reads the attachments of a file with this contract.
 * @param {Uint8Array} json
 * @param {Uint8Array | undefined} batch
 * @param {import("./contract.js").Contract} contract
 * @returns {Golden}
 * @throws {ModelError} it is no JSON, or holds what no file with the contract gives
 */
export function readGolden(json, batch, contract) {
  const values = parsed(json, GOLDEN);
  if (!hasFields(values, ["tolerance", "vectors"])) {
    throw new ModelError(`${GOLDEN}: not an object of tolerance and vectors`);
  }
  const tolerance = values.get("tolerance");
  if (typeof tolerance !== "number" || !(tolerance > 0 && tolerance < 1)) {
    throw new ModelError(`${GOLDEN}: tolerance ${shown(tolerance)} is not in (0, 1)`);
  }
  const given = values.get("vectors");
  if (!Array.isArray(given) || given.length < 1 || given.length > MAX_VECTORS) {
    throw new ModelError(`${GOLDEN}: vectors is not a list of 1 to ${MAX_VECTORS}`);
  }
  const vectors = given.map((value, i) => readVector(value, i + 1, contract));
  return { tolerance, vectors, batch: batch === undefined ? [] : readBatch(batch, vectors) };
}

/**
 * @param {Json} value
 * @param {number} number
 * @param {import("./contract.js").Contract} contract
 * @returns {GoldenVector}
 */
function readVector(value, number, contract) {
  const refused = (/** @type {string} */ what) =>
    new ModelError(`${GOLDEN}: vector ${number}: ${what}`);
  const isBinary = contract.decision === "threshold";
  const last = isBinary ? "probability" : "probabilities";
  if (!hasFields(value, ["text", "ids", last])) {
    throw refused(`not an object of ids, ${last}, text`);
  }
  const text = value.get("text");
  if (typeof text !== "string" || countCodePoints(text) > MAX_CHARACTERS) {
    throw refused(`text is not a string of at most ${MAX_CHARACTERS} characters`);
  }
  const ids = value.get("ids");
  const isId = (/** @type {Json} */ id) =>
    typeof id === "bigint" && id >= 0 && id < contract.vocabularySize;
  if (!Array.isArray(ids) || ids.length > contract.maxLength || !ids.every(isId)) {
    throw refused(
      `ids is not a list of at most ${contract.maxLength} integers in ` +
        `[0, ${contract.vocabularySize - 1}]`,
    );
  }
  const given = value.get(last);
  if ((given === null) !== (ids.length === 0)) {
    const there = isBinary ? "is a probability" : "are probabilities";
    throw refused(`there ${there} where there are ids, null where there are none`);
  }
  const vector = { text, ids: Int32Array.from(ids, Number) };
  if (given === null) return { ...vector, probabilities: null };
  if (!isBinary && (!Array.isArray(given) || given.length !== contract.outputs)) {
    throw refused(`${last} is not a list of ${contract.outputs} numbers`);
  }
  const numbers = (isBinary ? [given] : given).map((/** @type {Json} */ one) => {
    const share = typeof one === "number" || typeof one === "bigint" ? Number(one) : NaN;
    if (!(share >= 0 && share <= 1)) throw refused(`probability ${shown(one)} is not in [0, 1]`);
    return share;
  });
  return { ...vector, probabilities: isBinary ? [1 - numbers[0], numbers[0]] : numbers };
}

/**
 * @param {Uint8Array} json
 * @param {GoldenVector[]} vectors
 */
function readBatch(json, vectors) {
  const values = parsed(json, GOLDEN_BATCH);
  if (!Array.isArray(values) || values.length < 2 || values.length > MAX_BATCH) {
    throw new ModelError(`${GOLDEN_BATCH}: not a list of 2 to ${MAX_BATCH} places`);
  }
  for (const place of values) {
    if (typeof place !== "bigint" || !vectors[Number(place)]?.ids.length) {
      throw new ModelError(
        `${GOLDEN_BATCH}: ${shown(place)} is not the place of a vector that has ids`,
      );
    }
  }
  return values.map(Number);
}

/**
 * @param {Json} value
 * @param {string[]} names
 * @returns {value is Map<string, any>}
 */
function hasFields(value, names) {
  return value instanceof Map && value.size === names.length && names.every((name) => value.has(name));
}

/**
 * @param {Uint8Array} json
 * @param {string} name
 */
function parsed(json, name) {
  try {
    return parseJson(json);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ModelError(`${name}: not JSON: ${error.message}`);
  }
}
