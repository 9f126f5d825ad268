"""Rows of text, streamed out of files: text, CSV, TSV, JSON Lines and Parquet.

Memory does not grow with the file, a bad row is handed out with its `error` set instead of ending
the job, and nothing but the standard library is loaded (pyarrow only when a Parquet file is read).
"""

from edgernn.rows.columns import LABEL_COLUMNS, TEXT_COLUMNS, choose_column, listed
from edgernn.rows.formats import FORMATS, Format, format_of
from edgernn.rows.many import open_many
from edgernn.rows.options import ReadOptions
from edgernn.rows.rows import Row, RowSource, open_rows

__all__ = [
    "FORMATS",
    "LABEL_COLUMNS",
    "TEXT_COLUMNS",
    "Format",
    "ReadOptions",
    "Row",
    "RowSource",
    "choose_column",
    "format_of",
    "listed",
    "open_many",
    "open_rows",
]
