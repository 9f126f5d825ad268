/** Bytes that are no UTF-8. */
export class Utf8Error extends Error {}

const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const ENCODER = new TextEncoder();

/**
 * Decodes UTF-8 and takes no byte for another; a byte order mark is a character.
 * @param {Uint8Array} bytes
 * @throws {Utf8Error} it is none
 */
export function decodeUtf8(bytes) {
  try {
    return DECODER.decode(bytes);
  } catch {
    throw new Utf8Error("not UTF-8");
  }
}

/** @param {string} text */
export function encodeUtf8(text) {
  return ENCODER.encode(text);
}

/**
 * Reads bytes as Latin-1, which any are.
 * @param {Uint8Array} bytes
 */
export function decodeLatin1(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
