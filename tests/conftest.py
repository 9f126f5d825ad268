"""What tests of several rooms share: the data folder, the reviews' vocabulary, a tiny model."""

from __future__ import annotations

import dataclasses
import gc
import importlib
import pkgutil
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
import sharing_out
import tiers
from hypothesis import HealthCheck, settings
from made_once import made_once, shared_folder
from read_networks import Reader, compile_readers
from tiny_runs import TINY_SUBWORDS, TinyFiles, open_shared, shared_run, tiny_bilstm, write_run

import edgernn.privacy
import edgernn.runtime.adapters

if TYPE_CHECKING:
    from xdist.remote import Producer

    from exporters.export import TrainedModel

ROOT = Path(__file__).resolve().parents[1]

# In the background of a shell Ctrl-C is switched off, for the processes that tests start, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Before a test imports ONNX Runtime, and for the processes that tests start.
edgernn.privacy.switch_telemetry_off()

# TensorFlow makes objects by the hundred thousand as it traces, and most of them stay. To look
# through them as often as Python does by itself takes about a seventh of the time.
gc.set_threshold(50_000, 10, 10)

_MEASURED_ROOMS = ("text", "bundle", "runtime")
"""Folders of tests that are measured by coverage, where it is asked for: those of the packages that
it reports on. Tracing the others would take a third of their time and add next to nothing."""

_guard = tiers.Guard()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave files alone that import TensorFlow at once, where none of their tests will run."""
    if collection_path.name.startswith("test_") and collection_path.suffix == ".py":
        left_out = tiers.leaves_out(config.option.markexpr, "keras")
        return True if left_out and tiers.imports_heavy(collection_path) else None
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Set the tiers, before `-m` chooses."""
    tiers.mark(items)
    items[:] = sharing_out.longest_first(items)
    if tiers.leaves_out(config.option.markexpr, "keras") and "tensorflow" in sys.modules:
        raise pytest.UsageError("tests were left out for TensorFlow, and something imported it")


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Measure what the measured packages do as they are imported, and not what tests import."""
    if session.config.pluginmanager.has_plugin("_cov"):
        for room in _MEASURED_ROOMS:
            package = importlib.import_module(f"edgernn.{room}")
            for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
                importlib.import_module(module.name)
    with _coverage(session.config, "pause"):
        return (yield)


def pytest_collection_finish() -> None:
    """Leave what was imported by now out of what is looked through."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Producer
) -> sharing_out.FilesTogether | None:
    """Share files out as `sharing_out` has it, unless another way is asked for."""
    return sharing_out.FilesTogether(config, log) if config.option.dist == "loadfile" else None


@contextmanager
def _coverage(config: pytest.Config, change: Literal["pause", "resume"]) -> Iterator[None]:
    """Pause or resume measuring in the block, where coverage is asked for."""
    controller = getattr(config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    if controller is None:
        yield
        return
    getattr(controller, change)()
    try:
        yield
    finally:
        getattr(controller, "pause" if change == "resume" else "resume")()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no test as a whole: what it sets up would cost a third more with Keras."""
    with _coverage(item.config, "pause"):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Measure what tests of the measured rooms call, but for those marked as `unmeasured`."""
    room = item.path.relative_to(ROOT).parts[1]
    if room not in _MEASURED_ROOMS or item.get_closest_marker("unmeasured"):
        return (yield)
    with _coverage(item.config, "resume"):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Begin to watch a test with what it sets up."""
    _guard.start(hide=item.get_closest_marker("keras") is None)
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> None:
    """See a test skip itself for what was hidden from it."""
    if call.excinfo is not None:
        _guard.note_skip(call.excinfo)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that did what its markers do not say, or left Ctrl-C switched otherwise."""
    result = yield
    # A later test that sends the signal would end the whole process.
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pytest.fail("the test left another handler of SIGINT", pytrace=False)
    for marker, deed in _guard.stop().items():
        if item.get_closest_marker(marker) is None:
            pytest.fail(f"the test {deed} without the marker `{marker}`", pytrace=False)
    return result


# How long an example takes says something of the machine, and of what else it does.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("any machine"), max_examples=1000)
settings.load_profile("any machine")


@pytest.fixture
def only_new_garbage() -> Iterator[None]:
    """Let `gc.collect` look at what the test made: all that earlier ones left can take a minute."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def without_other_runtimes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a file be verified by the engines alone: other runtimes take a process and seconds each.

    `tests/runtime/test_other_runtimes.py` is about them. Without `monkeypatch`, which would then be
    set up before other automatic fixtures, and undo what a test changes after them.
    """
    before = edgernn.runtime.adapters.ADAPTERS
    if request.path.name != "test_other_runtimes.py":
        edgernn.runtime.adapters.ADAPTERS = {}
    yield
    edgernn.runtime.adapters.ADAPTERS = before


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with the IMDB archive and vocabulary, which the repository does not hold."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared/data folder beside the repository")
    return folder


@pytest.fixture(scope="session")
def imdb_vocabulary(request: pytest.FixtureRequest) -> bytes:
    """The file `imdb-subwords8k.subwords`: the package's copy, else that of the data folder."""
    path = ROOT / "benchmarks" / "models" / "subword-bilstm" / "vocabulary.subwords"
    if not path.exists():
        path = request.getfixturevalue("shared_dir") / "imdb-subwords8k.subwords"
    if not path.exists():
        pytest.skip("no IMDB vocabulary, neither in the package nor in shared/data")
    return path.read_bytes()


@pytest.fixture(scope="session")
def engine_reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """The readers of the C engine, compiled."""
    path = shared_folder(tmp_path_factory, "engine") / "readers.so"
    made_once(path, lambda path: compile_readers(path, "read_network.c"))
    return Reader(path)


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with a small model of random weights, on subwords.

    The weights make scores vary between 0.05 and 0.95. Needs TensorFlow.
    """
    recipe, vocabulary = tiny_bilstm()
    rules = {"html_breaks": "space", "control_characters": "space"}
    write = partial(write_run, recipe=recipe, vocabulary=vocabulary, **rules)
    return shared_run(tmp_path_factory, "tiny", write)


@pytest.fixture(scope="session")
def tiny_labels_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder like `tiny_run` of three labels, of which a text gets the likeliest.

    Needs TensorFlow.
    """
    recipe, vocabulary = tiny_bilstm()
    labels = ("bad", "mixed", "good")
    rules = {"spread": 1.5, "labels": labels, "decision": "largest"}
    write = partial(write_run, recipe=recipe, vocabulary=vocabulary, **rules)
    return shared_run(tmp_path_factory, "tiny-labels", write)


@pytest.fixture(scope="session")
def tiny_each_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder like `tiny_run` of three labels, of which a text gets several or none.

    Needs TensorFlow.
    """
    recipe, vocabulary = tiny_bilstm()
    labels = ("plot", "cast", "music")
    rules = {"spread": 1.5, "labels": labels, "decision": "each", "thresholds": (0.4, 0.5, 0.7)}
    write = partial(write_run, recipe=recipe, vocabulary=vocabulary, **rules)
    return shared_run(tmp_path_factory, "tiny-each", write)


@pytest.fixture(scope="session")
def tiny_word_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder on words, as an unmasked model that reads the zeros in front of a text.

    Needs TensorFlow.
    """
    from edgernn.recipes import recipe as parts
    from edgernn.recipes.catalogue import RECIPES
    from edgernn.training.vocabulary import build_vocabulary
    from exporters.sample_texts import SAMPLE_TEXTS

    imdb = RECIPES["word-lstm"]
    recipe = parts.Recipe(
        name="tiny-gru",
        title="Tiny",
        source="tests",
        text=dataclasses.replace(
            imdb.text,
            target_vocabulary_size=200,
            max_length=30,
            stop_words=("the", "a"),
            padding="start",
        ),
        layers=(
            parts.Embedding(16, masked=False),
            parts.Recurrent(24, "GRU", bidirectional=True),
            parts.Dense(1),
        ),
        fit=imdb.fit,
    )
    vocabulary = build_vocabulary(recipe.text, SAMPLE_TEXTS, min_df=1)
    write = partial(write_run, recipe=recipe, vocabulary=vocabulary)
    return shared_run(tmp_path_factory, "tiny-word", write)


@pytest.fixture(scope="session")
def tiny_wide_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of a model with pooling, and with n-grams beside its layers.

    Needs TensorFlow.
    """
    from edgernn.recipes import recipe as parts
    from edgernn.recipes.catalogue import DEFAULT_RECIPE, RECIPES
    from edgernn.text import SubwordEncoder

    subwords = SubwordEncoder(TINY_SUBWORDS)
    recipe = parts.Recipe(
        name="tiny-wide",
        title="Tiny",
        source="tests",
        text=parts.TextRules("subwords", subwords.vocab_size, 40, "start"),
        layers=(
            parts.Embedding(32),
            parts.Dropout(0.2),
            parts.Recurrent(40, bidirectional=True, sequences=True),
            parts.Pool(),
            parts.Dense(1),
        ),
        fit=RECIPES[DEFAULT_RECIPE].fit,
        ngrams=parts.Ngrams(1009),
    )
    write = partial(write_run, recipe=recipe, vocabulary=subwords.to_bytes())
    return shared_run(tmp_path_factory, "tiny-wide", write)


@pytest.fixture(scope="session")
def tiny_trained(tiny_run: Path) -> TrainedModel:
    """The model of `tiny_run`, opened for export, with its own scores of the sample texts."""
    return open_shared(tiny_run)


@pytest.fixture(scope="session")
def tiny_word_trained(tiny_word_run: Path) -> TrainedModel:
    """The model of `tiny_word_run`, opened for export, with its own scores."""
    return open_shared(tiny_word_run)


@pytest.fixture(scope="session")
def tiny_wide_trained(tiny_wide_run: Path) -> TrainedModel:
    """The model of `tiny_wide_run`, opened for export, with its own scores."""
    return open_shared(tiny_wide_run)


@pytest.fixture(scope="session")
def tiny_files(
    tiny_trained: TrainedModel, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Path]:
    """The exported files of `tiny_run` by format and precision, such as `("onnx", "int8")`."""
    return TinyFiles(tiny_trained, tmp_path_factory, "tiny-files")


@pytest.fixture(scope="session")
def tiny_labels_files(
    tiny_labels_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Path]:
    """The exported files of `tiny_labels_run`, likewise."""
    return TinyFiles(open_shared(tiny_labels_run), tmp_path_factory, "tiny-labels-files")


@pytest.fixture(scope="session")
def tiny_word_files(
    tiny_word_trained: TrainedModel, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Path]:
    """The exported files of `tiny_word_run` by format and precision."""
    return TinyFiles(tiny_word_trained, tmp_path_factory, "tiny-word-files")


@pytest.fixture(scope="session")
def tiny_wide_files(
    tiny_wide_trained: TrainedModel, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], Path]:
    """The exported files of `tiny_wide_run` by format and precision."""
    return TinyFiles(tiny_wide_trained, tmp_path_factory, "tiny-wide-files")
