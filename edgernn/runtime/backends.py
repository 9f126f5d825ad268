"""The two engines that run any graph: ONNX Runtime and LiteRT. Ids in, probabilities out."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from edgernn.bundle import ModelFile
from edgernn.bundle.messages import one_line
from edgernn.cells import CELLS
from edgernn.errors import DeviceError, MissingPackageError, ModelFileError
from edgernn.later import Later
from edgernn.runtime.batches import CPU_TOKENS, CUDA_TOKENS
from edgernn.runtime.cores import threads_by_default
from edgernn.runtime.devices import choose_device, import_onnxruntime
from edgernn.text import TextContract
from edgernn.text.padding import pad

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edgernn.runtime.batches import Ids

    Probabilities = npt.NDArray[np.float32]
else:
    np = Later("numpy")

__all__ = [
    "BACKENDS",
    "Backend",
    "LiteRT",
    "OnnxRuntime",
    "are_probabilities",
    "checked",
    "on_cpu_only",
    "xnnpack_fails",
]

_ROUNDING = 1e-5
"""How far an engine's sigmoid may lie outside [0, 1]."""
_SUM_ROUNDING = 1e-3
"""How far the sum of a text's probabilities may lie from 1, where one label of all is given."""

_XNNPACK_FAILS = frozenset({"WHILE", "SPLIT_V"})
"""Operators that together mark the loop of a GRU whose reset gate acts on the state. With LiteRT
2.3's default delegate, XNNPACK, its first score after a shorter text is wrong now and then, by up
to 0.13 (1 in 15 loads of a small model); without the delegate, and in all other graphs, never."""


class Backend(Protocol):
    """A loaded graph."""

    @property
    def name(self) -> str:
        """What `edgernn.load` calls the engine: `native`, `onnxruntime` or `litert`."""

    @property
    def device(self) -> str:
        """The device that really runs: `cpu` or `cuda`."""

    @property
    def batched(self) -> bool:
        """Whether a batch costs less than its texts one by one."""

    @property
    def batch_tokens(self) -> int:
        """Tokens of a batch, padding included, that is run fastest."""

    @property
    def workers(self) -> int:
        """How many calls of `run` may go on at once and gain by it."""

    def run(self, batch: Sequence[Ids], padding_ids: Sequence[int] = ()) -> Probabilities:
        """Score texts of int32 [tokens], none of them empty.

        Args:
            batch: the texts' ids.
            padding_ids: ids to put after the longest text as padding, where a graph takes any; they
                must make no difference.

        Returns:
            float32 [texts], or [texts, labels] unless the contract's decision is `threshold`.
        """


class OnnxRuntime:
    """A graph in ONNX Runtime; padding is left out of the state by the input `lengths`.

    A graph without that input takes one text a call, which has no padding.

    A recurrent layer gains nothing from threads inside a call, so each call has one, and many
    texts are scored by several calls at once on the one session.
    """

    name = "onnxruntime"

    def __init__(self, file: ModelFile, device: str, threads: int | None) -> None:
        """Load the graph; `threads` None is as many as there are cores.

        Raises:
            DeviceError: the device cannot run it.
            MissingPackageError: ONNX Runtime is not installed.
            ModelFileError: it refuses the graph.
        """
        self._path = file.path
        self._contract = contract = file.bundle.contract
        try:
            ort = import_onnxruntime()
        except ModuleNotFoundError as error:
            extra = "gpu" if device == "cuda" else "cpu"
            raise MissingPackageError(
                "onnxruntime", "running an .onnx file with ONNX Runtime", extra
            ) from error
        if on_cpu_only(file):
            # ONNX Runtime would put it on the CPU in silence.
            if device == "cuda":
                raise DeviceError(
                    f"{file.path}: CUDA was asked for; int8 LSTMs run on the CPU only"
                )
            device = "cpu" if device == "auto" else device
        self.device = choose_device(device, ort)
        on_cuda = self.device == "cuda"
        options = ort.SessionOptions()
        options.log_severity_level = 3
        # Otherwise it looks at the bytes itself, and may see another format than was checked.
        options.add_session_config_entry("session.load_model_format", "ONNX")
        # Weights stored as int8 are turned into float32 once, at load, not at each call.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        options.intra_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        if on_cuda:
            providers.insert(0, "CUDAExecutionProvider")
            # To see afterwards what runs where.
            options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        try:
            self._session = ort.InferenceSession(file.data, options, providers=providers)
        # ONNX Runtime's own exceptions share no public base but Exception.
        except Exception as error:
            raise _failed(file.path, "ONNX Runtime", error) from error
        if self._session.get_providers()[0] != providers[0]:
            raise DeviceError(
                f"{providers[0]} was asked for, ONNX Runtime chose "
                f"{self._session.get_providers()[0]}; its own message is above"
            )
        shapes = {value.name: value.shape for value in self._session.get_inputs()}
        self._takes_lengths = takes_lengths = "lengths" in shapes
        # Where activations share a scale, a graph with lengths takes one text a call, too.
        self.batched = takes_lengths and shapes.get("ids", [None])[0] != 1
        self.batch_tokens = CUDA_TOKENS if on_cuda else CPU_TOKENS
        self.workers = 1 if on_cuda else threads or threads_by_default()
        # No bound method: it would hold this object, and its session, for longer than its users do.
        (output,) = file.container.outputs(contract.decision)
        self._call: Callable[[Ids, Ids], npt.NDArray[Any]] = partial(
            _call_session if takes_lengths else _call_for_one, self._session, output
        )
        if on_cuda:
            from edgernn.runtime.cuda import BoundSession, warn_of_cpu_layers

            warn_of_cpu_layers(self._session, file.path)
            self._call = BoundSession(
                self._session, output, contract.outputs, lengths=takes_lengths
            )

    def run(self, batch: Sequence[Ids], padding_ids: Sequence[int] = ()) -> Probabilities:
        """Score one batch, padded to its longest text."""
        if not self.batched and len(batch) > 1:
            return np.concatenate([self.run([text], padding_ids) for text in batch])
        if not self._takes_lengths:
            padding_ids = ()
        ids, lengths = pad(batch, padding_ids)
        try:
            found = self._call(ids, lengths)
        except Exception as error:
            raise _failed(self._path, "ONNX Runtime", error) from error
        return checked(found, len(batch), self._path, self._contract)


class LiteRT:
    """A graph in LiteRT, one text at a time at its true length."""

    name = "litert"
    batched = False
    batch_tokens = 1
    workers = 1
    device = "cpu"

    def __init__(
        self,
        file: ModelFile,
        device: str,
        threads: int | None,
        make_interpreter: Callable[..., Any] | None = None,
        engine: str = "LiteRT",
    ) -> None:
        """Load the graph.

        Args:
            file: the model file.
            device: `auto` or `cpu`.
            threads: None is one thread, which is fastest for a recurrent graph.
            make_interpreter: a class with the interface of LiteRT's `Interpreter`, such as that
                of an older package; None is LiteRT's own, set up to be right for the graph.
            engine: what errors call it.

        Raises:
            DeviceError: another device.
            MissingPackageError: LiteRT is not installed.
            ModelFileError: it refuses the graph.
        """
        if device == "cuda":
            raise DeviceError(f"{file.path}: CUDA was asked for; .tflite files run on the CPU only")
        choose_device("cpu" if device == "auto" else device, None)
        make_interpreter = make_interpreter or _litert_for(file)
        try:
            self._interpreter = make_interpreter(model_content=file.data, num_threads=threads or 1)
            self._input = self._interpreter.get_input_details()[0]["index"]
            self._contract = contract = file.bundle.contract
            # A convolution cannot read the one step that a file starts with; texts are padded then.
            self._length = 1 if contract.padding == "none" else contract.max_length
            if self._length > 1:
                self._interpreter.resize_tensor_input(self._input, (1, self._length))
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise _failed(file.path, engine, error) from error
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._path = file.path
        self._engine = engine
        self._lock = threading.Lock()

    def run(self, batch: Sequence[Ids], padding_ids: Sequence[int] = ()) -> Probabilities:
        """Score the texts one after the other, without any padding."""
        try:
            with self._lock:
                found = [self._run_one(text) for text in batch]
        except (ValueError, RuntimeError) as error:
            raise _failed(self._path, self._engine, error) from error
        return np.concatenate([checked(one, 1, self._path, self._contract) for one in found])

    def _run_one(self, ids: Ids) -> npt.NDArray[Any]:
        interpreter = self._interpreter
        if len(ids) != self._length:
            interpreter.resize_tensor_input(self._input, (1, len(ids)))
            interpreter.allocate_tensors()
            self._length = len(ids)
        # The fused LSTM keeps its state from the call before.
        interpreter.reset_all_variables()
        interpreter.set_tensor(self._input, ids[None])
        interpreter.invoke()
        found: npt.NDArray[Any] = interpreter.get_tensor(self._output)
        return found


def _call_session(session: Any, output: str, ids: Ids, lengths: Ids) -> npt.NDArray[Any]:
    found: npt.NDArray[Any]
    (found,) = session.run([output], {"ids": ids, "lengths": lengths})
    return found


def _call_for_one(session: Any, output: str, ids: Ids, lengths: Ids) -> npt.NDArray[Any]:
    found: npt.NDArray[Any]
    (found,) = session.run([output], {"ids": ids})
    return found


BACKENDS: Final[dict[str, Callable[[ModelFile, str, int | None], Backend]]] = {
    "onnx": OnnxRuntime,
    "tflite": LiteRT,
}
"""The engine of each format."""


def on_cpu_only(file: ModelFile) -> bool:
    """Tell whether an .onnx graph holds an operator that CUDA does not have."""
    # ONNX Runtime has operators that quantize as they run for the CPU alone.
    known = (cell.onnx.int8 for cell in CELLS.values() if cell.onnx is not None)
    return any(operator.name in file.operators for operator in known if operator is not None)


def xnnpack_fails(file: ModelFile) -> bool:
    """Tell whether a .tflite graph is one that XNNPACK scores wrong now and then."""
    return _XNNPACK_FAILS.issubset(file.operators)


def _litert_for(file: ModelFile) -> Callable[..., Any]:
    """Return LiteRT's interpreter with the delegate that is right for a graph."""
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError as error:
        raise MissingPackageError(
            "ai-edge-litert", "running a .tflite file with LiteRT", "tflite"
        ) from error
    if not xnnpack_fails(file):
        return cast(Callable[..., Any], Interpreter)
    without = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return partial(Interpreter, experimental_op_resolver_type=without)


def are_probabilities(values: Sequence[float]) -> bool:
    """Tell whether numbers, at least one, are all in [0, 1]."""
    # What is not a number may be hidden from `min` and `max`, but not from the sum.
    return not math.isnan(sum(values)) and min(values) >= 0 and max(values) <= 1


def checked(
    outputs: npt.NDArray[Any], count: int, path: Path, contract: TextContract
) -> Probabilities:
    """Make sure that an engine gave what the contract says: float32 of texts, in [0, 1]."""
    several = contract.outputs
    shape = (count,) if several == 1 else (count, several)
    if outputs.shape != shape or outputs.dtype != np.float32:
        wanted = "one probability" if several == 1 else f"{several:,} probabilities"
        raise ModelFileError(
            f"{path}: the graph gave {outputs.dtype} {list(outputs.shape)} for {count} texts, not "
            f"{wanted} each: export it again or get a fresh copy"
        )
    if several == 1:
        # Batches are small: this takes less time than two reductions of an array.
        if are_probabilities(outputs.tolist()):
            return cast("Probabilities", outputs)
    elif contract.decision == "largest":
        off = np.abs(outputs.sum(axis=1, dtype=np.float64) - 1)
        if (off > _SUM_ROUNDING).any():
            raise ModelFileError(
                f"{path}: the graph gave probabilities that are {off.max():.2g} off a sum of 1 for "
                "a text: export it again or get a fresh copy"
            )
    # Not `<` and `>`: what is not a number must fail too.
    unsound = ~((outputs >= -_ROUNDING) & (outputs <= 1 + _ROUNDING))
    if unsound.any():
        raise ModelFileError(
            f"{path}: the graph gave {outputs[unsound][0]} for a text, which is not a probability: "
            "export it again or get a fresh copy"
        )
    clipped: Probabilities = np.clip(outputs, 0, 1)
    return clipped


def _failed(path: Path, engine: str, error: Exception) -> ModelFileError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return ModelFileError(f"{path}: {engine} cannot run it: {one_line(reason)}")
