"""The Pareto front."""

from hypothesis import given
from hypothesis import strategies as st

from edgernn.choose.front import Measured, pareto_front

# Few values, so that many are equal.
models = st.lists(
    st.builds(
        Measured,
        st.sampled_from((0.8, 0.85, 0.9)),
        st.integers(1, 4),
        st.sampled_from((0.5, 1.0, 2.0)),
    ),
    max_size=12,
)


@given(models)
def test_the_front_is_what_nothing_beats(measured):
    """Nothing on it is beaten; all else is beaten by something that is on it."""
    front = pareto_front(measured)
    assert front == sorted(set(front))
    for place, model in enumerate(measured):
        better = [
            other
            for other in measured
            if other.accuracy >= model.accuracy
            and other.bytes <= model.bytes
            and other.milliseconds <= model.milliseconds
            and other != model
        ]
        assert (place in front) == (not better)
        if better:
            assert any(measured[i] in better for i in front)


@given(models)
def test_the_order_makes_no_difference(measured):
    """The same models are on the front, whatever their order."""
    front = sorted(measured[i] for i in pareto_front(measured))
    back = measured[::-1]
    assert front == sorted(back[i] for i in pareto_front(back))


def test_an_example():
    """The slow one and the inaccurate one stay, if they are better at something."""
    measured = [
        Measured(0.90, 500, 2.0),
        Measured(0.85, 100, 2.0),
        Measured(0.90, 500, 2.5),
        Measured(0.80, 600, 0.1),
        Measured(0.90, 500, 2.0),
    ]
    assert pareto_front(measured) == [0, 1, 3, 4]
