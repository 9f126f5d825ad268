"""The functions of engine/include/edgernn.h.

A call leaves Python's lock, so that threads score with one model at once. All memory of a model is
Python's own: it goes with the object.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import sys
import threading
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from edgernn.later import Later

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ids = npt.NDArray[np.int32]
else:
    np = Later("numpy")


__all__ = [
    "LEVELS",
    "LIBRARY",
    "STATUSES",
    "EngineError",
    "Library",
    "Model",
    "Opened",
    "installed",
]

LIBRARY: Final = Path(__file__).parent / (
    {"win32": "edgernn.dll", "darwin": "libedgernn.dylib"}.get(sys.platform, "libedgernn.so")
)
"""Where an installation has the compiled engine, on platforms that it is compiled for."""

LEVELS: Final = ("auto", "plain", "avx2", "avx512")
"""Instructions that the arithmetic uses, by number; `auto` is the best that the processor has."""

STATUSES: Final = ("ok", "broken", "unsupported", "no memory", "bad call")
"""What a call of the engine may end in, by number."""

Block = bytearray | mmap.mmap
"""Memory of the engine's."""

_HUGE_PAGE = 1 << 21

_SCRATCH_IDS = 4096
"""Ids of texts that go through a layer together: enough that slots are seldom empty, few enough
that what a layer writes stays in a core's cache."""


class EngineError(Exception):
    """The engine refuses a file or a call."""

    def __init__(self, status: str, message: str) -> None:
        """Take one of `STATUSES` and the engine's own line."""
        super().__init__(message)
        self.status = status


class Library:
    """The compiled engine."""

    def __init__(self, path: Path) -> None:
        """Load it.

        Raises:
            OSError: the system's loader cannot.
        """
        self.path = path
        self.functions: Any = ctypes.CDLL(str(path))
        """The functions as ctypes has them."""
        number, text = ctypes.c_int, ctypes.c_char_p
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        opened = [ctypes.POINTER(_Allocator), ctypes.POINTER(pointer), ctypes.POINTER(_Error)]
        for name, result, arguments in (
            ("open", number, [text, size, number, *opened]),
            ("outputs", ctypes.c_int32, [pointer]),
            ("vocabulary_size", ctypes.c_int32, [pointer]),
            ("level_of", number, [pointer]),
            ("shortest_text", size, [pointer]),
            ("scratch_size", size, [pointer, size]),
            ("score", number, [pointer, pointer, pointer, size, pointer, pointer, size]),
        ):
            function = getattr(self.functions, f"edgernn_{name}")
            function.restype, function.argtypes = result, arguments

    def open(self, file: bytes, level: str = "auto") -> Model:
        """Open a model file.

        Args:
            file: the bytes of an .onnx or .tflite file.
            level: one of `LEVELS`.

        Raises:
            EngineError: the file is broken or the engine does not run its graph, or the processor
                does not have the level.
        """

        def call(*arguments: Any) -> int:
            return int(self.functions.edgernn_open(file, len(file), *arguments))

        return self.open_with(call, level)

    def open_with(
        self,
        call: Callable[..., int],
        level: str = "auto",
        allocate: Callable[[int], Block | None] | None = None,
    ) -> Model:
        """Open a model with a function that takes level, allocator, model and error.

        Args:
            call: returns one of `STATUSES` by number.
            level: one of `LEVELS`.
            allocate: gives so many bytes, or None.
        """
        opened = Opened(partial(call, LEVELS.index(level)), allocate)
        return Model(self.functions, opened)


class Opened:
    """What the engine has made in memory of Python's, which goes with this object."""

    def __init__(
        self,
        call: Callable[..., int],
        allocate: Callable[[int], Block | None] | None = None,
    ) -> None:
        """Make it.

        Args:
            call: takes the allocator, where the pointer goes, and the error; returns one of
                `STATUSES` by number.
            allocate: gives so many bytes, or None; by default any that Python has.

        Raises:
            EngineError: the engine refuses.
        """
        memory: dict[int, Block] = {}
        allocate = allocate or _allocated

        def take(_: Any, count: int) -> int | None:
            try:
                block = allocate(count)
            except (MemoryError, OSError):
                block = None
            if block is None:
                return None
            address = ctypes.addressof(ctypes.c_char.from_buffer(block))
            if isinstance(block, mmap.mmap):
                address += -address % _HUGE_PAGE
            memory[address] = block
            return address

        def release(_: Any, address: int) -> None:
            del memory[address]

        self.address, error = ctypes.c_void_p(), _Error()
        allocator = _Allocator(_Allocate(take), _Release(release), None)
        arguments = (ctypes.byref(allocator), ctypes.byref(self.address), ctypes.byref(error))
        found = _undisturbed(partial(call, *arguments))
        if found:
            assert not memory, "the engine released what it took"
            raise EngineError(STATUSES[found], error.message.decode("ascii", "replace"))
        self._memory = memory


class Model:
    """An open model. Many threads may score with it at once."""

    def __init__(self, functions: Any, opened: Opened) -> None:
        """Take what `Library.open` has opened."""
        self._functions = functions
        self._opened = opened
        self._model = model = opened.address
        self.outputs: Final = int(functions.edgernn_outputs(model))
        """Probabilities that a text has: 1 for two labels."""
        self.vocabulary_size: Final = int(functions.edgernn_vocabulary_size(model))
        self.level: Final = LEVELS[functions.edgernn_level_of(model)]
        """The level that really runs, one of `LEVELS`."""
        self.shortest_text: Final = int(functions.edgernn_shortest_text(model))
        """Ids that a text has at least."""
        self._scratch = threading.local()

    def score(self, texts: Sequence[Ids]) -> npt.NDArray[np.float32]:
        """Score texts; each one's probabilities depend on no other text, bit for bit.

        Args:
            texts: int32 [ids] of each, at least `shortest_text` and at least one.

        Returns:
            float32 [texts, outputs].

        Raises:
            EngineError: a text is too short, or an id is not in the vocabulary.
        """
        offsets = np.zeros(len(texts) + 1, np.int64)
        if len(texts) == 1:
            ids = np.ascontiguousarray(texts[0], np.int32)
            offsets[1] = longest = len(ids)
        else:
            lengths = list(map(len, texts))
            np.cumsum(lengths, out=offsets[1:])
            ids = np.concatenate(texts, dtype=np.int32) if texts else np.zeros(0, np.int32)
            longest = max([_SCRATCH_IDS, *lengths])
        found = np.empty((len(texts), self.outputs), np.float32)
        scratch = self._scratch_for(longest)
        status = self._functions.edgernn_score(
            self._model,
            ids.ctypes.data,
            offsets.ctypes.data,
            len(texts),
            found.ctypes.data,
            scratch.address,
            scratch.size,
        )
        if status:
            raise EngineError(
                STATUSES[status],
                f"ids must be 0 to {self.vocabulary_size - 1:,}, texts at least "
                f"{self.shortest_text} ids long",
            )
        return found

    @property
    def address(self) -> ctypes.c_void_p:
        """Where the engine has it."""
        return self._model

    def scratch_size(self, ids: int) -> int:
        """Return the bytes of scratch memory for texts that together have so many ids."""
        return int(self._functions.edgernn_scratch_size(self._model, ids))

    def _scratch_for(self, ids: int) -> _Scratch:
        """Return this thread's memory, for texts of so many ids."""
        held: _Scratch | None = getattr(self._scratch, "held", None)
        if held is None or held.ids < ids:
            size = self.scratch_size(ids)
            memory = np.empty(size, np.uint8)
            self._scratch.held = held = _Scratch(ids, memory, memory.ctypes.data, size)
        return held


def _undisturbed(call: Callable[[], int]) -> int:
    """Call in a thread other than the main one, where no handler of a signal runs.

    What Ctrl-C raises in a function that C calls is lost, and what that returns is any address.
    """
    if threading.current_thread() is not threading.main_thread():
        return call()
    found: list[int | BaseException] = []
    is_done = threading.Event()

    def run() -> None:
        try:
            found.append(call())
        except BaseException as error:  # noqa: BLE001 - it is raised in the calling thread
            found.append(error)
        finally:
            is_done.set()

    threading.Thread(target=run, name="edgernn-open").start()
    try:
        is_done.wait()
    finally:
        # Ctrl-C ends the wait, not the engine's work on memory of ours.
        is_done.wait()
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def _allocated(count: int) -> Block:
    """Return so many bytes, those of large tables in large pages where the system has them.

    A table of 10 MB has 2,500 usual pages, more than a processor keeps the addresses of: looking
    them up took 8 % of the time of a text.
    """
    if count < _HUGE_PAGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return bytearray(count)
    block = mmap.mmap(-1, count + _HUGE_PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # A kernel without them says so, and gives usual ones.
    with contextlib.suppress(OSError):
        block.madvise(mmap.MADV_HUGEPAGE)
    return block


@cache
def installed() -> Library | None:
    """Return the engine that was installed with the package; None where it was not compiled.

    Raises:
        OSError: it is there, and the system's loader refuses it.
    """
    return Library(LIBRARY) if LIBRARY.exists() else None


class _Scratch(NamedTuple):
    ids: int
    memory: npt.NDArray[np.uint8]
    address: int
    size: int


_Allocate = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_Release = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class _Allocator(ctypes.Structure):
    _fields_ = (("allocate", _Allocate), ("release", _Release), ("context", ctypes.c_void_p))


class _Error(ctypes.Structure):
    _fields_ = (("message", ctypes.c_char * 256),)
