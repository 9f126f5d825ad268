"""Successive halving within a budget of wall-clock time.

All candidates of a bracket are trained for a few epochs, the better half goes on for as many again,
and the better half of those to the end (Jamieson and Talwalkar, Non-stochastic best arm
identification and hyperparameter optimization, 2016). When time is left, another bracket begins,
as in Hyperband (Li et al., 2017). A bracket takes in as many candidates as the rest of the budget
is estimated to train, by what trainings have taken so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Protocol

from edgernn.choose.candidate import Candidate
from edgernn.choose.limits import Limits
from edgernn.choose.measure import Variant
from edgernn.choose.space import Point, Space
from edgernn.choose.state import State
from edgernn.errors import TrainingError

__all__ = ["RUNGS", "Progress", "Search", "Settings", "Trainer"]

RUNGS = (0.25, 0.5, 1.0)
"""The share of all epochs at which each rung ends."""

_MOST_IN_BRACKET = 32
_FRUITLESS_DRAWS = 36
"""So many points in a row that break a limit, and the smallest are looked at."""
_SECONDS_TO_MEASURE = 2.0
_CAUTION = 1.15
"""An estimate is taken for so many times as long."""


@dataclass(frozen=True)
class Progress:
    """What a training has reached."""

    epochs: int
    accuracy: float | None
    """On held-out texts; None where no epoch has ended."""
    held_out: int
    seconds: float
    """What the epochs of this call took."""
    macro_f1: float | None = None
    """On the same texts, where there are not just two labels."""
    out_of_time: bool = False
    """Whether it was stopped at its deadline, before it reached the rung."""


class Trainer(Protocol):
    """Trains candidates, each as far as it is asked."""

    def train(self, candidate: Candidate, epochs: int, deadline: float) -> Progress:
        """Train, or go on training, until so many epochs in all or the deadline of the clock."""

    def drop(self, candidate: Candidate) -> None:
        """Forget what it would take to go on with a candidate."""


@dataclass(frozen=True)
class Settings:
    """What a search keeps to."""

    limits: Limits
    budget: float
    """Seconds, with those that were spent before it was resumed."""
    reserve: float
    """Seconds of them that are kept for exporting and checking."""
    epochs: int
    """Epochs of a candidate that is trained to the end."""
    texts: int
    """How many texts are trained on."""
    mean_tokens: Callable[[Point], float]
    """Mean number of tokens that a point reads of a text."""
    seed: int


class Search:
    """One search; it goes on from any state that it left."""

    def __init__(
        self,
        state: State,
        settings: Settings,
        space: Space,
        measure: Callable[[Sequence[Point]], list[tuple[Variant, ...] | str]],
        trainer: Trainer,
        clock: Callable[[], float],
        save: Callable[[], None],
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Join the parts; `clock` gives seconds, and the search's time begins now."""
        self._state = state
        self._settings = settings
        self._space = space
        self._measure = measure
        self._trainer = trainer
        self._clock = clock
        self._began = clock() - state.spent
        self._save_state = save
        self._say = say
        self._points: Iterator[Point] = islice(space.points(settings.seed), state.drawn, None)

    def run(self) -> None:
        """Go on until the budget is spent or nothing is left to try.

        Raises:
            KeyboardInterrupt: Ctrl-C; the state is saved.
        """
        try:
            while self._step():
                self._save()
        finally:
            self._save()

    @property
    def remaining(self) -> float:
        """Seconds left for training."""
        spent = self._clock() - self._began
        return self._settings.budget - self._settings.reserve - spent

    @property
    def deadline(self) -> float:
        """When training must end, on the clock."""
        return self._began + self._settings.budget - self._settings.reserve

    def _save(self) -> None:
        self._state.spent = self._clock() - self._began
        self._save_state()

    def _step(self) -> bool:
        """Do what comes next; tell whether there may be more to do."""
        state = self._state
        if self.remaining <= 0:
            return False
        if state.rung == 0:
            return self._grow()
        for candidate in self._promoted():
            if candidate.rungs == state.rung and candidate.status == "training":
                return self._go_on(candidate)
        self._close_rung()
        return True

    def _members(self) -> list[Candidate]:
        return [c for c in self._state.candidates if c.bracket == self._state.bracket]

    def _promoted(self) -> list[Candidate]:
        """Return those of the bracket that go on to the present rung, the best first."""
        state = self._state
        members = self._members()
        # What left the bracket before this rung counts for how many go on, not for who.
        places = _after(len(members), state.rung)
        reached = [c for c in members if c.rungs >= state.rung and c.accuracy is not None]
        reached.sort(key=lambda c: (-_reached(c), c.variants[0].bytes, c.name))
        return reached[:places]

    def _grow(self) -> bool:
        """Train the next candidate of a bracket to its first rung, or end the rung."""
        members = self._members()
        for candidate in members:
            if candidate.rungs == 0 and candidate.status == "training":
                return self._train(candidate, 0)
        fresh = self._next_waiting()
        if fresh is None:
            trained = [c for c in self._state.candidates if c.epochs]
            # Another one like the latest must fit in, or measuring more is of no use.
            if (not trained or self._fits(trained[-1], members)) and self._draw():
                return True
            if not members:
                return self._nearest()
        elif self._fits(fresh, members):
            fresh.status, fresh.bracket = "training", self._state.bracket
            return self._train(fresh, 0)
        elif not members:
            return False
        if all(c.accuracy is None for c in members):
            self._state.bracket += 1
        else:
            self._state.rung = 1
        return True

    def _go_on(self, candidate: Candidate) -> bool:
        """Train a candidate to the present rung, if there is time beside the best one's."""
        rung = self._state.rung
        promoted = self._promoted()
        best = promoted[0]
        if len(promoted) == 1:
            # There is nothing to wait for.
            rung = len(RUNGS) - 1
        needed = self._cost(candidate, rung)
        if candidate is not best:
            needed += sum(self._cost(best, r) for r in range(best.rungs, len(RUNGS)))
            if needed > self.remaining:
                candidate.status, candidate.reason = "dropped", "no time was left to go on with it"
                self._trainer.drop(candidate)
                return True
        return self._train(candidate, rung)

    def _close_rung(self) -> None:
        state = self._state
        state.rung += 1
        kept = self._promoted() if state.rung < len(RUNGS) else []
        for candidate in self._members():
            if candidate.status == "training" and candidate not in kept:
                candidate.status = "dropped"
                candidate.reason = f"others were better after {candidate.epochs} epochs"
                self._trainer.drop(candidate)
        if not kept:
            state.bracket, state.rung = state.bracket + 1, 0

    def _train(self, candidate: Candidate, rung: int) -> bool:
        target = self._epochs_at(rung)
        started = self._clock()
        before = candidate.epochs
        try:
            progress = self._trainer.train(candidate, target, self.deadline)
        except TrainingError as error:
            candidate.status, candidate.reason = "dropped", str(error)
            self._say(f"{candidate.name}: {error}")
            return True
        took = self._clock() - started
        candidate.epochs = progress.epochs
        candidate.accuracy, candidate.held_out = progress.accuracy, progress.held_out
        candidate.macro_f1 = progress.macro_f1
        done = progress.epochs - before
        if done > 0:
            candidate.epoch_seconds = max(progress.seconds / done, 0.01)
            if not progress.out_of_time:
                self._state.overhead.append(max(took - progress.seconds, 0.0))
        if progress.out_of_time:
            self._say(f"{candidate.name}: the budget ended after {progress.epochs} epochs of it")
            return False
        candidate.rungs = rung + 1
        if candidate.rungs == len(RUNGS):
            candidate.status = "finished"
        macro_f1 = "" if candidate.macro_f1 is None else f", macro F1 {candidate.macro_f1:.4f}"
        self._say(
            f"{candidate.name}: held-out accuracy {_reached(candidate):.2%} \u00b1 "
            f"{candidate.error or 0.0:.2%}{macro_f1} after {candidate.epochs} of "
            f"{self._settings.epochs} epochs, {took:.0f} s"
        )
        return True

    def _next_waiting(self) -> Candidate | None:
        """Return the candidate to take in next: in turn the first drawn, the largest, the slowest.

        What limits restrict is capacity, so those that use most of a limit are promising.
        """
        waiting = [c for c in self._state.candidates if c.status == "waiting"]
        if not waiting:
            return None
        limits = self._settings.limits
        match len(self._members()) % 3:
            case 0:
                return waiting[0]
            case 1:
                return max(waiting, key=lambda c: c.variant(limits).bytes)
            case _:
                return max(waiting, key=lambda c: c.variant(limits).milliseconds)

    def _draw(self) -> bool:
        """Draw points and measure them; tell whether there were any to draw."""
        state = self._state
        latest = state.candidates[-_FRUITLESS_DRAWS:]
        if len(latest) == _FRUITLESS_DRAWS and all(c.status == "refused" for c in latest):
            return self._draw_smallest()
        room = max(2, min(12, int(0.04 * self.remaining / self._measuring_cost())))
        known = {c.point for c in state.candidates}
        points: list[Point] = []
        for point in self._points:
            state.drawn += 1
            if point not in known and not self._is_hopeless(point):
                points.append(point)
                if len(points) == room:
                    break
        if not points:
            return self._draw_smallest()
        self._take(points)
        return True

    def _draw_smallest(self) -> bool:
        """Measure the smallest points, which tells whether anything can keep the limits."""
        known = {c.point for c in self._state.candidates}
        points = [point for point in self._space.smallest() if point not in known]
        if not points:
            return False
        self._take(points)
        return True

    def _take(self, points: Sequence[Point]) -> None:
        """Measure points and put them among the candidates."""
        started = self._clock()
        limits = self._settings.limits
        taken = []
        for point, found in zip(points, self._measure(points), strict=True):
            if isinstance(found, str):
                taken.append(Candidate(point, "refused", found))
                continue
            candidate = Candidate(point, "waiting", variants=found)
            best = candidate.variant(limits)
            if misses := limits.misses(best.bytes, best.milliseconds):
                candidate.status = "refused"
                candidate.reason = "; ".join(map(str, misses))
            taken.append(candidate)
        self._state.candidates += taken
        self._state.measuring += self._clock() - started
        kept = sum(c.status == "waiting" for c in taken)
        self._say(f"measured {len(points)} candidates: {kept} keep the limits of size and latency")

    def _is_hopeless(self, point: Point) -> bool:
        """Tell of a point that was not measured that it breaks a limit."""
        if self._settings.limits.misses(point.fewest_bytes()):
            return True
        return any(
            other.status == "refused" and other.variants and point.is_no_smaller(other.point)
            for other in self._state.candidates
        )

    def _nearest(self) -> bool:
        """Where nothing keeps the limits, take in the candidate that is nearest to them."""
        state, limits = self._state, self._settings.limits
        measured = [c for c in state.candidates if c.variants]
        if not measured or state.is_limited or any(c.status != "refused" for c in measured):
            return False
        state.is_limited = True
        nearest = min(measured, key=lambda c: (c.excess(limits), c.name))
        self._say(
            f"no candidate keeps the limits of size and latency; training the nearest, "
            f"{nearest.name}: {nearest.reason}"
        )
        nearest.status, nearest.reason, nearest.bracket = "training", "", state.bracket
        return self._train(nearest, 0)

    def _fits(self, fresh: Candidate, members: Sequence[Candidate]) -> bool:
        """Tell whether a bracket with one more candidate can be trained in the time left."""
        if not members and not any(c.epochs for c in self._state.candidates):
            # Something must be trained; its deadline keeps the budget.
            return True
        if len(members) >= _MOST_IN_BRACKET:
            return False
        all_of_it = [*members, fresh]
        needed = self._cost(fresh, 0)
        for rung in range(1, len(RUNGS)):
            mean = sum(self._cost(c, rung) for c in all_of_it) / len(all_of_it)
            needed += mean * _after(len(all_of_it), rung)
        return needed <= self.remaining

    def _cost(self, candidate: Candidate, rung: int) -> float:
        """Estimate the seconds that training from one rung to the next takes."""
        epochs = self._epochs_at(rung) - (self._epochs_at(rung - 1) if rung else 0)
        return _CAUTION * (epochs * self._epoch_seconds(candidate) + self._overhead())

    def _epoch_seconds(self, candidate: Candidate) -> float:
        if candidate.epoch_seconds is not None:
            return candidate.epoch_seconds
        texts = self._settings.texts

        def work(point: Point) -> float:
            return texts * point.work(self._settings.mean_tokens(point))

        known = [c for c in self._state.candidates if c.epoch_seconds is not None]
        alike = [c for c in known if c.point.cell == candidate.point.cell] or known
        rates = [(c.epoch_seconds or 0.0) / work(c.point) for c in alike]
        return work(candidate.point) * (median(rates) if rates else 1e-6)

    def _overhead(self) -> float:
        if self._state.overhead:
            return median(self._state.overhead)
        return 4.0 + 4e-4 * self._settings.texts

    def _measuring_cost(self) -> float:
        measured = sum(bool(c.variants) for c in self._state.candidates)
        return self._state.measuring / measured if measured else _SECONDS_TO_MEASURE

    def _epochs_at(self, rung: int) -> int:
        return max(1, round(RUNGS[rung] * self._settings.epochs))


def _after(members: int, rung: int) -> int:
    """Return how many of a bracket's candidates go on to a rung: the half, rounded up, of each."""
    for _ in range(rung):
        members = -(-members // 2)
    return members


def _reached(candidate: Candidate) -> float:
    return 0.0 if candidate.accuracy is None else candidate.accuracy
