// Delimited text, row by row as it comes: RFC 4180, with any of the usual delimiters.

const DELIMITERS = [",", ";", "\t", "|"];
const TEXT_NAMES = ["text", "review", "sentence", "comment", "content", "message", "body", "utterance", "query", "tweet"];
const QUOTE = 0x22;
const LONGEST_ROW = 1 << 22;

/** A file that cannot be read as rows; the message is one line. */
export class RowsError extends Error {}

/** Cuts pieces of a text into rows; what a row was written as is kept. */
export class RowReader {
  #delimiter;
  #buffer = "";
  #count = 0;
  #isQuoted = false;
  /** Whether the mark before ended a quoted cell, unless another one follows. */
  #hasClosed = false;
  /** A mark within a cell that does not begin with one is a character. */
  #isStart = true;
  /** How much of the buffer was looked at. */
  #at = 0;

  /** @param {string} delimiter one character */
  constructor(delimiter) {
    this.#delimiter = delimiter;
  }

  /**
   * Returns the rows that end in a further piece.
   * @param {string} piece
   * @param {boolean} isLast whether the file ends with it
   * @returns {{raw: string, cells: string[]}[]}
   */
  read(piece, isLast = false) {
    this.#buffer += piece;
    const rows = [];
    let start = 0;
    while (true) {
      const end = this.#endOfRow(isLast);
      if (end < 0) break;
      const raw = this.#buffer.slice(start, end);
      const width = this.#buffer.startsWith("\r\n", end) ? 2 : 1;
      this.#at = start = end + width;
      if (raw !== "") rows.push(this.#row(raw));
    }
    this.#buffer = this.#buffer.slice(start);
    this.#at -= start;
    if (this.#buffer.length > LONGEST_ROW) throw new RowsError(this.#endless());
    if (isLast && this.#buffer !== "") {
      if (this.#isQuoted) throw new RowsError(this.#endless());
      rows.push(this.#row(this.#buffer));
      this.#buffer = "";
    }
    return rows;
  }

  #endless() {
    return `row ${this.#count + 1}: a quotation mark without an end, or a row of more than 4 million characters`;
  }

  /** @param {boolean} isLast */
  #endOfRow(isLast) {
    const text = this.#buffer;
    for (; this.#at < text.length; this.#at++) {
      const unit = text.charCodeAt(this.#at);
      if (unit === QUOTE && (this.#isQuoted || this.#hasClosed || this.#isStart)) {
        this.#hasClosed = this.#isQuoted;
        this.#isQuoted = !this.#isQuoted;
        this.#isStart = false;
        continue;
      }
      if (this.#isQuoted) continue;
      this.#hasClosed = false;
      const isCarriageReturn = unit === 0x0d;
      if (unit === 0x0a || isCarriageReturn) {
        // The line feed may be the first of the next piece.
        if (isCarriageReturn && this.#at + 1 === text.length && !isLast) return -1;
        this.#isStart = true;
        return this.#at;
      }
      this.#isStart = text[this.#at] === this.#delimiter;
    }
    return -1;
  }

  /** @param {string} raw */
  #row(raw) {
    this.#count++;
    return { raw, cells: cellsOf(raw, this.#delimiter) };
  }
}

/**
 * @param {string} raw
 * @param {string} delimiter
 */
export function cellsOf(raw, delimiter) {
  if (!raw.includes('"')) return raw.split(delimiter);
  const cells = [];
  let at = 0;
  while (true) {
    if (raw[at] === '"') {
      let cell = "";
      for (at++; at < raw.length; at++) {
        if (raw[at] !== '"') cell += raw[at];
        else if (raw[at + 1] === '"') {
          cell += '"';
          at++;
        } else break;
      }
      const end = raw.indexOf(delimiter, at + 1);
      // What stands behind the closing mark belongs to the cell, as most readers have it.
      cells.push(cell + raw.slice(at + 1, end < 0 ? raw.length : end));
      if (end < 0) return cells;
      at = end + 1;
    } else {
      const end = raw.indexOf(delimiter, at);
      cells.push(raw.slice(at, end < 0 ? raw.length : end));
      if (end < 0) return cells;
      at = end + 1;
    }
  }
}

/**
 * Writes a cell, quoted where it must be.
 * @param {string} cell
 * @param {string} delimiter
 */
export function written(cell, delimiter) {
  const isPlain = !cell.includes(delimiter) && !/["\r\n]/.test(cell);
  return isPlain ? cell : `"${cell.replaceAll('"', '""')}"`;
}

/**
 * Looks at the beginning of a file: its delimiter, whether its first row has names, and which column
 * has the texts.
 * @param {string} beginning
 * @param {boolean} isWhole
 */
export function look(beginning, isWhole) {
  let best = { delimiter: ",", rows: /** @type {{raw: string, cells: string[]}[]} */ ([]), score: -1 };
  for (const delimiter of DELIMITERS) {
    const rows = new RowReader(delimiter).read(beginning, isWhole).slice(0, 50);
    if (rows.length === 0) continue;
    const width = rows[0].cells.length;
    const same = rows.filter(({ cells }) => cells.length === width).length / rows.length;
    const score = width > 1 ? same * Math.min(width, 10) : 0.5;
    if (score > best.score) best = { delimiter, rows, score };
  }
  const { delimiter, rows } = best;
  if (rows.length === 0) throw new RowsError("it has no rows");
  const first = rows[0].cells;
  const named = first.findIndex((cell) => TEXT_NAMES.includes(cell.trim().toLowerCase()));
  const lengths = first.map((_, i) => {
    const cells = rows.slice(1).map(({ cells }) => cells[i]?.length ?? 0);
    return cells.reduce((total, one) => total + one, 0) / Math.max(cells.length, 1);
  });
  const longest = lengths.indexOf(Math.max(...lengths));
  const column = named >= 0 ? named : longest;
  const hasHeader = named >= 0 || (rows.length > 1 && first[column].length * 3 < lengths[column]);
  return { delimiter, first, column, hasHeader };
}
