"""build_apk.sh --release: signed with a key of one's own, whose password is in no command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from android_build import DEMO, call, need_tools

SCRIPT = DEMO / "build_apk.sh"
PASSWORD = "correct horse"


def refused(*options: object, **environment: str) -> tuple[int, str]:
    """Return the exit code and the first line of a build that is not to begin."""
    done = subprocess.run(
        [SCRIPT, "--no-compile", *map(str, options)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        check=False,
        timeout=60,
    )
    assert PASSWORD not in done.stderr
    return done.returncode, done.stderr.split("\n")[0]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--release",), "--release needs --keystore FILE"),
        (("--keystore", SCRIPT), "--keystore and --key-alias are for --release"),
        (("--release", "--keystore", "/no/such.jks"), "--keystore /no/such.jks: no such file"),
        (("--release", "--keystore"), "--keystore needs a value"),
        (("--version-code", "2100000001"), "--version-code 2100000001 is no number from 1 to"),
    ],
)
def test_wrong_usage(options, line):
    """Exit code 2, before anything is built."""
    code, said = refused(*options)
    assert code == 2
    assert line in said


def keystore(path: Path, *aliases: str, owner: str = "CN=Somebody") -> Path:
    """Make a keystore that is thrown away after the test."""
    for alias in aliases:
        made = ("-genkeypair", "-keystore", path, "-storepass:env", "PASSWORD", "-alias", alias)
        key = ("-dname", owner, "-keyalg", "RSA", "-keysize", "2048", "-validity", "2")
        call("keytool", *made, *key, PASSWORD=PASSWORD)
    return path


@pytest.mark.slow
def test_keys_that_cannot_sign(tmp_path):
    """A wrong or missing password, a choice of keys, the debug key: each is said at once."""
    need_tools()
    own = keystore(tmp_path / "own.jks", "one")
    given = {"EDGERNN_KEYSTORE_PASSWORD": PASSWORD}
    code, said = refused("--release", "--keystore", own)
    assert code == 1
    assert "set EDGERNN_KEYSTORE_PASSWORD" in said
    code, said = refused("--release", "--keystore", own, EDGERNN_KEYSTORE_PASSWORD="wrong horse")
    assert code == 1
    assert "password was incorrect" in said
    code, said = refused("--release", "--keystore", own, "--key-alias", "two", **given)
    assert code == 1
    assert "Alias <two> does not exist" in said
    several = keystore(tmp_path / "several.jks", "one", "two")
    code, said = refused("--release", "--keystore", several, **given)
    assert code == 1
    assert "has 2 keys: name the one to sign with by --key-alias" in said
    debug = keystore(tmp_path / "debug.jks", "one", owner="CN=Android Debug,O=Android,C=US")
    code, said = refused("--release", "--keystore", debug, **given)
    assert code == 1
    assert "has the debug key" in said


@pytest.mark.slow
def test_a_release_is_signed_with_the_key_given(compiled, tmp_path):
    """As Android 7 and later ask; it cannot be debugged and has the version asked for."""
    pytest.importorskip("ziglang", reason="needs the compiler: pip install ziglang")
    store = keystore(tmp_path / "own.jks", "upload", "other")
    output = tmp_path / "release.apk"
    options = ("--version-code", "42", "--version-name", "4.2", "--output", output)
    signing = ("--release", "--keystore", store, "--key-alias", "upload")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    said = call(
        *(SCRIPT, "--no-compile", *signing, *options),
        PATH=path,
        EDGERNN_KEYSTORE_PASSWORD=PASSWORD,
    )
    assert PASSWORD not in said
    shown = call("apksigner", "verify", "--verbose", "--print-certs", output)
    assert "Verified using v2 scheme (APK Signature Scheme v2): true" in shown
    assert "Verified using v3 scheme (APK Signature Scheme v3): true" in shown
    assert "Number of signers: 1" in shown
    printed = "certificate SHA-256 digest: "
    (digest,) = [line.partition(printed)[2] for line in shown.split("\n") if printed in line]
    listed = call(
        *("keytool", "-list", "-keystore", store, "-storepass:env", "PASSWORD", "-alias", "upload"),
        PASSWORD=PASSWORD,
    )
    assert digest.upper() in listed.replace(":", "")
    badging = call("aapt", "dump", "badging", output)
    assert "versionCode='42' versionName='4.2'" in badging
    assert "application-debuggable" not in badging
