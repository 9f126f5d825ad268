import { NAMES, WINDOWS_1252 } from "./code_points.js";

const REFERENCE = /&(?:#([0-9]{1,8})|#[xX]([0-9a-fA-F]{1,8})|([A-Za-z0-9]{1,8}));/g;
const REPLACEMENT = 0xfffd;

/**
 * Returns a text with its character references decoded, once.
 * @param {string} text
 */
export function withDecodedReferences(text) {
  return text.replace(REFERENCE, (reference, decimal, hexadecimal, name) => {
    if (name !== undefined) {
      const codePoint = NAMES.get(name);
      return codePoint === undefined ? reference : String.fromCodePoint(codePoint);
    }
    const number = decimal === undefined ? parseInt(hexadecimal, 16) : Number(decimal);
    const isNone = number === 0 || number > 0x10ffff || (number >= 0xd800 && number <= 0xdfff);
    return String.fromCodePoint(isNone ? REPLACEMENT : (WINDOWS_1252.get(number) ?? number));
  });
}
