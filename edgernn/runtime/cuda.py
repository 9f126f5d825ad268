"""What CUDA needs beside the CPU's session: page-locked buffers, and a look at what runs where.

A GPU copies from page-locked ("pinned") memory without a copy of its own in between.
"""

from __future__ import annotations

import ctypes
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from edgernn.cells import operators
from edgernn.runtime.devices import CUDA_DRIVER

if TYPE_CHECKING:
    from edgernn.runtime.batches import Ids

__all__ = ["BoundSession", "pinned_bytes", "warn_of_cpu_layers"]

Bytes = npt.NDArray[np.uint8]

_RECURRENT = frozenset({"Loop", "Scan"} | {operator.type for operator, _ in operators("onnx")})
_PORTABLE = 1  # CU_MEMHOSTALLOC_PORTABLE: pinned for every context, whoever made it.


class BoundSession:
    """Calls a session through an IO binding with buffers that are pinned and used again."""

    def __init__(
        self,
        session: Any,
        output: str = "probability",
        outputs: int = 1,
        pin: Callable[[int], Bytes] | None = None,
        *,
        lengths: bool = True,
    ) -> None:
        """Allocate nothing yet.

        Args:
            session: ONNX Runtime's.
            output: name of the graph's output.
            outputs: how many probabilities it gives for a text.
            pin: gives so many bytes of pinned memory.
            lengths: whether the graph has that input; one for a text a call has not.
        """
        self._takes = ("ids", "lengths") if lengths else ("ids",)
        self._session = session
        self._output = output
        self._each: tuple[int, ...] = () if outputs == 1 else (outputs,)
        self._buffers = {name: _Buffer(pin or pinned_bytes) for name in ("ids", "lengths", "out")}
        self._lock = threading.Lock()

    def __call__(self, ids: Ids, lengths: Ids) -> npt.NDArray[Any]:
        """Score int32 [texts, time] and [texts]; one call at a time.

        Returns:
            float32 [texts], or [texts, outputs] of more than one.
        """
        with self._lock:
            binding = self._session.io_binding()
            for name, values in zip(self._takes, (ids, lengths), strict=False):
                bound = self._buffers[name].array(values.shape, np.dtype(np.int32))
                np.copyto(bound, values)
                binding.bind_input(name, "cpu", 0, np.int32, bound.shape, bound.ctypes.data)
            shape = (*lengths.shape, *self._each)
            out = self._buffers["out"].array(shape, np.dtype(np.float32))
            binding.bind_output(self._output, "cpu", 0, np.float32, out.shape, out.ctypes.data)
            self._session.run_with_iobinding(binding)
            return out.copy()


class _Buffer:
    """Memory that grows to the largest array asked for."""

    def __init__(self, allocate: Callable[[int], Bytes]) -> None:
        self._allocate = allocate
        self._bytes: Bytes = np.zeros(0, np.uint8)

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        size = int(np.prod(shape)) * dtype.itemsize
        if size > self._bytes.size:
            self._bytes = self._allocate(max(size, 2 * self._bytes.size))
        return self._bytes[:size].view(dtype).reshape(shape)


def pinned_bytes(count: int, driver: Any = None) -> Bytes:
    """Return so many bytes of page-locked memory, uint8 [count]; freed with the array.

    Ordinary memory, with a warning, where the driver gives none: scores stay right, copies to the
    GPU take longer.

    Args:
        count: at least one.
        driver: the CUDA driver's library; None loads it.
    """
    driver = driver or ctypes.CDLL(CUDA_DRIVER)
    device, context, address = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
    # The primary context is the one that ONNX Runtime uses.
    for name, arguments in (
        ("cuInit", (0,)),
        ("cuDeviceGet", (ctypes.byref(device), 0)),
        ("cuDevicePrimaryCtxRetain", (ctypes.byref(context), device)),
        ("cuCtxSetCurrent", (context,)),
        ("cuMemHostAlloc", (ctypes.byref(address), ctypes.c_size_t(count), _PORTABLE)),
    ):
        code = getattr(driver, name)(*arguments)
        if code != 0:
            warnings.warn(
                f"no page-locked memory from CUDA ({name}: error {code}): copies take longer",
                RuntimeWarning,
                stacklevel=2,
            )
            return np.zeros(count, np.uint8)
    memory = _Pinned(address, count, driver)
    return np.asarray(memory)


class _Pinned:
    """Owns page-locked memory for as long as an array looks at it."""

    def __init__(self, address: ctypes.c_void_p, count: int, driver: Any) -> None:
        self._address = address
        self._driver = driver
        self.__array_interface__ = {
            "data": (address.value, False),
            "shape": (count,),
            "typestr": "|u1",
            "version": 3,
        }

    def __del__(self) -> None:
        self._driver.cuMemFreeHost(self._address)


def warn_of_cpu_layers(session: Any, path: Path) -> None:
    """Warn when a recurrent layer of a session for CUDA would run on the CPU.

    ONNX Runtime puts what CUDA cannot run onto the CPU without a word. The session must have been
    made with `session.record_ep_graph_assignment_info`.
    """
    on_cpu = sorted(
        {
            node.op_type
            for part in session.get_provider_graph_assignment_info()
            if part.ep_name != "CUDAExecutionProvider"
            for node in part.get_nodes()
            if node.op_type in _RECURRENT
        }
    )
    if on_cpu:
        warnings.warn(
            f"{path}: on CUDA, ONNX Runtime still runs the recurrent layers "
            f"({', '.join(on_cpu)}) on the CPU; device cpu is likely to be faster",
            RuntimeWarning,
            stacklevel=2,
        )
