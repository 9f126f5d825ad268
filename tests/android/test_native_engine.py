"""The C engine as a phone gets it: its door for Java, and the library for each processor."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from android_build import DEMO, KOTLIN, LIBRARY, ROOT, call
from build_script import load_script

from edgernn.bundle import read_model_file
from edgernn.engine import LEVELS
from edgernn.runtime import SHIPPED_MODEL

NATIVE = KOTLIN / "native"
KOTLIN_SIDE = LIBRARY / "src/main/kotlin/org/edgernn/NativeEngine.kt"
MOST_BYTES = 150_000
"""Of a library for one processor type."""
EMULATORS = {"arm64-v8a": "qemu-aarch64", "armeabi-v7a": "qemu-arm"}
"""Of Debian's package qemu-user. x86-64 is this machine's own."""
EXPORTS = {"open", "close", "fact", "memory", "score"}


def places(header: str) -> dict[str, int]:
    """Return the functions of a JDK's table by name, with their places in it."""
    table = header.partition("struct JNINativeInterface_ {")[2].partition("};")[0]
    table = re.sub(
        r"/\*.*?\*/|#\s*ifdef __cplusplus.*?#\s*endif|^#.*?$", "", table, flags=re.S | re.M
    )
    members = [one for one in table.split(";") if one.strip()]
    names = [re.search(r"\*\s*(\w+)\)\s*\(|\*\s*(reserved\d)", one) for one in members]
    return {(name[1] or name[2]): place for place, name in enumerate(names) if name}


def test_the_table_of_java_is_the_jdks():
    """The places of functions and the sizes of types that the glue declares itself."""
    javac = shutil.which("javac")
    folder = Path(javac).resolve().parents[1] / "include" if javac else Path("none")
    if not (folder / "jni.h").is_file():
        pytest.skip("not here: jni.h; on Debian: apt-get install openjdk-17-jdk-headless")
    header = (folder / "jni.h").read_text("utf-8")
    there = places(header)
    assert (there["GetVersion"], there["GetObjectRefType"]) == (4, 232)
    own = (NATIVE / "jni_types.h").read_text("utf-8")
    used = dict(re.findall(r"\bJNI_(\w+) = (\d+)", own))
    assert len(used) == 7
    by_name = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper(): at for name, at in there.items()}
    assert {name: by_name[name] for name in used} == {k: int(v) for k, v in used.items()}
    machine = next(folder.glob("*/jni_md.h")).read_text("utf-8")
    for name, declared, is_c in (
        ("jint", "int32_t", "typedef int jint"),
        ("jlong", "int64_t", "typedef long jlong"),
        ("jbyte", "int8_t", "typedef signed char jbyte"),
    ):
        assert f"typedef {declared} {name};" in own
        assert is_c in machine
    assert re.search(r"typedef float\s+jfloat;", header)


def test_kotlin_and_c_have_the_same_functions_and_numbers():
    """What one side declares, the other has; levels and the message's size are the header's."""
    kotlin = KOTLIN_SIDE.read_text("utf-8")
    glue = (NATIVE / "edgernn_jni.c").read_text("utf-8")
    assert set(re.findall(r"external fun (\w+)\(", kotlin)) == EXPORTS
    assert set(re.findall(r"NAME\((\w+)\)\(", glue)) == EXPORTS
    levels = re.search(r"LEVELS = listOf\(([^)]*)\)", kotlin)
    assert levels
    assert tuple(re.findall(r'"(\w+)"', levels[1])) == LEVELS
    header = (ROOT / "engine" / "include" / "edgernn.h").read_text("utf-8")
    size = re.search(r"char message\[(\d+)\]", header)
    assert size
    assert f"MESSAGE_BYTES = {size[1]}" in kotlin


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library for each of Android's processors."""
    pytest.importorskip("ziglang", reason="needs the compiler: pip install ziglang")
    folder = tmp_path_factory.mktemp("native")
    call(sys.executable, NATIVE / "build.py", "--output", folder)
    return folder


@pytest.mark.slow
@pytest.mark.spawns
@pytest.mark.parametrize("abi", load_script(NATIVE / "build.py").ANDROID)
def test_the_library_for_a_phone(abi, libraries, tmp_path):
    """Small, for pages of 16 KB, asks for nothing, and gives what the golden vectors say."""
    if shutil.which("readelf") is None:
        pytest.skip("not here: readelf; on Debian: apt-get install binutils")
    library = libraries / abi / "libedgernn_jni.so"
    assert 50_000 < library.stat().st_size <= MOST_BYTES
    assert load_script(DEMO / "tools" / "check_apk.py").page_size(library.read_bytes()) == 16384
    said = call("readelf", "--dyn-syms", "--dynamic", "--sections", "--wide", library)
    names = re.findall(r"^ +\d+: \S+ +\d+ \w+ +(\w+) +\w+ +(\w+) (\S+)$", said, re.M)
    assert {name for _, _, name in names} == {
        f"Java_org_edgernn_NativeEngine_{name}" for name in EXPORTS
    }
    assert all(where != "UND" for _, where, _ in names)
    assert "NEEDED" not in said
    # What is protected after relocation ends at a page of 4 KB: nothing written may follow it.
    assert not re.search(r" \.(data|bss|tdata|tbss|init_array) ", said)

    emulator = EMULATORS.get(abi)
    if emulator and shutil.which(emulator) is None:
        pytest.skip(f"not here: {emulator}; on Debian: apt-get install qemu-user")
    triple = load_script(NATIVE / "build.py").ANDROID[abi].triple
    program = tmp_path / "load_library"
    caches = {f"ZIG_{kind}_CACHE_DIR": str(tmp_path / kind) for kind in ("GLOBAL", "LOCAL")}
    source = Path(__file__).with_name("load_library.c")
    compiler = (sys.executable, "-m", "ziglang", "cc", "-target", triple, "-static", "-O1")
    call(*compiler, "-Wall", "-Wextra", "-Wno-cast-function-type", source, "-o", program, **caches)
    texts = tmp_path / "texts"
    vectors = [v for v in read_model_file(SHIPPED_MODEL).bundle.golden.vectors if v.ids]
    lines = [" ".join(map(str, vector.ids)) for vector in vectors]
    texts.write_text("\n".join([*lines, "1 2 99999999", ""]) + "\n")
    command = [*([emulator] if emulator else []), program, library, SHIPPED_MODEL]
    said = call("sh", "-c", '"$@" <"$0"', texts, *command)
    found = said.splitlines()
    # An id that the table lacks, and a text without ids.
    assert found[len(lines) :] == ["status 4", "status 4"]
    expected = [vector.probability for vector in vectors]
    np.testing.assert_allclose([float(x) for x in found[: len(lines)]], expected, atol=2e-6, rtol=0)
