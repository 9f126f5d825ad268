import { given } from "./decision.js";
import { ModelError, TextError } from "./errors.js";
import { oneLine } from "./messages.js";

const SHOWN = 40;

/**
 * What became of a file's golden vectors.
 * @typedef {object} Verified
 * @property {boolean} passed whether the runtime has proved itself
 * @property {number} vectors how many there are
 * @property {string[]} failures one line for each vector that is not as the file says
 * @property {number} largestDifference of a probability from its vector's, whichever label's
 * @property {number} tolerance the distance that the file allows
 */

/**
 * Encodes and scores every golden vector, first in their order and then backwards: a runtime in
 * which a score depends on what was scored before differs in one. A group is scored in one call.
 * @param {string} called what errors call the file
 * @param {import("./model_file.js").ModelFile} file
 * @returns {import("./model.js").Question<Verified>}
 * @throws {ModelError} the file carries no golden vectors with a probability
 */
export function* verifying(called, file) {
  const { golden, contract } = file;
  const name = oneLine(called);
  if (golden === null) throw new ModelError(`${name}: carries no golden vectors: export it again`);
  const { vectors, batch, tolerance } = golden;
  if (vectors.every((vector) => vector.probabilities === null)) {
    throw new ModelError(`${name}: none of its golden vectors has a probability: export it again`);
  }
  const worst = new Float64Array(vectors.length);
  const flips = new Array(vectors.length).fill(false);
  const compare = (/** @type {number} */ i, /** @type {number[]} */ found) => {
    const expected = /** @type {number[]} */ (vectors[i].probabilities);
    for (const [label, probability] of found.entries()) {
      worst[i] = Math.max(worst[i], Math.abs(probability - expected[label]));
    }
    flips[i] ||= String(given(contract, found)) !== String(given(contract, expected));
  };
  const places = [...vectors.keys()].filter((i) => vectors[i].probabilities !== null);
  for (const i of [...places, ...[...places].reverse()]) {
    compare(i, (yield [vectors[i].ids])[0]);
  }
  const together = batch.length > 0 ? yield batch.map((i) => vectors[i].ids) : [];
  for (const [row, i] of batch.entries()) compare(i, together[row]);
  const failures = vectors.flatMap((vector, i) => {
    const problems = [];
    if (!encodesAsBefore(file.encoder, vector)) problems.push("other ids");
    if (worst[i] > tolerance) problems.push(`${worst[i].toPrecision(2)} off`);
    if (flips[i]) problems.push("the label flips");
    const text = oneLine(vector.text.slice(0, SHOWN));
    return problems.length ? [`vector ${i + 1}, "${text}": ${problems.join(", ")}`] : [];
  });
  return {
    passed: failures.length === 0,
    vectors: vectors.length,
    failures,
    largestDifference: Math.max(...worst),
    tolerance,
  };
}

/**
 * @param {import("./text/encoder.js").TextEncoder} encoder
 * @param {import("./golden.js").GoldenVector} vector
 */
function encodesAsBefore(encoder, vector) {
  const ids = encoder.ids(vector.text);
  if (ids.length !== vector.ids.length || ids.some((id, i) => id !== vector.ids[i])) return false;
  if (ids.length > 0) return true;
  try {
    encoder.encode(vector.text);
    return false;
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    return true;
  }
}
