"""`edgernn score`: texts or the rows of files, in order, a result or an error for each."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from edgernn.cli.console import progress, quoted, say, write_line
from edgernn.cli.score_pipeline import Item, score_items
from edgernn.cli.score_results import for_people, result_columns
from edgernn.cli.score_tally import Tally
from edgernn.cli.signals import end
from edgernn.errors import DataError, UsageError
from edgernn.runtime import SHIPPED_MODEL, LoadedModel, Score
from edgernn.runtime.loaded_model import open_quietly

if TYPE_CHECKING:
    from edgernn.cli.score_file import PartialFile
    from edgernn.cli.score_lines import Columns, Lines, Result
    from edgernn.cli.score_target import Target
    from edgernn.rows import Row, RowSource

__all__ = ["ScoreOptions", "run_score"]

_ELLIPSIS = "\u2026"


@dataclass(frozen=True, kw_only=True)
class ScoreOptions:
    """What a person asks for."""

    texts: Sequence[str] = ()
    literal: int = 0
    """So many of the texts, the last ones, stand behind `--`: they are not meant as files."""
    inputs: Sequence[str] = ()
    read: Mapping[str, Any]
    """How the inputs are read: what is given of the fields of `edgernn.rows.ReadOptions`."""
    output: Path | None = None
    overwrite: bool = False
    resume: bool = False
    only_scores: bool = False
    model: Path | None = None
    device: str = "auto"
    engine: str = "auto"
    as_json: bool = False
    top: int | None = None
    """So many of the likeliest labels, with their probabilities."""
    all_labels: bool = False
    """The probability of each label."""


def run_score(options: ScoreOptions) -> None:
    """Score the texts or the rows of the inputs, and write a result for each.

    Raises:
        UsageError: options do not go together, or the output may not be written.
        DataError: an input cannot be read, or no row of it could be scored.
        ModelFileError: the model file cannot be used.
    """
    _check_usage(options)
    if not options.inputs:
        target = _target(options, [])
        model = open_quietly(options.model, options.device, options.engine)
        items = [
            Item(text, _problem(text), _Text(number, {"text": text}))
            for number, text in enumerate(options.texts, start=1)
        ]
        _Job(options, model, target, [], None).run(items)
        return
    from edgernn.rows import ReadOptions, input_files, open_many

    files = input_files(options.inputs, say)
    target = _target(options, files)
    with open_many(files, ReadOptions(**options.read)) as rows:
        for note in rows.notes:
            say(note)
        model = open_quietly(options.model, options.device, options.engine)
        job = _Job(options, model, target, files, rows)
        job.run(map(job.item, rows))


class _Text(NamedTuple):
    """A text of the command line, as if it were a row."""

    number: int
    fields: Mapping[str, object]
    raw: str | None = None


def _check_usage(options: ScoreOptions) -> None:
    texts, inputs = options.texts, options.inputs
    named = [text for text in texts[: len(texts) - options.literal] if _is_there(text)]
    if named and inputs:
        raise UsageError(
            f"{named[0]} exists, too: give each its own --input, "
            f"as in --input {quoted(inputs[0])} --input {quoted(named[0])}, or name their folder"
        )
    if named:
        raise UsageError(
            f"{named[0]} is a {_how_to_read(named[0])}; "
            f"to score the name itself: edgernn score -- {quoted(named[0])}"
        )
    if bool(texts) == bool(inputs):
        raise UsageError("give texts to score, or --input FILE (- is standard input)")
    if options.read and not inputs:
        name = next(iter(options.read))
        option = "no-header" if name == "header" else name.replace("_", "-")
        raise UsageError(f"--{option} needs --input")
    if options.only_scores and not inputs:
        raise UsageError("--only-scores needs --input")
    for name in ("overwrite", "resume"):
        if getattr(options, name) and options.output is None:
            raise UsageError(f"--{name} needs --output")


def _is_there(text: str) -> bool:
    try:
        return os.path.exists(text)
    except (OSError, ValueError):
        # Longer than a name can be, or with a NUL character.
        return False


def _how_to_read(name: str) -> str:
    from edgernn.rows import suffix_of

    if os.path.isdir(name):
        return f"folder: --input {quoted(name)} scores the rows of its files"
    if suffix_of(name):
        return f"file: --input {quoted(name)} scores its rows"
    return (
        f"file, whose name tells no format: --input {quoted(name)} --format txt scores its lines, "
        "and other formats its rows"
    )


def _target(options: ScoreOptions, files: Sequence[str | os.PathLike[str]]) -> Target | None:
    """Check where the results go, before anything is read."""
    if options.output is None:
        if files:
            from edgernn.cli.score_target import check_standard_output

            check_standard_output(files)
        return None
    from edgernn.cli.score_target import Target

    target = Target.checked(
        options.output,
        inputs=files,
        folders=[name for name in options.inputs if os.path.isdir(name)],
        model=options.model or SHIPPED_MODEL,
        overwrite=options.overwrite,
        resume=options.resume,
    )
    if options.as_json and target.format != "jsonl":
        raise UsageError(f"--output {options.output}: --json writes .jsonl files")
    return target


def _problem(text: str) -> str | None:
    return "the text is empty" if not text or text.isspace() else None


class _Job:
    """The rows, the model, and where the results go."""

    def __init__(
        self,
        options: ScoreOptions,
        model: LoadedModel,
        target: Target | None,
        files: Sequence[str | os.PathLike[str]],
        source: RowSource | None,
    ) -> None:
        self._options = options
        self._model = model
        self._target = target
        self._files = files
        self._source = source
        self._name = "the texts" if source is None else source.name
        self._is_table = target is None and not options.as_json
        is_bare = source is None or options.only_scores
        # A Parquet file's columns are copied as they are, not by way of the rows.
        self._copies = (
            target is not None
            and target.format == "parquet"
            and source is not None
            and source.schema is not None
            and not is_bare
        )
        self._keeps_fields = not (is_bare or self._is_table or self._copies)
        self._columns: Columns | None = None
        is_nested = target is None or target.format == "jsonl"
        # Also where a table shows something else: it says what the model does not have.
        results = result_columns(
            model.contract, top=options.top, every=options.all_labels, nested=is_nested
        )
        if not self._is_table:
            from edgernn.cli.score_lines import Columns

            self._columns = Columns.only_scores(results)
            if source is not None and not is_bare:
                self._columns = Columns.of(source.columns, results)
        self._tally = Tally(self._name, model, self._where)

    def item(self, row: Row) -> Item:
        """Return a row of the source as it goes through the pipeline, without what is not used."""
        assert self._source is not None
        text, problem = None, row.error
        if problem is None:
            text = self._source.text(row)
            problem = _problem(text)
        return Item(text, problem, row if self._keeps_fields else row._replace(fields={}))

    def _where(self, row: Any) -> str:
        return f"text {row.number}" if self._source is None else self._source.where(row)

    def run(self, items: Iterable[Item]) -> None:
        """Score and write all items; say how it went."""
        target, tally = self._target, self._tally
        # A bar beside results on the same terminal would be drawn over them.
        bar = progress("scoring", None, shown=target is not None or not sys.stdout.isatty())
        with self._open() as out, self._keeping(out), bar as advance:
            write, skip = self._writing(out)

            def write_chunk(chunk: Sequence[Item], scores: Iterator[Score]) -> None:
                write(chunk, [tally.result(item, scores) for item in chunk])
                tally.add(len(chunk))
                advance(len(chunk))

            def skip_chunk(chunk: Sequence[Item]) -> bool:
                if skip is None or not skip(chunk):
                    return False
                tally.add(len(chunk))
                advance(len(chunk))
                return True

            ended_by = score_items(
                self._model, items, write_chunk, None if skip is None else skip_chunk
            )
            sys.stdout.flush()
            if out is not None:
                tally.failed += out.failed
                if ended_by is None:
                    out.finish()
        tally.summarize()
        rows = _counted(tally.rows)
        if tally.rows or ended_by is None:
            self._say_where(tally.rows, is_whole=ended_by is None)
        if isinstance(ended_by, KeyboardInterrupt):
            end(f" after {rows}")
        if ended_by is not None:
            raise ended_by
        if not tally.rows and self._source is not None:
            raise DataError(self._source.if_empty)
        if tally.failed and tally.failed == tally.rows:
            raise DataError("no row could be scored")

    @contextmanager
    def _keeping(self, out: PartialFile | None) -> Iterator[None]:
        """Say what is kept of rows where an error ends the job, or Ctrl-C as it ends anyway."""
        try:
            yield
        except KeyboardInterrupt:
            if out is None or not out.rows:
                raise
            self._say_where(out.rows, is_whole=out.has_its_name)
            end(f" after {_counted(out.rows)}")
        except Exception as error:
            # Bad usage: what was there is of another job, and has not been changed.
            if out is not None and out.rows and not isinstance(error, UsageError):
                self._say_where(out.rows, is_whole=False)
            raise

    def _say_where(self, rows: int, *, is_whole: bool) -> None:
        target = self._target
        if target is not None:
            more = "; --resume continues it" if target.is_resumable and not is_whole else ""
            say(f"wrote {_counted(rows)} to {target.path if is_whole else target.partial}{more}")

    def _open(self) -> AbstractContextManager[PartialFile | None]:
        if self._columns is not None:
            for old, new in self._columns.renamed.items():
                say(f"the input has a column {old!r} already: the result's is {new!r}")
        target = self._target
        if target is None:
            return nullcontext()
        assert self._columns is not None
        if target.format == "parquet":
            from edgernn.cli.score_parquet import ParquetFile

            copied = self._files if self._copies else None
            return ParquetFile(target, self._columns, copied, self._warn)
        from edgernn.cli.score_file import RowFile

        return RowFile(target, self._lines(), self._description())

    def _writing(
        self, out: PartialFile | None
    ) -> tuple[
        Callable[[Sequence[Item], Sequence[Result]], None],
        Callable[[Sequence[Item]], bool] | None,
    ]:
        """Return what writes a chunk's results, and what tells whether it is written already."""
        if out is not None:
            return out.write, out.skip if out.is_taken_up else None
        if self._is_table:
            return _table(self._model, self._options), None
        lines = self._lines()

        def write(chunk: Sequence[Item], results: Sequence[Result]) -> None:
            for line in lines.records(chunk, results):
                write_line(line.removesuffix("\n"))
            # Who reads a pipe that goes on slowly sees what is there.
            sys.stdout.flush()

        return write, None

    def _lines(self) -> Lines:
        from edgernn.cli.score_lines import CsvLines, JsonLines

        assert self._columns is not None
        form = "jsonl" if self._target is None else self._target.format
        if form == "jsonl":
            is_json = self._source is not None and self._source.format in ("jsonl", "json")
            return JsonLines(self._columns, self._warn, strict=not is_json)
        return CsvLines(self._columns, "\t" if form == "tsv" else ",", self._warn)

    def _warn(self, line: str) -> None:
        say(f"warning: {self._name}: {line}")

    def _description(self) -> dict[str, object]:
        """Return what rows of a file depend on beside the input: they go on only where it is."""
        from edgernn import __version__

        assert self._columns is not None
        columns: list[object] = [*self._columns.kept, *self._columns.own]
        if self._options.top is not None:
            columns.append(self._options.top)
        return {
            "version of edgernn": __version__,
            "model": self._model.sha256,
            "device": self._model.device,
            "engine": self._model.engine,
            "input": [os.fspath(file) for file in self._files],
            "way of reading": dict(self._options.read),
            "list of columns": columns,
        }


def _counted(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def _table(
    model: LoadedModel, options: ScoreOptions
) -> Callable[[Sequence[Item], Sequence[Result]], None]:
    """Return what prints results for people."""
    import shutil

    contract = model.contract
    top = len(contract.labels) if options.all_labels else options.top
    is_plain = contract.decision == "threshold" and top is None
    columns = shutil.get_terminal_size().columns
    width = max(map(len, (*contract.labels, "(none)" if contract.none_below else "")))
    if contract.decision == "largest" and top is None:
        width = min(width, columns // 3)

    def write(chunk: Sequence[Item], results: Sequence[Result]) -> None:
        for (text, _, _), (score, _) in zip(chunk, results, strict=True):
            if score is None:
                found = f"{'-':<{width}}       -"
            elif is_plain:
                found = f"{score.label or '(none)':<{width}}  {score.probability:.4f}"
            else:
                found = for_people(score, top, width)
            room = max(20, columns - len(found) - 2)
            line = " ".join((text or "").split())
            write_line(f"{found}  {line if len(line) <= room else line[: room - 1] + _ELLIPSIS}")

    return write
