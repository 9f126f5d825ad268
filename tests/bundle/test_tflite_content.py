"""Attachments in and facts about .tflite files, against LiteRT's schema and interpreter."""

from __future__ import annotations

import contextlib
import io
import shutil
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from damaged import flipped
from flatbuffer import pack
from hypothesis import given
from hypothesis import strategies as st
from parsed import tensor_types, tflite_attachments, tflite_graph

from edgernn.bundle.tflite import attachments as tflite_attachments_module
from edgernn.bundle.tflite.attachments import append_attachments, without_attachments
from edgernn.bundle.tflite.content import TfliteContent
from edgernn.errors import ModelFileError

NAMES = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", fullmatch=True)
ATTACHMENTS = st.dictionaries(NAMES, st.binary(max_size=200), max_size=4)


def code(builtin: int, *, custom: str | None = None, version: int = 1) -> schema.OperatorCodeT:
    return schema.OperatorCodeT(
        deprecatedBuiltinCode=min(builtin, 127),
        builtinCode=builtin,
        customCode=custom,
        version=version,
    )


def make_model() -> schema.ModelT:
    """Return out = tanh(x + x), x a float vector whose length may change."""

    def tensor(name: str) -> schema.TensorT:
        return schema.TensorT(
            name=name, shape=[1, 3], shapeSignature=[1, -1], type=schema.TensorType.FLOAT32
        )

    add = schema.OperatorT(
        opcodeIndex=0,
        inputs=[0, 0],
        outputs=[1],
        builtinOptionsType=schema.BuiltinOptions.AddOptions,
        builtinOptions=schema.AddOptionsT(),
    )
    tanh = schema.OperatorT(opcodeIndex=1, inputs=[1], outputs=[2])
    graph = schema.SubGraphT(
        name="main",
        tensors=[tensor("x"), tensor("sum"), tensor("out")],
        inputs=[0],
        outputs=[2],
        operators=[add, tanh],
    )
    signature = schema.SignatureDefT(
        signatureKey="serving_default",
        subgraphIndex=0,
        inputs=[schema.TensorMapT(name="x", tensorIndex=0)],
        outputs=[schema.TensorMapT(name="out", tensorIndex=2)],
    )
    return schema.ModelT(
        version=3,
        description="tiny",
        operatorCodes=[
            code(schema.BuiltinOperator.ADD),
            code(schema.BuiltinOperator.TANH),
        ],
        subgraphs=[graph],
        buffers=[schema.BufferT()],
        signatureDefs=[signature],
    )


MODEL = pack(make_model())
FULL = append_attachments(MODEL, {"contract.json": b"{}", "labels.txt": b"no\nyes\n"})


def zipped(
    *files: tuple[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b""
) -> bytes:
    """The tiny model with any archive behind it."""
    file = io.BytesIO()
    file.write(MODEL)
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = comment
        for name, content in files:
            archive.writestr(name, content)
    return file.getvalue()


def patched(data: bytes, position: int, new: bytes) -> bytes:
    position %= len(data)
    return data[:position] + new + data[position + len(new) :]


def directory(data: bytes) -> int:
    """Where the first entry of the central directory starts."""
    return data.index(b"PK\x01\x02")


def test_golden_bytes() -> None:
    """One attachment, byte for byte as APPNOTE.TXT lays an archive out, offsets from the start."""
    name, content = b"a.txt", b"hi"
    # method 0, time 0, date 1 January 1980, CRC-32 and both sizes, length of name and extra
    common = struct.pack("<HHHIIIHH", 0, 0, 0x21, 0xD8932AAC, 2, 2, 5, 0)
    local = b"PK\x03\x04" + struct.pack("<HH", 20, 0) + common + name + content
    entry = (
        b"PK\x01\x02"
        + struct.pack("<BBHH", 20, 3, 20, 0)
        + common
        + struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, len(MODEL))
        + name
    )
    end = b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, 1, 1, len(entry), len(MODEL) + len(local), 0
    )
    assert append_attachments(MODEL, {"a.txt": content}) == MODEL + local + entry + end


@given(ATTACHMENTS)
def test_round_trip(attachments: dict[str, bytes]) -> None:
    """What is written is read, here and by zipfile, and can be taken off again."""
    written = append_attachments(MODEL, attachments)
    assert written.startswith(MODEL)
    assert tflite_attachments(memoryview(written), "m.tflite") == attachments
    assert without_attachments(written) == MODEL
    if attachments:
        with zipfile.ZipFile(io.BytesIO(written)) as archive:
            assert {name: archive.read(name) for name in archive.namelist()} == attachments
            for info in archive.infolist():
                assert info.compress_type == zipfile.ZIP_STORED


def test_attachments_are_stored() -> None:
    """A large one too: readers in C++ find its bytes in the file as they are."""
    attachments = {"contract.json": b"{}", "vocabulary.subwords": b"'word_'\n" * 5000}
    written = append_attachments(MODEL, attachments)
    for content in attachments.values():
        assert content in written
    assert tflite_attachments(written, "m.tflite") == attachments


@given(ATTACHMENTS, ATTACHMENTS)
def test_replaces(first: dict[str, bytes], second: dict[str, bytes]) -> None:
    """Appending again replaces all that was there; the order of the names does not matter."""
    again = append_attachments(append_attachments(MODEL, first), second)
    assert again == append_attachments(MODEL, dict(reversed(second.items())))


def test_unzip_lists(tmp_path: Path) -> None:
    """The ordinary `unzip` lists and tests the archive without a complaint."""
    unzip = shutil.which("unzip")
    if unzip is None:
        pytest.skip("no unzip on this machine")
    path = tmp_path / "model.tflite"
    path.write_bytes(FULL)
    listing = subprocess.run([unzip, "-l", path], capture_output=True, text=True, check=True)
    assert listing.stderr == ""
    for line in ("2  1980-01-01 00:00   contract.json", "7  1980-01-01 00:00   labels.txt"):
        assert line in listing.stdout
    subprocess.run([unzip, "-tq", path], capture_output=True, check=True)


def test_still_runs() -> None:
    """LiteRT runs the model with the archive behind it."""
    runner = Interpreter(model_content=FULL).get_signature_runner("serving_default")
    x = np.array([[0.5, -1.0, 2.0]], np.float32)
    np.testing.assert_allclose(runner(x=x)["out"], np.tanh(2 * x), rtol=1e-5)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_reads_others(method: int) -> None:
    """Archives that other tools wrote are read, compressed ones too."""
    data = zipped(("labels.txt", b"a" * 500), ("empty", b""), method=method)
    assert tflite_attachments(data, "m.tflite") == {"labels.txt": b"a" * 500, "empty": b""}
    assert without_attachments(data) == MODEL


def test_no_attachments() -> None:
    """A model without an archive has no attachments, and a comment at the end is not one."""
    assert tflite_attachments(MODEL, "m.tflite") == {}
    assert without_attachments(MODEL) == MODEL
    assert tflite_attachments(zipped(("a", b""), comment=b"c"), "m.tflite") == {}
    assert tflite_attachments(zipped(), "m.tflite") == {}
    assert without_attachments(zipped()) == MODEL


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../a", "a b", "ä", "x" * 65, "a\n"])
def test_bad_name(name: str) -> None:
    """A name that could be a path, or hide, is neither written nor read."""
    with pytest.raises(ValueError, match="not allowed"):
        append_attachments(MODEL, {name: b""})
    if name:  # zipfile writes no empty name
        with pytest.raises(ModelFileError, match=r"^m\.tflite: .*not allowed"):
            tflite_attachments(zipped((name, b"")), "m.tflite")


def test_name_behind_nul() -> None:
    """A name that zipfile would cut at a NUL byte is seen as it stands."""
    data = zipped(("labels_xtxt", b"")).replace(b"labels_xtxt", b"labels\0.txt")
    with pytest.raises(ModelFileError, match="not allowed"):
        tflite_attachments(data, "m.tflite")


def test_too_many() -> None:
    """65 attachments are neither written nor read."""
    files = {f"f{i}": b"" for i in range(65)}
    with pytest.raises(ValueError, match="more than 64"):
        append_attachments(MODEL, files)
    with pytest.raises(ModelFileError, match="more than 64"):
        tflite_attachments(zipped(*files.items()), "m.tflite")
    assert len(tflite_attachments(zipped(*list(files.items())[:64]), "m.tflite")) == 64


def test_too_many_in_a_lying_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A long directory that claims one file is refused before zipfile goes through it."""
    data = zipped(*((f"f{i:02}" + "x" * 60, b"") for i in range(700)))
    data = patched(data, -14, struct.pack("<HH", 1, 1))
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(ModelFileError, match="more than 64"):
        tflite_attachments(data, "m.tflite")


def test_same_bytes_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system that writes the archive leaves no mark in it."""
    monkeypatch.setattr(sys, "platform", "win32")
    written = append_attachments(MODEL, {"contract.json": b"{}", "labels.txt": b"no\nyes\n"})
    assert written == FULL


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound holds for all attachments together, in both directions."""
    attachments = {"a": b"12345", "b": b"67890"}
    written = append_attachments(MODEL, attachments)
    monkeypatch.setattr(tflite_attachments_module, "MAX_ATTACHMENT_BYTES", 10)
    assert tflite_attachments(append_attachments(MODEL, attachments), "m.tflite") == attachments
    monkeypatch.setattr(tflite_attachments_module, "MAX_ATTACHMENT_BYTES", 9)
    with pytest.raises(ValueError, match="more than 9 bytes"):
        append_attachments(MODEL, attachments)
    with pytest.raises(ModelFileError, match="more than 9 bytes"):
        tflite_attachments(written, "m.tflite")


def test_bomb() -> None:
    """17 MiB in 17 kB are refused, whatever size the archive claims."""
    data = zipped(("a", bytes(17 << 20)), method=zipfile.ZIP_DEFLATED)
    assert len(data) < 40_000
    with pytest.raises(ModelFileError, match="more than 16777216 bytes"):
        tflite_attachments(data, "m.tflite")
    with pytest.raises(ModelFileError, match="CRC"):
        tflite_attachments(patched(data, directory(data) + 24, b"\x0a\0\0\0"), "m.tflite")


ONE = zipped(("a", b"content"))
DEFLATED = zipped(("a", b"content" * 9), method=zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(patched(ONE, directory(ONE) + 8, b"\x01"), "is encrypted", id="encrypted"),
        pytest.param(patched(ONE, directory(ONE) + 10, b"\x0c"), "unknown way", id="bzip2"),
        pytest.param(patched(ONE, directory(ONE) + 10, b"\x63"), "unknown way", id="method 99"),
        pytest.param(patched(ONE, len(MODEL) + 31, b"C"), "CRC", id="content"),
        pytest.param(patched(DEFLATED, len(MODEL) + 31, b"\xff"), "block type", id="deflate"),
        pytest.param(patched(ONE, directory(ONE) + 24, b"\xff"), "a different size", id="size"),
        pytest.param(patched(ONE, len(MODEL) + 30, b"b"), "differ", id="local name"),
        pytest.param(patched(ONE, len(MODEL), b"XX"), "magic number", id="local header"),
        pytest.param(patched(ONE, directory(ONE), b"XX"), "magic number", id="directory"),
        pytest.param(patched(ONE, -6, b"\xff\xff\xff\xff"), "cannot read", id="directory offset"),
        pytest.param(patched(ONE, -18, b"\x01"), "several parts", id="disk"),
        pytest.param(patched(ONE, -42, b"PK\x06\x07"), "ZIP64", id="zip64"),
        pytest.param(
            zipped(("a", b"1"), ("b", b"2")).replace(b"b", b"a"), "appears twice", id="twice"
        ),
    ],
)
def test_refuses_archive(data: bytes, reason: str) -> None:
    """Each kind of broken archive is refused in one line that starts with the file's name."""
    with pytest.raises(ModelFileError, match=reason) as caught:
        tflite_attachments(data, "m.tflite")
    assert str(caught.value).startswith("m.tflite: ")
    assert "\n" not in str(caught.value)


def test_archive_inside_the_model() -> None:
    """Weights at the end of the file that spell an archive are not cut off."""
    builder = flatbuffers.Builder(0)
    weights = builder.CreateByteVector(zipped(("a", b"1234"))[len(MODEL) :])

    class Weights(schema.BufferT):
        def Pack(self, builder: flatbuffers.Builder) -> int:
            schema.BufferStart(builder)
            schema.BufferAddData(builder, weights)
            return schema.BufferEnd(builder)

    model = make_model()
    model.buffers.append(Weights())
    builder.Finish(model.Pack(builder), b"TFL3")
    data = bytes(builder.Output())
    assert TfliteContent(data, "m.tflite").operators == {"ADD": 1, "TANH": 1}
    with pytest.raises(ModelFileError, match="not behind the model but inside it"):
        without_attachments(data, "m.tflite")
    with pytest.raises(ModelFileError, match="not behind the model but inside it"):
        TfliteContent(data, "m.tflite").attachments.read()


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06" + bytes(18), b"\x1c\0\0\0TFL2" + bytes(40)])
@pytest.mark.parametrize("function", [tflite_attachments, without_attachments, TfliteContent])
def test_not_tflite(function: Callable[[bytes, str], object], data: bytes) -> None:
    """A file of another kind is named as such."""
    with pytest.raises(ModelFileError, match=r"^m\.tflite: not a usable TFLite file"):
        function(data, "m.tflite")


def check_one_file(data: bytes, name: str) -> None:
    TfliteContent(data, name).check_one_file()


def test_parsed() -> None:
    """What is parsed of a model whose parts are all known."""
    content = TfliteContent(FULL, "m.tflite")
    assert content.operators == {"ADD": 1, "TANH": 1}
    assert content.inputs == {"ids": ("FLOAT32", 2)}
    assert content.outputs == {"probabilities": ("FLOAT32", 2)}
    (graph,) = content.model.subgraphs
    assert [(op.name, op.version, op.inputs, op.outputs) for op in graph.operators] == [
        ("ADD", 1, (0, 0), (1,)),
        ("TANH", 1, (1,), (2,)),
    ]
    assert (graph.inputs, graph.outputs) == ((0,), (2,))


def test_parsed_as_the_interpreter_does() -> None:
    """LiteRT's own interpreter sees the same operators, tensors, inputs and outputs."""
    content = TfliteContent(MODEL, "m.tflite")
    interpreter = Interpreter(
        model_content=MODEL,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    assert content.operators == Counter(op["op_name"] for op in interpreter._get_ops_details())
    (graph,) = content.model.subgraphs
    assert [(t.name, t.type, t.shape, t.shape_signature) for t in graph.tensors] == [
        (
            t["name"],
            np.dtype(t["dtype"]).name.upper(),
            tuple(t["shape"]),
            tuple(t["shape_signature"]),
        )
        for t in interpreter.get_tensor_details()
    ]
    assert list(graph.inputs) == [t["index"] for t in interpreter.get_input_details()]
    assert list(graph.outputs) == [t["index"] for t in interpreter.get_output_details()]


@pytest.mark.parametrize(
    ("operator_code", "name"),
    [
        (schema.OperatorCodeT(deprecatedBuiltinCode=9, version=12), "FULLY_CONNECTED"),
        (schema.OperatorCodeT(builtinCode=9, version=12), "FULLY_CONNECTED"),
        (code(150, version=12), "GELU"),
        (code(9999, version=12), "BUILTIN_9999"),
        (code(32, custom="FlexErf", version=12), "custom::FlexErf"),
    ],
)
def test_operator_codes(operator_code: schema.OperatorCodeT, name: str) -> None:
    """Old and new operator codes, numbers of newer schemas and custom operators are named."""
    model = make_model()
    model.operatorCodes[0] = operator_code
    content = TfliteContent(pack(model), "m.tflite")
    assert content.operators == {name: 1, "TANH": 1}
    assert content.model.subgraphs[0].operators[0].version == 12


def test_all_subgraphs_count() -> None:
    """Operators and tensors of a loop's body count; inputs are those of the first subgraph."""
    model = make_model()
    model.subgraphs.append(make_model().subgraphs[0])
    model.subgraphs[1].tensors[0].type = schema.TensorType.INT8
    content = TfliteContent(pack(model), "m.tflite")
    assert content.operators == {"ADD": 2, "TANH": 2}
    assert tensor_types(pack(model)) == {"FLOAT32": 5, "INT8": 1}
    assert len(content.inputs) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: setattr(m, "subgraphs", []), "no subgraph"),
        (lambda m: setattr(m.subgraphs[0], "inputs", [7]), "tensor 7"),
        (lambda m: setattr(m.subgraphs[0], "outputs", [-1]), "tensor -1"),
        (lambda m: setattr(m.subgraphs[0].operators[0], "opcodeIndex", 5), "operator code 5"),
        (lambda m: setattr(m, "operatorCodes", [schema.OperatorCodeT(-3, None, 1, -2)] * 2), "-2"),
    ],
)
def test_refuses_model(change: Callable[[schema.ModelT], None], reason: str) -> None:
    """A model that refers to what it does not have is refused."""
    model = make_model()
    change(model)
    with pytest.raises(ModelFileError, match=reason):
        everything(pack(model), "m.tflite")


def test_external_buffers() -> None:
    """A model that keeps weights in other files is refused, one without them passes."""
    check_one_file(FULL, "m.tflite")
    model = make_model()
    model.externalBufferGroups = [schema.ExternalBufferGroupT(name="/etc/passwd")]
    with pytest.raises(ModelFileError, match=r"^m\.tflite: .* other files"):
        check_one_file(pack(model), "m.tflite")


def everything(data: bytes, name: str) -> None:
    """All that is asked of a file."""
    content = TfliteContent(data, name)
    assert content.inputs is not None
    assert content.outputs is not None
    tflite_graph(data)
    sizes = content.attachments.sizes()
    assert sizes.graph + sizes.overhead + sum(sizes.attachments.values()) == len(data)
    content.check_structure(10)


def survives(data: bytes) -> None:
    """Every function either works or raises `ModelFileError`."""
    for function in (tflite_attachments, without_attachments, check_one_file, everything):
        with contextlib.suppress(ModelFileError):
            function(data, "m.tflite")
    with contextlib.suppress(ModelFileError):
        append_attachments(data, {"a": b"b"})


def test_truncated() -> None:
    """A file cut off at any byte is read or refused, never anything else."""
    for length in range(len(FULL)):
        survives(FULL[:length])


@given(st.lists(st.integers(0, 8 * len(FULL) - 1), min_size=1, max_size=6))
def test_flipped_bits(bits: list[int]) -> None:
    """A file with flipped bits is read or refused, never anything else."""
    survives(flipped(FULL, bits))


@given(st.lists(st.integers(0, 8 * (len(FULL) - len(MODEL)) - 1), min_size=1, max_size=3))
def test_flipped_bits_in_the_archive(bits: list[int]) -> None:
    """The same with every flip in the archive."""
    survives(FULL[: len(MODEL)] + flipped(FULL[len(MODEL) :], bits))
