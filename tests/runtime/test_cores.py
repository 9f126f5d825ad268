"""The number of threads where nobody says: affinity, control groups, the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edgernn import UsageError, load
from edgernn.runtime import cores as module
from edgernn.runtime.cores import asked_threads, cgroup_quota, cores, threads_by_default

Files = dict[tuple[str, str], Path]

V1 = "4:memory:/job\n2:cpu,cpuacct:{group}\n0::/elsewhere\n"
V1_MOUNT = "33 31 0:29 {root} {mount} rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
V2_MOUNT = "41 31 0:38 {root} {mount} rw - cgroup2 cgroup2 rw,nsdelegate\n"
MEMORY_MOUNT = "34 31 0:30 / /nowhere rw - cgroup cgroup rw,memory\n"


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"mount/a/b/cpu.max": "150000 100000\n"}, 1.5),
        ({"mount/a/b/cpu.max": "max 100000\n"}, None),
        ({"mount/a/b/cpu.max": "max 100000\n", "mount/a/cpu.max": "400000 100000\n"}, 4),
        ({"mount/a/b/cpu.max": "800000 100000\n", "mount/cpu.max": "400000 100000\n"}, 4),
        ({"mount/a/b/cpu.max": "100000\n"}, None),
        ({"mount/a/b/cpu.max": "100000 0\n"}, None),
        ({"mount/other/cpu.max": "100000 100000\n"}, None),
    ],
)
def test_quota_of_version_2(tmp_path: Path, files: dict[str, str], expected: float | None) -> None:
    """The group's own and those above it; the smallest counts, `max` is none."""
    written(tmp_path, files)
    process = written(
        tmp_path / "proc",
        {
            "cgroup": "0::/a/b\n",
            "mountinfo": V2_MOUNT.format(root="/", mount=tmp_path / "mount"),
        },
    )
    assert cgroup_quota(process) == expected


@pytest.mark.parametrize("root", ["/", "/docker/1234"])
@pytest.mark.parametrize(("quota", "expected"), [("50000", 0.5), ("-1", None)])
def test_quota_of_version_1(tmp_path: Path, root: str, quota: str, expected: float | None) -> None:
    """In a container the group itself is mounted, whose path is the host's."""
    group = "/docker/1234"
    folder = "mount" if root == group else f"mount{group}"
    written(tmp_path, {f"{folder}/cpu.cfs_quota_us": quota})
    written(tmp_path, {f"{folder}/cpu.cfs_period_us": "100000\n"})
    mount = V1_MOUNT.format(root=root, mount=tmp_path / "mount")
    process = written(
        tmp_path / "proc",
        {"cgroup": V1.format(group=group), "mountinfo": MEMORY_MOUNT + mount},
    )
    assert cgroup_quota(process) == expected


def test_quota_where_nothing_is_told(tmp_path: Path) -> None:
    """Other systems have no such files, and files may hold anything."""
    assert cgroup_quota(tmp_path) is None
    odd = {"cgroup": "odd\n:\n\n", "mountinfo": "odd\n - \n1 2 3 4 5 - cgroup2\n"}
    assert cgroup_quota(written(tmp_path, odd)) is None


@pytest.mark.parametrize(("quota", "expected"), [(0.3, 1), (1.0, 1), (1.2, 2), (64, 4), (None, 4)])
def test_cores(monkeypatch: pytest.MonkeyPatch, quota: float | None, expected: int) -> None:
    """A part of a core counts as one; never more than the affinity allows."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(module, "cgroup_quota", lambda _: quota)
    assert cores() == expected


@pytest.fixture
def group_of_one_core() -> Iterator[Path]:
    """A control group of the kernel's with a quota of one core."""
    hierarchies = (
        (Path("/sys/fs/cgroup"), "cpu.max", "100000 100000"),
        (Path("/sys/fs/cgroup/cpu"), "cpu.cfs_quota_us", "100000"),
        (Path("/sys/fs/cgroup/cpu,cpuacct"), "cpu.cfs_quota_us", "100000"),
    )
    for mount, name, limit in hierarchies:
        # What is mounted elsewhere is a folder like any other.
        if not (mount / "cgroup.procs").exists():
            continue
        group = mount / f"edgernn-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            with suppress(OSError):
                (group / name).write_text(limit)
                yield group
                return
        finally:
            group.rmdir()
    pytest.skip("this process may not make a control group with a quota")


def test_cores_in_a_real_group(group_of_one_core: Path) -> None:
    """A process that joins the group has one core, whatever its affinity."""
    code = (
        f"import os; open({str(group_of_one_core / 'cgroup.procs')!r}, 'w').write('0')\n"
        "from edgernn.runtime.cores import cores; print(cores())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (found.stdout, found.stderr) == ("1\n", "")
    assert cores() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("openmp", "expected"),
    [("", 4), ("1", 1), (" 2 ", 2), ("2,4", 2), ("16", 4), ("1000000000", 4), ("0", 4), ("a", 4)],
)
def test_openmp(
    monkeypatch: pytest.MonkeyPatch,
    recwarn: pytest.WarningsRecorder,
    openmp: str,
    expected: int,
) -> None:
    """It lowers the number and never raises it; what it cannot be is told."""
    monkeypatch.setattr(module, "cores", lambda: 4)
    assert threads_by_default({"OMP_NUM_THREADS": openmp}) == expected
    told = [str(warning.message) for warning in recwarn]
    is_wrong = openmp in ("0", "a", "1000000000")
    assert told == [f"OMP_NUM_THREADS={openmp!r} is no number of threads: it is left aside"] * (
        is_wrong
    )


def test_own_variable(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes before all but the argument, and a wrong one is an error."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("EDGERNN_THREADS", "3")
    file = tiny_files["onnx", "int8"]

    def workers(threads: int | None) -> int:
        with load(file, "cpu", threads=threads) as classifier:
            return classifier._open_model()._backend.workers

    assert (workers(None), workers(2)) == (3, 2)
    monkeypatch.delenv("EDGERNN_THREADS")
    assert workers(None) == 1
    for wrong in ("0", "-1", "1025", "two", "1.5"):
        with pytest.raises(UsageError, match=f"EDGERNN_THREADS='{wrong}' is no whole number"):
            asked_threads({"EDGERNN_THREADS": wrong})
    assert asked_threads({"EDGERNN_THREADS": " "}) is None
