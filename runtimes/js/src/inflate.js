// Deflated streams, RFC 1951 and RFC 1950. The browser's own is asynchronous, and some take bytes
// behind the end of a stream.

/** A stream that is damaged, or cut short. */
export class InflateError extends Error {}

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MAX_BITS = 15;
const LENGTHS = bases(29, 4, 3);
// The longest match has a code of its own.
LENGTHS.base[28] = 258;
LENGTHS.extra[28] = 0;
const DISTANCES = bases(30, 2, 1);

/**
 * First values and extra bits of length or distance codes.
 * @param {number} count
 * @param {number} each how many codes have the same number of extra bits
 * @param {number} first
 */
function bases(count, each, first) {
  const base = new Uint16Array(count);
  const extra = new Uint8Array(count);
  for (let i = 0, next = first; i < count; i++) {
    extra[i] = Math.max(0, Math.floor(i / each) - 1);
    base[i] = next;
    next += 1 << extra[i];
  }
  return { base, extra };
}

/**
 * Decompresses a whole stream.
 * @param {Uint8Array} bytes
 * @param {boolean} wrapped whether it is a zlib stream (RFC 1950), not a bare one (RFC 1951)
 * @param {number} room how many bytes may come out
 * @returns {Uint8Array | null} null where more would come out
 * @throws {InflateError} the stream is damaged, cut short, or has bytes after it
 */
export function inflate(bytes, wrapped, room) {
  const stream = new Stream(bytes, room);
  if (wrapped) stream.header();
  if (!stream.blocks()) return null;
  if (wrapped) stream.checksum();
  if (stream.at < bytes.length) throw new InflateError("bytes behind it");
  return stream.out.slice(0, stream.size);
}

class Stream {
  /**
   * @param {Uint8Array} bytes
   * @param {number} room
   */
  constructor(bytes, room) {
    this.bytes = bytes;
    this.room = room;
    this.at = 0;
    this.bit = 0;
    this.count = 0;
    this.size = 0;
    // Grows with what comes out; what the file says about sizes is not believed.
    this.out = new Uint8Array(Math.min(room, 1 << 16));
  }

  header() {
    const [method, flags] = this.bytes;
    if (this.bytes.length < 2) throw new InflateError("it is cut short");
    if ((method & 15) !== 8 || method >> 4 > 7 || (method * 256 + flags) % 31 || flags & 32) {
      throw new InflateError("it is no zlib stream");
    }
    this.at = 2;
  }

  checksum() {
    let low = 1;
    let high = 0;
    for (let i = 0; i < this.size; ) {
      // As many as fit 32 bits before they are reduced.
      for (const end = Math.min(i + 3800, this.size); i < end; i++) high += low += this.out[i];
      low %= 65521;
      high %= 65521;
    }
    let found = 0;
    for (let i = 0; i < 4; i++) found = found * 256 + this.#byte();
    if (found !== high * 65536 + low) throw new InflateError("its checksum differs");
  }

  /** Decompresses all blocks; false where there is no room. */
  blocks() {
    let isLast = false;
    while (!isLast) {
      isLast = this.#bits(1) === 1;
      const kind = this.#bits(2);
      if (kind === 3) throw new InflateError("a block of no kind");
      if (!(kind === 0 ? this.#stored() : this.#coded(kind))) return false;
    }
    // What is left of the last byte is no whole one.
    this.bit = this.count = 0;
    return true;
  }

  #byte() {
    if (this.at >= this.bytes.length) throw new InflateError("it is cut short");
    return this.bytes[this.at++];
  }

  /** @param {number} wanted */
  #bits(wanted) {
    while (this.count < wanted) {
      this.bit |= this.#byte() << this.count;
      this.count += 8;
    }
    const found = this.bit & ((1 << wanted) - 1);
    this.bit >>>= wanted;
    this.count -= wanted;
    return found;
  }

  /** @param {number} more */
  #makeRoom(more) {
    const needed = this.size + more;
    if (needed > this.room) return false;
    if (needed > this.out.length) {
      const grown = new Uint8Array(Math.min(this.room, Math.max(needed, 2 * this.out.length)));
      grown.set(this.out.subarray(0, this.size));
      this.out = grown;
    }
    return true;
  }

  #stored() {
    this.bit = this.count = 0;
    const length = this.#byte() | (this.#byte() << 8);
    const inverse = this.#byte() | (this.#byte() << 8);
    if (length !== (inverse ^ 0xffff)) throw new InflateError("a block of another length");
    if (length > this.bytes.length - this.at) throw new InflateError("it is cut short");
    if (!this.#makeRoom(length)) return false;
    this.out.set(this.bytes.subarray(this.at, this.at + length), this.size);
    this.at += length;
    this.size += length;
    return true;
  }

  /** @param {number} kind */
  #coded(kind) {
    const [literals, distances] = kind === 1 ? fixed() : this.#codes();
    while (true) {
      const symbol = this.#symbol(literals);
      if (symbol === 256) return true;
      if (symbol < 256) {
        if (!this.#makeRoom(1)) return false;
        this.out[this.size++] = symbol;
        continue;
      }
      const length = this.#value(LENGTHS, symbol - 257);
      const distance = this.#value(DISTANCES, this.#symbol(distances));
      if (distance > this.size) throw new InflateError("a match before its start");
      if (!this.#makeRoom(length)) return false;
      for (let i = 0; i < length; i++, this.size++) {
        this.out[this.size] = this.out[this.size - distance];
      }
    }
  }

  /**
   * @param {ReturnType<typeof bases>} table
   * @param {number} place
   */
  #value(table, place) {
    if (place >= table.base.length) throw new InflateError("a code of no meaning");
    return table.base[place] + this.#bits(table.extra[place]);
  }

  /** Reads the codes of a block that has its own. */
  #codes() {
    const literals = this.#bits(5) + 257;
    const distances = this.#bits(5) + 1;
    const given = this.#bits(4) + 4;
    const first = new Uint8Array(19);
    for (let i = 0; i < given; i++) first[ORDER[i]] = this.#bits(3);
    const code = makeCode(first);
    const lengths = new Uint8Array(literals + distances);
    for (let i = 0; i < lengths.length; ) {
      const symbol = this.#symbol(code);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) throw new InflateError("a length of nothing again");
      const again = symbol === 16 ? lengths[i - 1] : 0;
      const [bits, least] = symbol === 16 ? [2, 3] : symbol === 17 ? [3, 3] : [7, 11];
      const end = i + least + this.#bits(bits);
      if (end > lengths.length) throw new InflateError("more lengths than codes");
      lengths.fill(again, i, end);
      i = end;
    }
    if (lengths[256] === 0) throw new InflateError("a block without an end");
    return [makeCode(lengths.subarray(0, literals)), makeCode(lengths.subarray(literals))];
  }

  /**
   * @param {Code} code
   * @returns {number}
   */
  #symbol(code) {
    let value = 0;
    let first = 0;
    let place = 0;
    for (let bits = 1; bits <= MAX_BITS; bits++) {
      value |= this.#bits(1);
      const count = code.counts[bits];
      if (value - first < count) return code.symbols[place + value - first];
      place += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    throw new InflateError("a code of no meaning");
  }
}

/**
 * A canonical code: how many symbols have each number of bits, and the symbols in order.
 * @typedef {{counts: Uint16Array, symbols: Uint16Array}} Code
 */

/**
 * @param {Uint8Array} lengths bits of each symbol's code
 * @returns {Code}
 */
function makeCode(lengths) {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) counts[length]++;
  const used = lengths.length - counts[0];
  counts[0] = 0;
  let left = 1;
  const places = new Uint16Array(MAX_BITS + 2);
  for (let bits = 1; bits <= MAX_BITS; bits++) {
    left = 2 * left - counts[bits];
    if (left < 0) throw new InflateError("more codes than there are");
    places[bits + 1] = places[bits] + counts[bits];
  }
  // Of one symbol alone the code may be of one bit; none at all are distances that no match has.
  if (left > 0 && used > 1) throw new InflateError("fewer codes than there are");
  const symbols = new Uint16Array(used);
  lengths.forEach((length, symbol) => {
    if (length > 0) symbols[places[length]++] = symbol;
  });
  return { counts, symbols };
}

/** @type {Code[] | null} */
let fixedCodes = null;

function fixed() {
  if (fixedCodes === null) {
    const lengths = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280);
    fixedCodes = [makeCode(lengths.fill(8, 280)), makeCode(new Uint8Array(32).fill(5))];
  }
  return fixedCodes;
}
