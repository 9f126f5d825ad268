/**
 * Finds the longest of many strings that begins at a place of a text.
 *
 * Of the strings in order, those that begin a text all stand before it, and each begins the next
 * longer one. So it takes a binary search for the last one before the text, and then steps from it
 * to the strings that it begins with. Memory is of the order of the strings, however they are made.
 */
export class PrefixIndex {
  /** @type {string[]} */
  #sorted;
  /** For each string the place of the longest other one that it begins with; -1: there is none. */
  #shorter;
  /** Where strings that begin with a UTF-16 unit begin and end, by the unit. */
  #starts = new Uint32Array(0x10000);
  #ends = new Uint32Array(0x10000);

  /** @param {Iterable<string>} strings none empty, none twice */
  constructor(strings) {
    // By UTF-16 units, as `<` compares.
    this.#sorted = [...strings].sort();
    this.#shorter = new Int32Array(this.#sorted.length);
    for (const [place, string] of this.#sorted.entries()) {
      const unit = string.charCodeAt(0);
      if (this.#ends[unit] === 0) this.#starts[unit] = place;
      this.#ends[unit] = place + 1;
      let candidate = place - 1;
      while (candidate >= 0 && !string.startsWith(this.#sorted[candidate])) {
        candidate = this.#shorter[candidate];
      }
      this.#shorter[place] = candidate;
    }
  }

  /**
   * Returns the longest string with which a text goes on at a place; "" where there is none.
   * @param {string} text
   * @param {number} at
   */
  longestAt(text, at) {
    const unit = text.charCodeAt(at);
    let low = this.#starts[unit];
    let high = this.#ends[unit];
    const first = low;
    let common = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const string = this.#sorted[middle];
      const same = commonUnits(string, text, at);
      const isBefore =
        same === string.length ||
        (at + same < text.length && string.charCodeAt(same) < text.charCodeAt(at + same));
      if (isBefore) {
        low = middle + 1;
        common = same;
      } else {
        high = middle;
      }
    }
    // `common` is what the last string before the text shares with it.
    let place = low > first ? low - 1 : -1;
    while (place >= 0 && this.#sorted[place].length > common) place = this.#shorter[place];
    return place < 0 ? "" : this.#sorted[place];
  }
}

/**
 * @param {string} string
 * @param {string} text
 * @param {number} at
 */
function commonUnits(string, text, at) {
  const most = Math.min(string.length, text.length - at);
  let same = 0;
  while (same < most && string.charCodeAt(same) === text.charCodeAt(at + same)) same++;
  return same;
}
