import { APOSTROPHES, QUOTES } from "./code_points.js";
import { withOpenHashtags } from "./hashtags.js";
import { withDecodedReferences } from "./references.js";

// A pair, or one that is none; a look behind is younger than WebAssembly.
const SURROGATES = /[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g;
const BREAK = /<[bB][rR] ?\/?>/g;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
// All below U+0300 are composed already.
const MAYBE_COMBINING = /[^\u0000-\u02ff]/;
const BEYOND_ASCII = /[^\u0000-\u007f]/;
const EACH_BEYOND_ASCII = /[^\u0000-\u007f]/g;
// White_Space of Unicode, and U+001C to U+001F.
const BLANK =
  /^[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/;

/**
 * Tells whether a text is empty or white space alone.
 * @param {string} text
 */
export function isBlank(text) {
  return BLANK.test(text);
}

/** What is done to a text before it is cut into tokens, in the order of the contract. */
export class Normalizer {
  #contract;
  #deleted;

  /** @param {import("../contract.js").Contract} contract */
  constructor(contract) {
    this.#contract = contract;
    this.#deleted = new Set(contract.deletedCharacters);
  }

  /**
   * Returns well-formed UTF-16 in the form that the contract asks for.
   * @param {string} text
   */
  normalize(text) {
    const contract = this.#contract;
    let normalized = text.replace(SURROGATES, (found) => (found.length === 2 ? found : "\ufffd"));
    if (contract.decodesReferences) normalized = withDecodedReferences(normalized);
    if (contract.composes && MAYBE_COMBINING.test(normalized)) {
      normalized = normalized.normalize("NFC");
    }
    if (contract.replacesBreaks) normalized = normalized.replace(BREAK, " ");
    if (contract.replacesControls) normalized = normalized.replace(CONTROL, " ");
    if (contract.writesAsciiQuotes && BEYOND_ASCII.test(normalized)) {
      normalized = normalized.replace(EACH_BEYOND_ASCII, asciiQuote);
    }
    if (contract.opensHashtags) normalized = withOpenHashtags(normalized);
    if (contract.lowers) normalized = normalized.toLowerCase();
    if (this.#deleted.size === 0) return normalized;
    let kept = "";
    for (const character of normalized) if (!this.#deleted.has(character)) kept += character;
    return kept;
  }
}

/**
 * All quotation marks are single units.
 * @param {string} unit
 */
function asciiQuote(unit) {
  const code = unit.charCodeAt(0);
  if (APOSTROPHES.has(code)) return "'";
  return QUOTES.has(code) ? '"' : unit;
}
