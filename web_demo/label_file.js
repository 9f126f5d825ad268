import { RowReader, RowsError, written } from "./delimited.js";

export { look } from "./delimited.js";
export { openResult } from "./result_file.js";

const LOOKED_AT = 1 << 16;
const BATCH = 256;
const PART = 1 << 20;

/**
 * Labels a file row by row: each row as it was, with the label and its probability behind.
 * @param {File} file
 * @param {import("./edgernn/background.js").BackgroundClassifier} model
 * @param {{delimiter: string, column: number, hasHeader: boolean}} form
 * @param {import("./result_file.js").Result} result what takes the rows
 * @param {(done: {share: number, rows: number}) => boolean} progress returns whether to go on
 * @returns {Promise<{rows: number, unlabelled: number} | null>} null where it stopped
 */
export async function labelFile(file, model, form, result, progress) {
  const { delimiter, column } = form;
  const reader = new RowReader(delimiter);
  let out = "";
  let [rows, unlabelled, read] = [0, 0, 0];
  let isFirst = true;
  /** @type {{raw: string, cells: string[]}[]} */
  let waiting = [];
  /** The rows before, which are scored while these are read. @type {Promise<any> | null} */
  let scoring = null;

  const add = (/** @type {string} */ raw, /** @type {string[]} */ more) => {
    out += [raw, ...more.map((cell) => written(cell, delimiter))].join(delimiter) + "\n";
  };
  const settle = async () => {
    if (scoring === null) return true;
    const { batch, scores } = await scoring;
    scoring = null;
    for (const [i, { label, given, confidence, reason }] of scores.entries()) {
      const named = model.decision === "each" ? given.join("|") : (label ?? "");
      if (named === "") unlabelled++;
      add(batch[i].raw, [named, confidence?.toFixed(4) ?? "", reason ?? ""]);
    }
    rows += batch.length;
    if (out.length >= PART) {
      await result.write(out);
      out = "";
    }
    return progress({ share: read / file.size, rows });
  };
  const flush = async () => {
    const goesOn = await settle();
    const batch = waiting;
    waiting = [];
    const texts = batch.map(({ cells }) => cells[column] ?? "");
    scoring = model.score(texts).then((scores) => ({ batch, scores }));
    // Who awaits it hears of an error; until then it is nobody's.
    scoring.catch(() => undefined);
    return goesOn;
  };
  const take = async (/** @type {string} */ piece, /** @type {boolean} */ isLast) => {
    for (const row of reader.read(piece, isLast)) {
      if (isFirst && form.hasHeader) add(row.raw, ["label", "confidence", "reason"]);
      else waiting.push(row);
      isFirst = false;
      if (waiting.length === BATCH && !(await flush())) return false;
    }
    return true;
  };

  const decoder = new TextDecoder("utf-8", { fatal: true });
  const stream = file.stream().getReader();
  try {
    while (true) {
      const { done, value } = await stream.read();
      if (done) break;
      read += value.length;
      if (!(await take(decoded(decoder, value), false))) return null;
    }
    if (!(await take(decoded(decoder), true)) || !(await flush()) || !(await settle())) return null;
  } finally {
    await stream.cancel();
  }
  await result.write(out);
  return { rows, unlabelled };
}

/**
 * Returns the beginning of a file as text, and whether that is all of it.
 * @param {File} file
 * @returns {Promise<[string, boolean]>}
 */
export async function beginningOf(file) {
  const bytes = new Uint8Array(await file.slice(0, LOOKED_AT).arrayBuffer());
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const isWhole = file.size <= LOOKED_AT;
  return [decoded(decoder, bytes) + (isWhole ? decoded(decoder) : ""), isWhole];
}

/**
 * @param {TextDecoder} decoder
 * @param {Uint8Array} [bytes] none at the end
 */
function decoded(decoder, bytes) {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw new RowsError("it is not UTF-8: save it as CSV in UTF-8");
  }
}
