"""One more file format: each part of the package takes it, or says in one line what it lacks."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgernn
from edgernn.audit import audit_file, recurrent, rules, weights
from edgernn.audit.graphs import Graph, Subgraph
from edgernn.audit.oldest_runtime import OldestRuntime
from edgernn.bench.subjects import file_subjects
from edgernn.bundle import CONTAINERS, Bundle, container, read_model_file, with_bundle
from edgernn.bundle.attachments import StoredSizes
from edgernn.bundle.model_file import count_operators
from edgernn.cli.android import run_android
from edgernn.errors import EdgernnError, ExportError, ModelFileError, UsageError
from edgernn.runtime import backends
from edgernn.runtime.engines import find_engines
from edgernn.text import SubwordEncoder, TextContract, TextEncoder

MARK = b"toy!"
VOCABULARY = SubwordEncoder(["good_", "bad_"]).to_bytes()
CONTRACT = TextContract(
    vocabulary_sha256=hashlib.sha256(VOCABULARY).hexdigest(),
    vocabulary_size=259,
    max_length=20,
    cut="end",
)
BUNDLE = Bundle(TextEncoder(CONTRACT, VOCABULARY), {"recipe": "toy"})


class ToyAttachments:
    """Base64 in a JSON object."""

    def __init__(self, size: int, values: dict[str, Any]) -> None:
        self._size = size
        self._values = values

    def read(self) -> dict[str, bytes]:
        """All attachments."""
        return {name: base64.b64decode(text) for name, text in self._values["attached"].items()}

    def graph_sha256(self) -> str:
        """Of the word."""
        return hashlib.sha256(self._values["graph"].encode()).hexdigest()

    def sizes(self) -> StoredSizes:
        """What is neither is overhead."""
        stored = {name: len(text) for name, text in self._values["attached"].items()}
        graph = len(self._values["graph"])
        return StoredSizes(graph, stored, self._size - graph - sum(stored.values()))


class ToyContent:
    """A graph that is one word, and what is attached."""

    inputs: Mapping[str, tuple[str, int]] = {"ids": ("INT32", 1)}
    outputs: Mapping[str, tuple[str, int]] = {"probability": ("FLOAT32", 1)}

    def __init__(self, data: bytes, name: str) -> None:
        self._name = name
        try:
            values = json.loads(data.removeprefix(MARK))
        except ValueError as error:
            raise ModelFileError(f"{name}: not a toy file") from error
        self.graph = values["graph"]
        self.operators = {self.graph: 1}
        self.attachments = ToyAttachments(len(data), values)

    def check_one_file(self) -> None:
        """It cannot name another file."""

    def learnt_sha256(self) -> None:
        """No tool writes its graph anew."""

    def check_structure(self, vocabulary_size: int, outputs: int = 1) -> None:
        """One word is allowed."""
        if self.graph != "Constant":
            raise ModelFileError(f"{self._name}: operator {self.graph} is not known here")


class ToyContainer:
    """All that a format must have."""

    name = "toy"
    suffix = ".toy"
    inputs = ToyContent.inputs
    for_several: frozenset[str] = frozenset()
    runtimes = ("toy-runtime",)
    oldest_runtime = "1.0"
    extra = None
    operator_per_direction = False
    quiet = False

    def outputs(self, decision: str) -> Mapping[str, tuple[str, int]]:
        """Two labels are all that it knows."""
        return ToyContent.outputs

    def recognizes(self, data: bytes) -> bool:
        """By the mark."""
        return data.startswith(MARK)

    def parse(self, data: bytes, name: str, *, unrolled: bool = False) -> ToyContent:
        """Of any size."""
        return ToyContent(data, name)

    def with_attachments(self, model: bytes, attachments: Mapping[str, bytes]) -> bytes:
        """The same graph with others."""
        texts = {name: base64.b64encode(data).decode() for name, data in attachments.items()}
        return toy(json.loads(model.removeprefix(MARK))["graph"], texts)


def toy(graph: str = "Constant", attached: dict[str, str] | None = None) -> bytes:
    return MARK + json.dumps({"graph": graph, "attached": attached or {}}).encode()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the format, which is put into the table for one test."""
    monkeypatch.setitem(CONTAINERS, "toy", ToyContainer())
    path = tmp_path / "model.toy"
    path.write_bytes(with_bundle(toy(), "toy", BUNDLE))
    return path


def lacks(error: pytest.ExceptionInfo[EdgernnError]) -> str:
    """What a part of the package says that it lacks, in one line."""
    message = str(error.value)
    assert "toy files: there is no " in message
    assert "\n" not in message
    return message.rpartition("add it to ")[2]


def test_reading_and_checking(path: Path) -> None:
    """A row of the first table is enough for what a file carries, and for its checks."""
    file = read_model_file(path)
    assert (file.format, file.operators) == ("toy", {"Constant": 1})
    assert file.bundle.contract == CONTRACT
    assert count_operators(path.read_bytes(), "toy") == {"Constant": 1}

    path.write_bytes(path.read_bytes().replace(b'"Constant"', b'"Variable"'))
    with pytest.raises(ModelFileError, match="the graph is not what was exported"):
        read_model_file(path)
    path.write_bytes(with_bundle(toy("Loop"), "toy", BUNDLE))
    with pytest.raises(ModelFileError, match="operator Loop is not known here"):
        read_model_file(path)


def test_scoring(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that there is no engine; with one in the table, it scores."""
    with pytest.raises(ModelFileError) as error:
        edgernn.load(path)
    assert lacks(error) == "BACKENDS in edgernn/runtime/backends.py"

    class Constant:
        name = "toy"
        device = "cpu"
        batched = True
        batch_tokens = 1
        workers = 1

        def __init__(self, file: object, device: str, threads: int | None) -> None:
            assert device == "auto"

        def run(self, batch: Sequence[Any], behind: Sequence[int] = ()) -> Any:
            """One probability for all."""
            return np.full(len(batch), 0.75, np.float32)

    monkeypatch.setitem(backends.BACKENDS, "toy", Constant)
    (score,) = edgernn.load(path).score(["good"])
    assert (score.label, score.probability) == (CONTRACT.labels[1], 0.75)


def test_auditing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that there is no audit; with rules in the table, the file is audited."""
    with pytest.raises(ModelFileError) as error:
        audit_file(path)
    assert lacks(error) == "RULES in edgernn/audit/rules.py"

    def read_graph(content: ToyContent) -> Graph:
        return Graph("toy", (), (), (Subgraph("main", (), ()),), ())

    own = rules.AuditRules(
        read_graph, lambda graph: [], lambda graph: OldestRuntime("toy-runtime", "1.0", ())
    )
    monkeypatch.setitem(rules.RULES, "toy", own)
    for table, row, place in (
        (recurrent.LOOPS, frozenset(), "LOOPS in edgernn/audit/recurrent.py"),
        (weights.INPUTS, {}, "INPUTS in edgernn/audit/weights.py"),
    ):
        with pytest.raises(ModelFileError) as error:
            audit_file(path)
        assert lacks(error) == place
        monkeypatch.setitem(table, "toy", row)
    audit = audit_file(path)
    assert (audit.format, audit.problems, audit.carries_bundle) == ("toy", (), True)
    assert sum(part.bytes for part in audit.parts) == path.stat().st_size


def test_measuring(path: Path, tmp_path: Path) -> None:
    """`verify`, `bench` and `android` say what they lack."""
    with pytest.raises(ModelFileError) as error:
        find_engines(read_model_file(path))
    assert lacks(error) == "ENGINES in edgernn/runtime/engines.py"
    with pytest.raises(ModelFileError) as error:
        file_subjects(path, ["cpu"], [1], [])
    assert lacks(error) == "SUBJECTS in edgernn/bench/subjects.py"
    (tmp_path / "app" / "src" / "main").mkdir(parents=True)
    with pytest.raises(ModelFileError) as error:
        run_android(path, tmp_path, "16MiB")
    assert lacks(error) == "ASSETS in edgernn/cli/android.py"


def test_exporting(path: Path) -> None:
    """`--format toy` says what it lacks, and so does a format without a converter."""
    from exporters.export import convert_graph
    from exporters.min_runtime import find_min_runtime
    from exporters.rules import FormatRules, find_format

    with pytest.raises(UsageError) as usage:
        find_format("toy")
    assert lacks(usage) == "FORMATS in exporters/rules.py"
    rules = FormatRules("toy", frozenset(), {}, {}, {})
    assert (rules.suffix, rules.per_direction) == (".toy", False)
    wanted = find_min_runtime("toy", None)
    assert str(wanted) == "toy-runtime==1.0"
    with pytest.raises(ExportError) as error:
        convert_graph(None, rules, "float32", {}, wanted)  # type: ignore[arg-type]
    assert lacks(error) == "CONVERTERS in exporters/export.py"


def test_the_list_of_places() -> None:
    """Each table that a new format needs is where the module says, and has every format."""
    listed = re.findall(r"^- `([a-z_/.]+)`, `([A-Z]+)`", str(container.__doc__), re.M)
    assert len(listed) == 7
    for file, name in listed:
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        assert set(getattr(module, name)) == set(CONTAINERS), file
    for table in (recurrent.LOOPS, weights.INPUTS):
        assert set(table) == set(CONTAINERS)
