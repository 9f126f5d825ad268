"""Successive halving on a trainer that only pretends, with a clock that it moves."""

from dataclasses import replace

import pytest

from edgernn.choose.candidate import Candidate
from edgernn.choose.halving import Progress, Search, Settings
from edgernn.choose.limits import Limits
from edgernn.choose.measure import Variant
from edgernn.choose.space import Space
from edgernn.choose.state import State, read_state, write_state
from edgernn.errors import ModelFileError, TrainingError, UsageError

EPOCHS = 8
ASKED = {"max-size": None, "seed": 1, "data": {"name": "a.csv", "sha256": "12"}}


class World:
    """A clock, trainings that take time on it, and sizes by formula."""

    def __init__(self, folder, limits=None, budget=2_000.0, breaks_at=None, seconds=10.0):
        self.now = 1_000.0
        self.limits = limits or Limits()
        self.budget = budget
        self.breaks_at = breaks_at
        self.seconds = seconds
        self.folder = folder
        self.trained = []
        self.dropped = []
        self.epochs = {}
        self.lines = []
        self.saves = False

    def clock(self):
        """Seconds."""
        return self.now

    def measure(self, points):
        """Take a second a point."""
        self.now += 1.0 * len(points)
        return [
            (Variant("int8", self.bytes(p), self.latency(p)),
             Variant("float32", 4 * self.bytes(p), self.latency(p)))
            for p in points
        ]  # fmt: skip

    @staticmethod
    def bytes(point):
        """Size of its int8 file."""
        return point.fewest_bytes() + 20_000

    @staticmethod
    def latency(point):
        """Milliseconds."""
        return 0.001 * point.max_length * (1 + point.bidirectional) * (1 + point.units / 64)

    @staticmethod
    def quality(candidate):
        """Larger is better, but for a part that only the name decides."""
        chance = sum(map(ord, candidate.name)) % 17 / 400
        return 0.75 + 0.1 * min(candidate.point.fewest_bytes(), 10**6) / 10**6 + chance

    def train(self, candidate, epochs, deadline):
        """Let time pass for each epoch, and more of it for beginning."""
        done = self.epochs.get(candidate.name, 0)
        self.now += 3.0
        while done < epochs:
            if len(self.trained) == self.breaks_at:
                self.breaks_at = None
                raise KeyboardInterrupt
            if self.now + self.seconds > deadline:
                self.now = deadline
                break
            self.now += self.seconds
            done += 1
        before = self.epochs.get(candidate.name, 0)
        self.epochs[candidate.name] = done
        self.trained.append((candidate.name, epochs))
        accuracy = self.quality(candidate) - 0.2 / done if done else None
        seconds = self.seconds * (done - before)
        return Progress(done, accuracy, 1_000, seconds, out_of_time=done < epochs)

    def drop(self, candidate):
        """Remember it."""
        self.dropped.append(candidate.name)

    def search(self, state, reserve=50.0, space=None):
        """Search from a state on."""
        settings = Settings(self.limits, self.budget, reserve, EPOCHS, 1_000, lambda p: 100.0, 1)

        def save():
            if self.saves:
                write_state(self.folder, state)

        search = Search(
            state,
            settings,
            space or Space(),
            self.measure,
            self,
            self.clock,
            save=save,
            say=self.lines.append,
        )
        search.run()


def results(state):
    """What a search found, without how long it took."""
    return [(c.name, c.status, c.bracket, c.rungs, c.epochs, c.accuracy) for c in state.candidates]


@pytest.fixture
def world(tmp_path):
    """A folder and time enough for tens of candidates."""
    return World(tmp_path)


def test_halves(world):
    """Half of a bracket goes on at each rung, the best ones, and the last are trained fully."""
    state = State(ASKED)
    world.search(state)
    first = [c for c in state.candidates if c.bracket == 0]
    assert len(first) >= 8
    at = {rung: [c for c in first if c.rungs >= rung] for rung in (1, 2, 3)}
    assert len(at[1]) == len(first)
    assert len(at[2]) == -(-len(first) // 2)
    assert len(at[3]) == -(-len(at[2]) // 2)
    assert all(c.status == "finished" and c.epochs == EPOCHS for c in at[3])
    assert all(c.epochs == 4 and "better" in c.reason for c in at[2] if c not in at[3])
    assert min(map(world.quality, at[2])) >= max(world.quality(c) for c in first if c.rungs == 1)
    assert {c.name for c in first if c.status == "dropped"} <= set(world.dropped)
    assert not {c.name for c in at[3]} & set(world.dropped)


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [(70, 1.0), (70, 10.0), (120, 10.0), (300, 10.0), (777, 10.0), (2_000, 70.0), (6_000, 70.0)],
)
def test_the_budget_is_kept(tmp_path, budget, seconds):
    """Training ends before what is reserved for exporting, and most of the time is used."""
    world = World(tmp_path, budget=budget, seconds=seconds)
    state = State(ASKED)
    world.search(state, reserve=0.2 * budget)
    assert world.now - 1_000 <= 0.8 * budget + 1e-6
    assert state.spent == pytest.approx(world.now - 1_000)
    if seconds == 10.0 and budget >= 300:
        assert state.spent > 0.5 * budget
        assert any(c.status == "finished" for c in state.candidates)


@pytest.mark.parametrize("breaks_at", [0, 1, 5, 9, 14])
def test_interrupted_and_resumed(tmp_path, breaks_at):
    """Ctrl-C keeps what was reached; going on gives what was found without it."""
    whole = State(ASKED)
    (tmp_path / "whole").mkdir()
    World(tmp_path / "whole", budget=800).search(whole)

    world = World(tmp_path, budget=800, breaks_at=breaks_at)
    world.saves = True
    state = State(ASKED)
    with pytest.raises(KeyboardInterrupt):
        world.search(state)
    kept = read_state(tmp_path, ASKED)
    assert results(kept) == results(state)
    assert len(world.trained) == breaks_at
    # What the interrupted training took is lost: give it back, to compare.
    kept.spent -= 3.0
    world.search(kept)
    assert results(kept) == results(whole)
    assert len(world.trained) == len({*world.trained})


def test_a_longer_budget_goes_on(tmp_path):
    """A search that used its budget goes on with a longer one, and trains nothing again."""
    world = World(tmp_path, budget=400)
    world.saves = True
    state = State(ASKED)
    world.search(state)
    before = list(world.trained)
    finished = {c.name for c in state.candidates if c.status == "finished"}
    world.budget = 1_500
    state = read_state(tmp_path, ASKED)
    world.search(state)
    assert world.trained[: len(before)] == before
    assert finished < {c.name for c in state.candidates if c.status == "finished"}
    assert max(c.bracket or 0 for c in state.candidates) >= 1


def test_too_short_for_an_epoch(tmp_path):
    """Nothing was learnt, and the time is kept all the same."""
    world = World(tmp_path, budget=60, seconds=100.0)
    state = State(ASKED)
    world.search(state, reserve=10)
    assert all(c.accuracy is None for c in state.candidates)
    assert world.now - 1_000 <= 50
    assert any("the budget ended" in line for line in world.lines)


def test_limits_before_training(tmp_path):
    """What breaks a limit of size or latency is never trained; the reason says by how much."""
    limits = Limits(bytes=200_000, milliseconds=0.4)
    world = World(tmp_path, limits)
    state = State(ASKED)
    world.search(state)
    trained = [c for c in state.candidates if c.epochs]
    assert len(trained) > 5
    for candidate in trained:
        assert world.bytes(candidate.point) <= 200_000
        assert world.latency(candidate.point) <= 0.4
    refused = [c for c in state.candidates if c.status == "refused"]
    assert refused
    assert all("over --max-" in c.reason for c in refused)
    # Not measured: those of which it is known without.
    assert state.drawn > len(state.candidates)


@pytest.mark.parametrize("limits", [Limits(bytes=5_000), Limits(milliseconds=0.001)])
def test_limits_that_nothing_keeps(tmp_path, limits):
    """The nearest alone is trained, and a line says by how much it misses."""
    world = World(tmp_path, limits)
    state = State(ASKED)
    world.search(state)
    (nearest,) = {name for name, _ in world.trained}
    measured = [c for c in state.candidates if c.variants]
    least = min(c.excess(limits) for c in measured)
    (candidate,) = (c for c in measured if c.name == nearest)
    assert candidate.excess(limits) == least
    assert candidate.status == "finished"
    assert any("no candidate keeps the limits" in line and "over" in line for line in world.lines)
    assert set(Space().smallest()) <= {c.point for c in measured}
    assert world.now - 1_000 < 500


def test_a_limit_that_few_keep(tmp_path):
    """Where hardly any point keeps the limits, those are found that do."""
    limits = Limits(bytes=37_500)
    world = World(tmp_path, limits)
    state = State(ASKED)
    world.search(state)
    share = sum(world.bytes(p) <= 37_500 for p in Space().all_points()) / len(Space().all_points())
    assert 0 < share < 0.02
    assert not state.is_limited
    assert any(c.status == "finished" for c in state.candidates)


def test_a_loss_that_is_no_number(tmp_path):
    """That candidate is left out with the reason, and the others go on."""
    world = World(tmp_path, budget=400)
    train = world.train

    def failing(candidate, epochs, deadline):
        if not world.trained:
            world.trained.append((candidate.name, epochs))
            raise TrainingError("epoch 1: the loss is nan")
        return train(candidate, epochs, deadline)

    world.train = failing
    state = State(ASKED)
    world.search(state)
    failed = [c for c in state.candidates if "nan" in c.reason]
    assert [c.status for c in failed] == ["dropped"]
    assert any(c.status == "finished" for c in state.candidates)


def test_a_small_space_ends(tmp_path):
    """When all of it was tried, the search ends before its budget."""
    space = Space(
        cells=("LSTM",),
        bidirectional=(False,),
        units=(8, 16),
        embeddings=(8,),
        vocabularies=(("words", 500),),
        max_lengths=(64,),
        heads=("pool",),
    )
    world = World(tmp_path, budget=50_000)
    state = State(ASKED)
    world.search(state, space=space)
    assert len(state.candidates) == 2
    assert any(c.status == "finished" for c in state.candidates)
    assert world.now - 1_000 < 1_000


def test_state_of_another_search(tmp_path):
    """What was asked for differs, is missing or broken: each is said."""
    write_state(tmp_path, State(ASKED))
    assert read_state(tmp_path, {**ASKED, "data": {"name": "moved.csv", "sha256": "12"}})
    with pytest.raises(UsageError, match="--seed 2: the search was started with 1"):
        read_state(tmp_path, {**ASKED, "seed": 2})
    with pytest.raises(UsageError, match="--data: not the data"):
        read_state(tmp_path, {**ASKED, "data": {"name": "a.csv", "sha256": "13"}})
    with pytest.raises(UsageError, match="holds no search"):
        read_state(tmp_path / "other", ASKED)
    for broken in ('{"version": 2}', '{"version": 2, "asked": 3, "candidates": [{}]}'):
        (tmp_path / "state.json").write_text(broken)
        with pytest.raises(ModelFileError, match="broken"):
            read_state(tmp_path, ASKED)
    (tmp_path / "state.json").write_text('{"version": 99}')
    with pytest.raises(ModelFileError, match="another version"):
        read_state(tmp_path, ASKED)


def test_a_candidate_is_read_back(tmp_path):
    """All that is known of one stands in the state."""
    point = Space().smallest()[0]
    variants = (Variant("int8", 9, 0.5), Variant("float32", 30, 0.25))
    candidate = Candidate(point, "training", variants=variants, bracket=2, accuracy=0.5)
    candidate.held_out = 96
    write_state(tmp_path, State(ASKED, [candidate]))
    (found,) = read_state(tmp_path, ASKED).candidates
    assert found == candidate
    assert found.error == pytest.approx(0.05)
    assert found.variant(Limits()).precision == "int8"
    assert found.variant(Limits(milliseconds=0.3)).precision == "float32"
    assert found.variant(Limits(bytes=20, milliseconds=0.3)).precision in ("int8", "float32")
    with pytest.raises(ValueError, match="status"):
        Candidate.from_json({**replace(candidate).to_json(), "status": "lost"})
