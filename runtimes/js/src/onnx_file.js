import { isAttachmentName, MAX_ATTACHMENTS } from "./attachments.js";
import { ModelError } from "./errors.js";
import { inflate, InflateError } from "./inflate.js";
import { shown } from "./messages.js";
import { sha256 } from "./sha256.js";
import { decodeLatin1, decodeUtf8 } from "./utf8.js";

// An .onnx file: one `ModelProto` of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
// Attachments are entries of `metadata_props`. The graph itself is the engine's to read.

/** Fields read from one file at one go; a recurrent classifier has a few thousand. */
const MAX_FIELDS = 100_000;
const MAX_NUMBER = 2 ** 29 - 1;
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const MODEL_METADATA = 14;
const ENTRY_KEY = 1;
const ENTRY_VALUE = 2;
const PREFIX = "edgernn.";
const DEFLATED = "edgernn+deflate.";
const ORT_MARK = "ORTM";
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Bytes that are no Protocol Buffers message, or none that is read here. */
class ProtoError extends Error {}

/**
 * Takes a file apart.
 * @param {Uint8Array} bytes
 * @returns {import("./attachments.js").Container}
 * @throws {ModelError} it is broken, or its attachments are too large, have names that none may
 *   have, or are there twice
 */
export function readOnnx(bytes) {
  try {
    return takeApart(bytes);
  } catch (error) {
    if (!(error instanceof ProtoError)) throw error;
    throw new ModelError(
      `not a usable ONNX file (${error.message}); export it again or get a fresh copy`,
    );
  }
}

/** @param {Uint8Array} bytes */
function takeApart(bytes) {
  // ONNX Runtime would take the file for one of its own format, of other content.
  if (decodeLatin1(bytes.subarray(4, 8)) === ORT_MARK) {
    throw new ProtoError("two formats in one file");
  }
  /** @type {Map<string, Uint8Array>} */
  const attachments = new Map();
  const graph = [];
  const budget = { fields: MAX_FIELDS };
  let room = MAX_ATTACHMENTS;
  for (const field of fields(bytes, budget)) {
    const entry = field.number === MODEL_METADATA ? readEntry(content(field), budget) : null;
    if (entry === null) {
      graph.push(bytes.subarray(field.start, field.end));
      continue;
    }
    const { name, value, isDeflated } = entry;
    if (!isAttachmentName(name)) {
      throw new ProtoError(`attachment name ${shown(name.slice(0, 80))} is not allowed`);
    }
    if (attachments.has(name)) throw new ProtoError(`attachment ${shown(name)} appears twice`);
    const unpacked = isDeflated ? unpack(value, room) : value.length <= room ? value : null;
    if (unpacked === null) {
      throw new ProtoError(`more than ${MAX_ATTACHMENTS} bytes of attachments`);
    }
    attachments.set(name, unpacked);
    room -= unpacked.length;
  }
  if (graph.length === 0) throw new ProtoError("no graph inside");
  return { attachments, graphSha256: sha256(...graph) };
}

/**
 * Returns the attachment that an entry is; null where it is none.
 * @param {Uint8Array} bytes
 * @param {{fields: number}} budget
 */
function readEntry(bytes, budget) {
  let key = null;
  let value = null;
  for (const field of fields(bytes, budget)) {
    if (field.number === ENTRY_KEY && key === null) key = text(field);
    else if (field.number === ENTRY_VALUE && value === null) value = content(field);
    else if (field.number === ENTRY_KEY || field.number === ENTRY_VALUE) {
      throw new ProtoError("a metadata entry with two keys or two values");
    }
  }
  const prefix = [PREFIX, DEFLATED].find((one) => key?.startsWith(one));
  if (key === null || prefix === undefined) return null;
  return {
    name: key.slice(prefix.length),
    value: value ?? new Uint8Array(0),
    isDeflated: prefix === DEFLATED,
  };
}

/**
 * @param {Uint8Array} value
 * @param {number} room
 */
function unpack(value, room) {
  const written = decodeLatin1(value);
  if (!BASE64.test(written)) throw new ProtoError("a compressed attachment is damaged: not base64");
  const stream = Uint8Array.from(atob(written), (one) => one.charCodeAt(0));
  try {
    return inflate(stream, true, room);
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    throw new ProtoError(`a compressed attachment is damaged: ${error.message}`);
  }
}

/**
 * A field of a message: where it stands, and its content where it is length-delimited.
 * @typedef {{number: number, start: number, end: number, content: Uint8Array | null}} Field
 */

/**
 * Goes through the fields of a message in the order of the bytes, without copying
 * (https://protobuf.dev/programming-guides/encoding/). Every length is checked against what is
 * there, numbers have one spelling, groups are refused.
 * @param {Uint8Array} bytes
 * @param {{fields: number}} budget how many more may be read, shared by all messages of a file
 * @returns {Generator<Field>}
 */
function* fields(bytes, budget) {
  const reader = { bytes, at: 0 };
  while (reader.at < bytes.length) {
    if (--budget.fields < 0) throw new ProtoError("more fields than any model of this kind needs");
    const start = reader.at;
    const tag = varint(reader);
    const number = Math.floor(tag / 8);
    if (number < 1 || number > MAX_NUMBER) {
      throw new ProtoError(`field number ${number} at byte ${start}`);
    }
    const type = tag % 8;
    if (type === VARINT) {
      varint(reader);
      yield { number, start, end: reader.at, content: null };
      continue;
    }
    const sizes = new Map([[FIXED64, 8], [FIXED32, 4]]);
    const length = type === BYTES ? varint(reader) : sizes.get(type);
    if (length === undefined) throw new ProtoError(`wire type ${type} at byte ${start}`);
    if (length > bytes.length - reader.at) {
      throw new ProtoError(`field ${number} at byte ${start} is cut off`);
    }
    const from = reader.at;
    reader.at += length;
    const inside = type === BYTES ? bytes.subarray(from, reader.at) : null;
    yield { number, start, end: reader.at, content: inside };
  }
}

/**
 * Reads a number, of which those above 2^53 are rounded: none of these is one that is looked for.
 * @param {{bytes: Uint8Array, at: number}} reader
 */
function varint(reader) {
  const start = reader.at;
  let found = 0;
  for (let index = 0; index < 10; index++) {
    if (reader.at >= reader.bytes.length) {
      throw new ProtoError(`cut off inside a number at byte ${start}`);
    }
    const byte = reader.bytes[reader.at++];
    found += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) {
      if (byte === 0 && index > 0) throw new ProtoError(`overlong number at byte ${start}`);
      if (index === 9 && byte > 1) break;
      return found;
    }
  }
  throw new ProtoError(`number of more than 64 bits at byte ${start}`);
}

/** @param {Field} field */
function content(field) {
  if (field.content === null) throw new ProtoError(`field ${field.number} is not length-delimited`);
  return field.content;
}

/** @param {Field} field */
function text(field) {
  try {
    return decodeUtf8(content(field));
  } catch (error) {
    if (error instanceof ProtoError) throw error;
    throw new ProtoError(`field ${field.number} is not UTF-8 text`);
  }
}
