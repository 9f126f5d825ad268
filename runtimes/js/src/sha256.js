// SHA-256 of FIPS 180-4. The browser's own is there on secure pages alone, and asynchronous.

const ROOTS = /* @__PURE__ */ new Uint32Array(64);
const START = /* @__PURE__ */ new Uint32Array(8);
{
  // Of the first primes: the fractions of their cube roots and of their square roots.
  const fraction = (/** @type {number} */ root) => Math.floor((root - Math.floor(root)) * 2 ** 32);
  let found = 0;
  for (let number = 2; found < 64; number++) {
    let isPrime = true;
    for (let by = 2; by * by <= number; by++) isPrime &&= number % by !== 0;
    if (!isPrime) continue;
    if (found < 8) START[found] = fraction(Math.sqrt(number));
    ROOTS[found++] = fraction(Math.cbrt(number));
  }
}

/**
 * Returns the SHA-256 of parts, one behind the other, in lower-case hexadecimal.
 * @param {...Uint8Array} parts
 */
export function sha256(...parts) {
  const state = START.slice();
  const words = new Uint32Array(64);
  const block = new Uint8Array(64);
  const view = new DataView(block.buffer);
  let size = 0;
  let filled = 0;
  for (const part of parts) {
    size += part.length;
    for (let at = 0; at < part.length; ) {
      const taken = Math.min(64 - filled, part.length - at);
      block.set(part.subarray(at, at + taken), filled);
      at += taken;
      filled += taken;
      if (filled === 64) {
        compress(state, words, view);
        filled = 0;
      }
    }
  }
  block.fill(0, filled);
  block[filled] = 0x80;
  if (filled >= 56) {
    compress(state, words, view);
    block.fill(0);
  }
  view.setUint32(56, Math.floor(size / 2 ** 29));
  view.setUint32(60, (size << 3) >>> 0);
  compress(state, words, view);
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}

/**
 * @param {Uint32Array} state
 * @param {Uint32Array} words
 * @param {DataView} block
 */
function compress(state, words, block) {
  for (let i = 0; i < 16; i++) words[i] = block.getUint32(4 * i);
  for (let i = 16; i < 64; i++) {
    const early = words[i - 15];
    const late = words[i - 2];
    const s0 = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
    const s1 = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
    words[i] = words[i - 16] + s0 + words[i - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const first = (h + s1 + ((e & f) ^ (~e & g)) + ROOTS[i] + words[i]) | 0;
    const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const second = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

/**
 * @param {number} word
 * @param {number} by
 */
function turned(word, by) {
  return (word >>> by) | (word << (32 - by));
}
