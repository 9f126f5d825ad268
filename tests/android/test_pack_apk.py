"""The scripts that pack and check an APK, on archives made here; no Android tool is needed."""

from __future__ import annotations

import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from android_build import ABIS, DEMO, ROOT, empty_library

PACK = DEMO / "tools" / "pack_apk.py"
CHECK = DEMO / "tools" / "check_apk.py"
TFLITE = b"\x1c\0\0\0TFL3" + bytes(range(256))


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, encoding="utf-8", check=False
    )


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """What a packed APK is made of: resources, dex, a model, an archive with libraries."""
    with zipfile.ZipFile(tmp_path / "resources.apk", "w", zipfile.ZIP_DEFLATED) as resources:
        resources.writestr("AndroidManifest.xml", b"manifest " * 50)
        resources.writestr("resources.arsc", b"arsc " * 50)
    (tmp_path / "classes.dex").write_bytes(b"dex\n037\0" * 40)
    (tmp_path / "any name").write_bytes(TFLITE)
    with zipfile.ZipFile(tmp_path / "runtime.aar", "w") as archive:
        for abi in ABIS:
            archive.writestr(f"jni/{abi}/libone.so", empty_library(abi))
            archive.writestr(f"jni/{abi}/libtwo.so", empty_library(abi) + b"x" * 77)
    return tmp_path


def pack(parts: Path, *more: object) -> subprocess.CompletedProcess[str]:
    return run(
        PACK,
        *("--resources", parts / "resources.apk", "--dex", parts / "classes.dex"),
        *("--model", parts / "any name", "--aar", parts / "runtime.aar"),
        *("--output", parts / "app.apk", *(more or ("--abi", ",".join(ABIS)))),
    )


def test_everything_is_in_it(parts):
    """Contents are what they were; the model is named by what it is; libraries are stored."""
    done = pack(parts)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(parts / "app.apk") as apk:
        assert apk.testzip() is None
        names = {"AndroidManifest.xml", "resources.arsc", "classes.dex", "assets/model.tflite"}
        libraries = {f"lib/{abi}/{name}.so" for abi in ABIS for name in ("libone", "libtwo")}
        assert set(apk.namelist()) == names | libraries
        assert apk.read("assets/model.tflite") == TFLITE
        for name in (*libraries, "resources.arsc"):
            assert apk.getinfo(name).compress_type == zipfile.ZIP_STORED


def test_libraries_begin_at_pages(parts):
    """At multiples of 16 KB in the file itself, not only by the directory's word."""
    pack(parts)
    data = (parts / "app.apk").read_bytes()
    for abi in ABIS:
        at = data.index(empty_library(abi))
        assert at % 16384 == 0
    assert data.index(b"arsc arsc") % 4 == 0


def test_small_entries_fill_the_gaps(parts):
    """What would be zeros before a library holds resources; each is aligned all the same."""
    with zipfile.ZipFile(parts / "resources.apk", "a") as resources:
        for number in range(20):
            resources.writestr(f"res/{number}.xml", random.Random(number).randbytes(2000))
    assert pack(parts).returncode == 0
    with zipfile.ZipFile(parts / "app.apk") as apk:
        names = apk.namelist()
        assert apk.testzip() is None
    assert names[0] == "AndroidManifest.xml"
    first = min(i for i, name in enumerate(names) if name.startswith("lib/"))
    assert [name for name in names[:first] if name.startswith("res/")]
    assert [name for name in names[first:] if name.startswith("res/")]
    # Four libraries begin at a page each: the rest fits before the last one.
    assert (parts / "app.apk").stat().st_size < 5 * 16384
    data = (parts / "app.apk").read_bytes()
    assert data.index(empty_library("x86_64")) % 16384 == 0


def test_a_program_that_compresses_better(parts, tmp_path):
    """Its bytes are taken as they are; one that fails or is missing is named."""
    same = tmp_path / "same"
    same.write_text('#!/bin/sh\nexec cp "$3" "$4"\n')
    same.chmod(0o755)
    options = ("--abi", "x86_64", "--zipalign")
    assert pack(parts, "--abi", "x86_64").returncode == 0
    plain = (parts / "app.apk").read_bytes()
    assert pack(parts, *options, same).returncode == 0
    assert (parts / "app.apk").read_bytes() == plain
    same.write_text("#!/bin/sh\necho no room >&2\nexit 3\n")
    done = pack(parts, *options, same)
    assert (done.returncode, "no room" in done.stderr) == (1, True)
    done = pack(parts, *options, tmp_path / "nothing")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_the_same_parts_give_the_same_bytes(parts):
    """No time and no folder of this machine is in an APK."""
    pack(parts)
    first = (parts / "app.apk").read_bytes()
    pack(parts)
    assert (parts / "app.apk").read_bytes() == first


def test_one_abi_alone(parts):
    """Other processors' libraries stay out; one that the runtime lacks is named."""
    assert pack(parts, "--abi", "arm64-v8a").returncode == 0
    with zipfile.ZipFile(parts / "app.apk") as apk:
        assert {name.split("/")[1] for name in apk.namelist() if name.startswith("lib/")} == {
            "arm64-v8a"
        }
    done = pack(parts, "--abi", "arm64-v8a,riscv64")
    assert done.returncode == 1
    assert "no native library for riscv64; it has arm64-v8a, x86_64" in done.stderr


def test_libraries_of_a_folder(parts):
    """As edgernn's own engine is compiled; a processor without one is named."""
    for abi in ABIS:
        (parts / "native" / abi).mkdir(parents=True)
        (parts / "native" / abi / "libown.so").write_bytes(empty_library(abi))
    options = ("--libraries", parts / "native", "--abi")
    assert pack(parts, *options, "x86_64").returncode == 0
    with zipfile.ZipFile(parts / "app.apk") as apk:
        assert apk.read("lib/x86_64/libown.so") == empty_library("x86_64")
        assert "lib/x86_64/libone.so" in apk.namelist()
    (parts / "native" / "x86_64" / "libown.so").unlink()
    done = pack(parts, *options, ",".join(ABIS))
    assert done.returncode == 1
    assert f"{parts / 'native'}: no native library for x86_64" in done.stderr


def test_what_is_no_model_is_refused(parts):
    """Neither by content nor by name."""
    (parts / "any name").write_bytes(b"something else")
    done = pack(parts)
    assert done.returncode == 1
    assert "neither a TFLite file nor named .onnx" in done.stderr


def test_the_check_passes_and_prints_sizes(parts):
    """Total, libraries, the rest."""
    pack(parts)
    done = run(CHECK, parts / "app.apk", "--page-size", 16384)
    assert done.returncode == 0, done.stderr
    total = (parts / "app.apk").stat().st_size
    native = sum(120 + extra for _ in ABIS for extra in (0, 77))
    assert f"{total:,} bytes in all" in done.stdout
    assert f"{native:,} bytes of native libraries" in done.stdout
    assert f"{total - native:,} bytes of the rest" in done.stdout
    assert "warning" not in done.stdout


def rewritten(parts: Path, method: int) -> Path:
    """Write the APK again with Python's own zipfile, which aligns nothing."""
    with (
        zipfile.ZipFile(parts / "app.apk") as apk,
        zipfile.ZipFile(parts / "other.apk", "w", method) as other,
    ):
        for name in apk.namelist():
            other.writestr(name, apk.read(name))
    return parts / "other.apk"


def test_the_check_sees_what_android_cannot_map(parts):
    """A compressed library, one at an odd place, and one for smaller pages where asked."""
    pack(parts)
    done = run(CHECK, rewritten(parts, zipfile.ZIP_STORED))
    assert done.returncode == 1
    assert "libone.so begins at" in done.stderr
    done = run(CHECK, rewritten(parts, zipfile.ZIP_DEFLATED))
    assert done.returncode == 1
    assert "libtwo.so is compressed: Android cannot map it" in done.stderr
    with zipfile.ZipFile(parts / "runtime.aar", "w") as archive:
        archive.writestr("jni/x86_64/libold.so", empty_library("x86_64", 4096))
    assert pack(parts, "--abi", "x86_64").returncode == 0
    done = run(CHECK, parts / "app.apk")
    assert (done.returncode, "linked for pages of 4 KB" in done.stdout) == (0, True)
    done = run(CHECK, parts / "app.apk", "--page-size", 16384)
    assert done.returncode == 1
    assert "lib/x86_64/libold.so is linked for pages of 4096 bytes, asked for 16384" in done.stderr


def test_the_check_sees_too_many_bytes(parts):
    """Beside libraries and models, which are not counted: how large these are is not its affair."""
    pack(parts)
    with zipfile.ZipFile(parts / "app.apk") as apk:
        model = apk.getinfo("assets/model.tflite").compress_size
    own = (parts / "app.apk").stat().st_size - 2 * (120 + 197) - model
    assert run(CHECK, parts / "app.apk", "--limit", own).returncode == 0
    done = run(CHECK, parts / "app.apk", "--limit", own - 1)
    assert done.returncode == 1
    assert f"{own:,} bytes beside native libraries and models, allowed {own - 1:,}" in done.stderr


def test_what_is_no_apk_is_an_error(tmp_path):
    """A line, no traceback."""
    (tmp_path / "no.apk").write_bytes(b"nothing")
    done = run(CHECK, tmp_path / "no.apk")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_options_that_are_unknown(tmp_path):
    """The build script ends with exit code 2 before it does anything."""
    for options in (["--runtime", "coreml"], ["--fast"], ["--model"]):
        done = subprocess.run(
            [ROOT / "android_demo" / "build_apk.sh", *options],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert done.stdout == ""
