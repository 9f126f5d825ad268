"""Limits with their units, and how far a model is beyond them."""

import pytest

from edgernn.choose.limits import (
    Limits,
    parse_accuracy,
    parse_budget,
    parse_latency,
    parse_size,
)
from edgernn.errors import UsageError


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (parse_size, "500kB", 500_000),
        (parse_size, "1MB", 1_000_000),
        (parse_size, "1.5 mb", 1_500_000),
        (parse_size, "2KiB", 2048),
        (parse_size, "700b", 700),
        (parse_latency, "2ms", 2.0),
        (parse_latency, "0.5s", 500.0),
        (parse_latency, "500us", 0.5),
        (parse_latency, "500\u00b5s", 0.5),
        (parse_budget, "30min", 1800.0),
        (parse_budget, "45s", 45.0),
        (parse_budget, "1.5h", 5400.0),
        (parse_accuracy, "90", 0.9),
        (parse_accuracy, "90%", 0.9),
        (parse_accuracy, "88.5 %", 0.885),
    ],
)
def test_units(parse, text, value):
    """A number and a unit, in any case, with or without a space."""
    assert parse(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("parse", "text", "form"),
    [
        *((parse_size, text, "500kB") for text in ("500", "kB", "-1kB", "1e9kB", "5 ms", "0kB")),
        *((parse_latency, text, "2ms") for text in ("2", "ms", "2kB", "nan ms", "infs", "1,5ms")),
        *((parse_budget, text, "30min") for text in ("30", "", "30 years", "9" * 20 + "s")),
        *((parse_accuracy, text, "90") for text in ("ninety", "0.9", "101", "90 points", "-3")),
    ],
)
def test_nonsense(parse, text, form):
    """One line that repeats what was given and says the form."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    message = str(caught.value)
    assert message.startswith("--")
    assert f" {text}: " in message
    assert form in message or "more than 0" in message
    assert "\n" not in message


def test_misses():
    """Each limit that is broken, in its unit and as a share; what is not known breaks none."""
    limits = Limits(500_000, 2.0, 0.9)
    assert limits.misses(500_000, 2.0, 0.9) == ()
    assert limits.misses() == ()
    size, latency, accuracy = limits.misses(512_345, 2.5, 0.88)
    assert (size.limit, size.by, size.share) == ("size", 12_345, 12_345 / 500_000)
    assert (latency.limit, latency.by, latency.share) == ("latency", 0.5, 0.25)
    assert accuracy.by == pytest.approx(0.02)
    assert "12,345 bytes over --max-size 500,000 bytes" in str(size)
    assert "0.5 ms over --max-latency 2 ms" in str(latency)
    assert "2.00 points below --min-accuracy 90%" in str(accuracy)


def test_no_limits():
    """Where none is set, none is broken."""
    assert Limits().misses(10**9, 1e6, 0.0) == ()
