import { codePointAt, LETTERS, LOWER, unitsOf, UPPER } from "./code_points.js";

const SPACE = 0x20;
const UNDERSCORE = 0x5f;

/**
 * Returns a text with each hashtag as its words.
 * @param {string} text
 */
export function withOpenHashtags(text) {
  let at = text.indexOf("#");
  let out = "";
  let from = 0;
  while (at >= 0) {
    const end = text[at - 1] === "&" ? at + 1 : endOfTag(text, at + 1);
    if (end > at + 1) {
      out += `${text.slice(from, at)} ${opened(text, at + 1, end)}`;
      from = end;
    }
    at = text.indexOf("#", end);
  }
  return out + text.slice(from);
}

/**
 * @param {string} text
 * @param {number} at
 */
function endOfTag(text, at) {
  while (at < text.length) {
    const codePoint = codePointAt(text, at);
    if (codePoint !== UNDERSCORE && !LETTERS.has(codePoint)) return at;
    at += unitsOf(codePoint);
  }
  return at;
}

/**
 * @param {string} text
 * @param {number} at
 * @param {number} end
 */
function opened(text, at, end) {
  let out = "";
  let before = SPACE;
  while (at < end) {
    const given = codePointAt(text, at);
    const codePoint = given === UNDERSCORE ? SPACE : given;
    at += unitsOf(given);
    const behind = at < end ? codePointAt(text, at) : SPACE;
    if (isBorder(before, codePoint, behind)) out += " ";
    out += String.fromCodePoint(codePoint);
    before = codePoint;
  }
  return out;
}

/**
 * @param {number} before
 * @param {number} codePoint
 * @param {number} behind
 */
function isBorder(before, codePoint, behind) {
  if (before === SPACE || codePoint === SPACE) return false;
  if (isDigit(before) !== isDigit(codePoint)) return true;
  if (!UPPER.has(codePoint)) return false;
  return LOWER.has(before) || (UPPER.has(before) && LOWER.has(behind));
}

/** @param {number} codePoint */
function isDigit(codePoint) {
  return codePoint >= 0x30 && codePoint <= 0x39;
}
