import { isAttachmentName, MAX_ATTACHMENTS } from "./attachments.js";
import { ModelError } from "./errors.js";
import { inflate, InflateError } from "./inflate.js";
import { shown } from "./messages.js";
import { sha256 } from "./sha256.js";
import { decodeLatin1 } from "./utf8.js";

// A .tflite file: a flatbuffer, which is the engine's to read, and behind it a ZIP archive
// (APPNOTE.TXT of PKWARE) of the attachments, whose offsets count from the start of the file.

const IDENTIFIER = "TFL3";
const END_MARK = 0x06054b50;
const END_SIZE = 22;
const ENTRY_MARK = 0x02014b50;
const ENTRY_SIZE = 46;
const HEADER_MARK = 0x04034b50;
const HEADER_SIZE = 30;
const ZIP64_MARK = 0x07064b50;
const ZIP64_SIZE = 20;
const SAME_SIZE = 22;
const MAX_FILES = 64;
const ENCRYPTED = 0x41;
const STORED = 0;
const DEFLATED = 8;

/** An archive that is not read. */
class ZipError extends Error {}

/**
 * Tells whether bytes say that they are a TFLite flatbuffer.
 * @param {Uint8Array} bytes
 */
export function isTflite(bytes) {
  return decodeLatin1(bytes.subarray(4, 8)) === IDENTIFIER;
}

/**
 * Takes a file apart.
 * @param {Uint8Array} bytes
 * @returns {import("./attachments.js").Container}
 * @throws {ModelError} its attachments are broken, too many, too large, encrypted, have names that
 *   none may have, or are there twice
 */
export function readTflite(bytes) {
  const archive = new Archive(bytes);
  try {
    archive.read();
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw new ModelError(
      `cannot read the attachments at its end (${error.message}); export it again or get a ` +
        "fresh copy",
    );
  }
  const graph = bytes.subarray(0, archive.graphEnd);
  return { attachments: archive.attachments, graphSha256: sha256(graph) };
}

class Archive {
  /** @type {Map<string, Uint8Array>} */
  attachments = new Map();
  #room = MAX_ATTACHMENTS;
  #bytes;
  #view;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.graphEnd = bytes.length;
  }

  /** Reads the archive, if the file ends with one. */
  read() {
    const end = this.#bytes.length - END_SIZE;
    if (end < 0 || this.#uint32(end) !== END_MARK || this.#uint16(end + 20) !== 0) return;
    if (end >= ZIP64_SIZE && this.#uint32(end - ZIP64_SIZE) === ZIP64_MARK) {
      throw new ZipError("ZIP64 archives are not read");
    }
    const entries = this.#uint16(end + 10);
    if (this.#uint16(end + 4) || this.#uint16(end + 6) || this.#uint16(end + 8) !== entries) {
      throw new ZipError("archives in several parts are not read");
    }
    if (entries > MAX_FILES) throw new ZipError(`more than ${MAX_FILES} files`);
    const directory = this.#uint32(end + 16);
    if (directory > end || this.#uint32(end + 12) !== end - directory) {
      throw new ZipError("its directory is elsewhere");
    }
    this.graphEnd = directory;
    let at = directory;
    for (let i = 0; i < entries; i++) at += this.#readEntry(at, directory, end);
    if (at !== end) throw new ZipError("bytes behind its directory");
  }

  /**
   * Reads the file that a directory entry names; returns the entry's size.
   * @param {number} at
   * @param {number} directory
   * @param {number} end
   */
  #readEntry(at, directory, end) {
    if (at > end - ENTRY_SIZE || this.#uint32(at) !== ENTRY_MARK) {
      throw new ZipError("a broken directory");
    }
    const nameSize = this.#uint16(at + 28);
    const entrySize = ENTRY_SIZE + nameSize + this.#uint16(at + 30) + this.#uint16(at + 32);
    if (entrySize > end - at) throw new ZipError("a broken directory");
    const name = this.#name(at + ENTRY_SIZE, nameSize);
    if (!isAttachmentName(name)) {
      throw new ZipError(`file name ${shown(name.slice(0, 80))} is not allowed`);
    }
    if (this.attachments.has(name)) throw new ZipError(`${shown(name)} appears twice`);
    if (this.#uint16(at + 8) & ENCRYPTED) throw new ZipError(`${shown(name)} is encrypted`);
    if (this.#uint16(at + 34)) throw new ZipError("archives in several parts are not read");
    const header = this.#uint32(at + 42);
    if (header > directory - HEADER_SIZE || this.#uint32(header) !== HEADER_MARK) {
      throw new ZipError(`${shown(name)} is not where the directory says`);
    }
    const start = header + HEADER_SIZE + this.#uint16(header + 26) + this.#uint16(header + 28);
    const stored = this.#uint32(at + 20);
    if (start > directory || stored > directory - start) {
      throw new ZipError(`${shown(name)} is cut off`);
    }
    // Flags, method, time, CRC-32, both sizes and the name's, as in the directory.
    for (let i = 0; i < SAME_SIZE; i++) {
      if (this.#bytes[at + 8 + i] !== this.#bytes[header + 6 + i]) this.#isAnother(name);
    }
    if (this.#name(header + HEADER_SIZE, nameSize) !== name) this.#isAnother(name);
    const content = this.#content(name, this.#uint16(at + 10), start, stored);
    if (content.length !== this.#uint32(at + 24)) {
      throw new ZipError(`${shown(name)} has a different size than it declares`);
    }
    if (crc32(content) !== this.#uint32(at + 16)) throw new ZipError(`${shown(name)} is damaged`);
    this.attachments.set(name, content);
    this.#room -= content.length;
    this.graphEnd = Math.min(this.graphEnd, header);
    return entrySize;
  }

  /**
   * @param {string} name
   * @param {number} method
   * @param {number} start
   * @param {number} stored
   */
  #content(name, method, start, stored) {
    const bytes = this.#bytes.subarray(start, start + stored);
    let content = null;
    if (method === STORED) {
      if (stored <= this.#room) content = bytes;
    } else if (method === DEFLATED) {
      try {
        content = inflate(bytes, false, this.#room);
      } catch (error) {
        if (!(error instanceof InflateError)) throw error;
        throw new ZipError(`${shown(name)} is damaged: ${error.message}`);
      }
    } else {
      throw new ZipError(`${shown(name)} is compressed in an unknown way`);
    }
    if (content === null) throw new ZipError(`more than ${MAX_ATTACHMENTS} bytes`);
    return content;
  }

  /**
   * @param {string} name
   * @returns {never}
   */
  #isAnother(name) {
    throw new ZipError(`${shown(name)} is another file than the directory says`);
  }

  /**
   * @param {number} at
   * @param {number} size
   */
  #name(at, size) {
    return decodeLatin1(this.#bytes.subarray(at, at + size));
  }

  /** @param {number} at */
  #uint16(at) {
    return this.#view.getUint16(at, true);
  }

  /** @param {number} at */
  #uint32(at) {
    return this.#view.getUint32(at, true);
  }
}

/** @type {Uint32Array | null} */
let crcTable = null;

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, value) => {
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
  let crc = -1;
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff];
  return ~crc >>> 0;
}
