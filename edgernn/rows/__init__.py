"""Rows of text, streamed out of files: text, CSV, TSV, JSON, Parquet and Excel.

Memory does not grow with the file, a bad row is handed out with its `error` set instead of ending
the job, and nothing but the standard library is loaded, unless a file needs a package of its own:
pyarrow for Parquet, openpyxl for Excel, backports.zstd for `.zst`.
"""

from edgernn.rows.columns import LABEL_COLUMNS, TEXT_COLUMNS, folded, listed
from edgernn.rows.many import input_files, open_many
from edgernn.rows.options import ReadOptions
from edgernn.rows.readers import FORMATS, Format, format_of, suffix_of
from edgernn.rows.row import Row
from edgernn.rows.rows import RowSource, open_rows

__all__ = [
    "FORMATS",
    "LABEL_COLUMNS",
    "TEXT_COLUMNS",
    "Format",
    "ReadOptions",
    "Row",
    "RowSource",
    "folded",
    "format_of",
    "input_files",
    "listed",
    "open_many",
    "open_rows",
    "suffix_of",
]
