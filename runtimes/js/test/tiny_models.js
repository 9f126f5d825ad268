import crypto from "node:crypto";
import zlib from "node:zlib";

import { encodeUtf8 } from "../src/utf8.js";

/** Model files of a few kilobytes, whole but for the graph: nothing that runs. */

const WORDS = ["film", "not", "good", "isn't", "été", "the"];

export const sha256 = (bytes) => crypto.createHash("sha256").update(bytes).digest("hex");
export const join = (...parts) => 
  new Uint8Array(Buffer.concat(parts.map((part) => Array.isArray(part) ? Buffer.from(part) : part)));

/** The attachments of a file of six words, without checksums. */
export function attachments(changes = {}) {
  const vocabulary = encodeUtf8(WORDS.map((word) => `${word}\n`).join(""));
  const contract = {
    vocabulary_sha256: sha256(vocabulary), vocabulary_size: WORDS.length + 2, max_length: 40,
    cut: "start", version: 1, unicode_form: "NFC", html_breaks: "space",
    control_characters: "space", case: "lower", tokenizer: "words", separators: ",.!?",
    word_characters: "", stop_words: ["a"], first_word_id: 2, unknown_id: 1, start_id: null,
    vocabulary_file: "vocabulary.words", padding: "none", padding_id: 0,
    labels: ["bad", "good"], threshold: 0.5, ...changes,
  };
  const golden = {
    tolerance: 0.0001,
    vectors: [
      { text: "A good film!", ids: [4, 2], probability: 0.75 },
      { text: "not good", ids: [3, 4], probability: 0.25 },
      { text: "a", ids: [], probability: null },
    ],
  };
  return new Map(Object.entries({
    "contract.json": encodeUtf8(JSON.stringify(contract)),
    "vocabulary.words": vocabulary,
    "card.json": encodeUtf8('{"recipe": "tiny", "training": {"epochs": 1}}'),
    "card.md": encodeUtf8("# Tiny\n"),
    "golden.json": encodeUtf8(JSON.stringify(golden)),
  }));
}

/** Attachments, and the checksums of them and a graph. */
export function withSums(given, graph) {
  const lines = [["(graph)", graph], ...given].map(([name, one]) => `${sha256(one)}  ${name}\n`);
  return new Map([...given, ["SHA256SUMS", encodeUtf8(lines.sort().join(""))]]);
}

/** A length-delimited field of Protocol Buffers. */
export function field(number, value) {
  return join(Uint8Array.of(...varint(number * 8 + 2), ...varint(value.length)), value);
}

function varint(value) {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

export function entry(name, content, isDeflated) {
  const key = encodeUtf8(`edgernn${isDeflated ? "+deflate" : ""}.${name}`);
  const value = isDeflated
    ? encodeUtf8(zlib.deflateSync(content).toString("base64"))
    : content;
  return field(14, join(field(1, key), field(2, value)));
}

export const ONNX_GRAPH = join(Uint8Array.of(8, 8), field(7, Uint8Array.of(16, 1)));
export const TFLITE_GRAPH = join(Uint8Array.of(28, 0, 0, 0), encodeUtf8("TFL3"), new Uint8Array(40));

/** An .onnx file; attachments above `deflateFrom` bytes are compressed. */
export function onnx(given = attachments(), { sums = true, deflateFrom = 100 } = {}) {
  const all = sums ? withSums(given, ONNX_GRAPH) : given;
  const entries = [...all].map(([name, one]) => entry(name, one, one.length > deflateFrom));
  return join(ONNX_GRAPH, ...entries);
}

/** A .tflite file; attachments above `deflateFrom` bytes are compressed. */
export function tflite(given = attachments(), { sums = true, deflateFrom = 100 } = {}) {
  const all = sums ? withSums(given, TFLITE_GRAPH) : given;
  return join(TFLITE_GRAPH, archive(all, TFLITE_GRAPH.length, deflateFrom));
}

/** A ZIP archive behind so many bytes. */
export function archive(files, behind, deflateFrom = 100) {
  const local = [];
  const directory = [];
  let offset = behind;
  for (const [name, content] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isDeflated = content.length > deflateFrom;
    const stored = isDeflated ? zlib.deflateRawSync(content) : content;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(isDeflated ? 8 : 0, 4);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(stored.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const more = Buffer.alloc(14);
    more.writeUInt32LE((0o100644 << 16) >>> 0, 6);
    more.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\u0001\u0002\u0014\u0003", "latin1"), common, more, Buffer.from(name));
    const parts = [Buffer.from("PK\u0003\u0004", "latin1"), common, Buffer.from(name), stored];
    local.push(...parts);
    offset += parts.reduce((size, part) => size + part.length, 0);
  }
  const entries = join(...directory);
  const end = Buffer.alloc(22);
  end.write("PK\u0005\u0006", "latin1");
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return join(...local, entries, end);
}

/** Bit by bit, as ISO 3309 has it. */
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** Numbers that are the same in each run: xorshift of Marsaglia (2003). */
export function chance(seed) {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}
