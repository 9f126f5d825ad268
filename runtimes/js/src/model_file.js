import { checkSums } from "./checksums.js";
import { Contract } from "./contract.js";
import { ModelError } from "./errors.js";
import { GOLDEN, GOLDEN_BATCH, readGolden } from "./golden.js";
import { JsonError, parseJson, plain } from "./json.js";
import { readOnnx } from "./onnx_file.js";
import { sha256 } from "./sha256.js";
import { TextEncoder } from "./text/encoder.js";
import { isTflite, readTflite } from "./tflite_file.js";
import { decodeUtf8, Utf8Error } from "./utf8.js";

const CONTRACT = "contract.json";
const CARD = "card.json";
const PAGE = "card.md";
const MAX_BYTES = 1 << 20;
const MAX_MODEL_BYTES = 128 << 20;

/**
 * A model file, read whole and checked; nothing of it has run, and its graph is not looked at.
 *
 * Checksums tell damage, not intent: who alters a file can write them anew. The engine is what
 * refuses a graph.
 */
export class ModelFile {
  /**
   * Reads a model file and checks its container, checksums, contract, vocabulary and sizes.
   * @param {Uint8Array} bytes the whole file
   * @throws {ModelError} it is refused; the message, one line, says why
   */
  constructor(bytes) {
    if (bytes.length > MAX_MODEL_BYTES) {
      throw new ModelError(`larger than ${MAX_MODEL_BYTES >> 20} MiB`);
    }
    // ONNX has no mark of its own.
    /** The format of the file. */
    this.format = isTflite(bytes) ? /** @type {const} */ ("tflite") : /** @type {const} */ ("onnx");
    const container = this.format === "tflite" ? readTflite(bytes) : readOnnx(bytes);
    const { attachments } = container;
    const contract = required(attachments, CONTRACT);
    const card = required(attachments, CARD);
    checkSums(container);
    for (const name of [CONTRACT, CARD, PAGE, GOLDEN, GOLDEN_BATCH]) {
      if ((attachments.get(name)?.length ?? 0) > MAX_BYTES) {
        throw new ModelError(`${name}: larger than ${MAX_BYTES >> 20} MiB`);
      }
    }
    /** The text contract. */
    this.contract = new Contract(contract);
    /** What the model is: recipe, precision, training figures, versions. */
    this.card = readCard(card);
    /** The contract joined with the vocabulary. */
    this.encoder = new TextEncoder(
      this.contract,
      required(attachments, this.contract.vocabularyFile),
    );
    const golden = attachments.get(GOLDEN);
    /** Texts with what the file gave for them; null where it carries none. */
    this.golden = golden ? readGolden(golden, attachments.get(GOLDEN_BATCH), this.contract) : null;
    /** The card for people, Markdown; empty where the file has none. */
    this.page = readPage(attachments.get(PAGE) ?? new Uint8Array(0));
    /** SHA-256 of the whole file, in lower-case hexadecimal. */
    this.sha256 = sha256(bytes);
    /** How many bytes the file has. */
    this.size = bytes.length;
  }
}

/**
 * @param {Map<string, Uint8Array>} attachments
 * @param {string} name
 */
function required(attachments, name) {
  const content = attachments.get(name);
  if (content === undefined) {
    throw new ModelError(
      `the file carries no ${name}: it was not written by \`edgernn export\``,
    );
  }
  return content;
}

/**
 * @param {Uint8Array} json
 * @returns {Record<string, any>}
 */
function readCard(json) {
  try {
    const values = parseJson(json);
    if (values instanceof Map) return plain(values);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ModelError(`${CARD}: not JSON: ${error.message}`);
  }
  throw new ModelError(`${CARD}: not a JSON object`);
}

/** @param {Uint8Array} bytes */
function readPage(bytes) {
  try {
    return decodeUtf8(bytes);
  } catch (error) {
    if (!(error instanceof Utf8Error)) throw error;
    throw new ModelError(`${PAGE}: not UTF-8`);
  }
}
