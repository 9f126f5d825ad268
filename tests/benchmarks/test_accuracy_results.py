"""What becomes of result files: the rows, the table, the search table, the picture."""

import json
import math
from pathlib import Path

import pytest

from benchmarks.accuracy.collected import collect
from benchmarks.accuracy.labels import Box, place_labels
from benchmarks.accuracy.search import search_table
from benchmarks.accuracy.table import accuracy_table
from edgernn.errors import DataError

MACHINE = {"processor": "CPU", "cores": 2, "python": "3.11", "versions": {"numpy": "2.0"}}
SHORT = {"amazon": {"accuracy": 0.81}, "yelp": {"accuracy": 0.82}, "imdb": {"accuracy": 0.83}}


def measured(accuracy: float) -> dict:
    return {
        "test": {"accuracy": accuracy, "accuracy_without_near_duplicates": accuracy - 0.001},
        "short": SHORT,
    }


def speed(rate: float) -> dict:
    return {
        "load_average_before": 0.3,
        "reviews_per_second": {"wall": {"median": 1.0}, "processor": {"median": rate}},
    }


def write(path: Path, result: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result))


def run(name: str, accuracy: float, size: int) -> dict:
    files = {"onnx": {"bytes": size, **measured(accuracy)}, "tflite": {"bytes": 1, **measured(0)}}
    return {"name": name, "machine": MACHINE, "files": files, "speed": speed(900)}


@pytest.fixture
def results(tmp_path: Path) -> dict[str, Path]:
    """Results of two seeds, a recipe that was timed and one that was not, peers, a paper."""
    folder = tmp_path / "results"
    for seed, accuracy in ((1, 0.93), (2, 0.94)):
        name = f"flagship-seed-{seed}"
        write(folder / "runs" / f"{name}.json", run(name, accuracy, 2_000_000 + seed))
    vader = {
        "title": "VADER",
        "machine": MACHINE,
        "bytes": 590_697,
        "speed": speed(600),
        **measured(0.7),
    }
    write(folder / "peers" / "vader.json", vader)
    timed = {"title": "bigru", "machine": MACHINE, "bytes": 5, "speed": speed(9000)}
    write(folder / "peers" / "bigru.json", {**timed, **measured(0.5)})
    missing = {"title": "fastText", "not_measured": "the package 'fasttext' is not installed"}
    write(folder / "peers" / "fasttext.json", missing)
    near = {"train": {"same": 1, "near": 2}, "unsup": {"same": 4}}
    found = {"tests": 25_000, "test_reviews": near, "test_reviews_with_any": 6}
    write(folder / "near_duplicates.json", found)
    rows = [
        {
            "recipe": name,
            "measured": {
                "test_examples": examples,
                "files": {"onnx": {"bytes": 270_807, "test_accuracy": accuracy}},
            },
        }
        for name, examples, accuracy in (
            # It has runs of its own, of which the table has a row.
            ("flagship", 25_000, 0.93),
            ("bigru", 25_000, 0.835),
            ("stop", 10_000, 0.904),
        )
    ]
    write(tmp_path / "recipes.json", {"recipes": rows})
    model = {
        "name": "ULMFiT",
        "accuracy": 0.954,
        "source": "Howard and Ruder 2018",
        "parameters": 88_000_000,
        "parameters_from": "layers",
        "estimated": True,
    }
    write(tmp_path / "published.json", {"models": [model]})
    return {
        "results": folder,
        "published": tmp_path / "published.json",
        "recipes": tmp_path / "recipes.json",
    }


def row_of(table: str, title: str) -> list[str]:
    (line,) = [line for line in table.splitlines() if line.startswith("|") and title in line]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_seeds_stand_together(results):
    """Two seeds are one row: mean, range, and the means of the rest."""
    cells = row_of(accuracy_table(collect(**results)), "`flagship`")
    assert cells == [
        "ours",
        "`flagship`",
        "**93.50% (93.00% to 94.00%, 2 seeds)**",
        "93.40%",
        "2.00",
        "900",
        "81.00%",
        "82.00%",
    ]


def test_recipes_take_their_own_figures(results):
    """Accuracy and size are those published with the recipe; speed and the rest are measured."""
    table = accuracy_table(collect(**results))
    assert row_of(table, "`bigru`")[2:6] == ["83.50%", "49.90%", "0.27", "9,000"]
    assert row_of(table, "`stop`")[1:6] == ["`stop` <sup>1</sup>", "90.40%", "-", "0.27", "-"]
    assert "<sup>1</sup> on 10,000 held out of all 50,000 reviews" in table


def test_peers_and_published(results):
    """A peer that is missing stays, with the reason; a published one has its source."""
    table = accuracy_table(collect(**results))
    assert row_of(table, "VADER") == [
        *("measured here", "VADER", "70.00%", "69.90%", "0.59", "600", "81.00%", "82.00%")
    ]
    assert row_of(table, "fastText")[2:] == ["-"] * 6
    assert "not measured: the package 'fasttext' is not installed" in table
    published = row_of(table, "ULMFiT")
    assert published[0] == "published"
    assert published[2:5] == ["95.40%", "-", "about 88"]
    assert "Howard and Ruder 2018; layers" in table
    assert "6 of the 25,000 test reviews" in table
    assert "3 among the labelled and 4 among the unlabelled" in table


def test_order(results):
    """Ours first, then peers, then what is published; in each the most accurate first."""
    titles = [row.title for row in collect(**results).rows]
    assert titles == ["flagship", "stop", "bigru", "VADER", "fastText", "ULMFiT"]


def test_without_any_run(results):
    """Each recipe stands there with what `benchmarks.recipes` measured, the flagship too."""
    for path in (results["results"] / "runs").iterdir():
        path.unlink()
    titles = [row.title for row in collect(**results).rows]
    assert titles == ["flagship", "stop", "bigru", "VADER", "fastText", "ULMFiT"]
    empty = results["results"] / "none"
    assert collect(empty, empty, empty).rows == ()
    assert "| model |" in accuracy_table(collect(empty, empty, empty))


def test_search_table(tmp_path):
    """Every run is a line, failures included; what is missing is a dash."""
    write(
        tmp_path / "a.json",
        {
            "config": {"units": 64, "cell": "LSTM"},
            "seed": 1,
            "validation_accuracy": 0.91,
            "validation_loss": 0.25,
            "minutes": 12,
            "outcome": "kept",
            "note": "a | b\nc",
        },
    )
    write(tmp_path / "b.json", {"outcome": "diverged", "validation_accuracy": None})
    write(tmp_path / "c.json", {"validation_accuracy": 0.92, "minutes": "unknown"})
    lines = search_table(tmp_path).splitlines()
    assert lines[2] == "| `c` | - | - | 92.00% | - | unknown | - | - |"
    assert lines[3] == (
        '| `a` | units 64, cell "LSTM" | 1 | 91.00% | 0.2500 | 12.0 | kept | a \\| b c |'
    )
    assert lines[4] == "| `b` | - | - | - | - | - | diverged | - |"
    (tmp_path / "d.json").write_text("[]")
    with pytest.raises(DataError, match=r"d\.json: not a JSON object"):
        search_table(tmp_path)


def test_labels_cover_nothing():
    """Twenty labels of a crowd stand inside the frame, apart from each other and from markers."""
    points = [(300 + 40 * (i % 5), 300 + 30 * (i // 5)) for i in range(20)]
    sizes = [(90.0, 14.0)] * 20
    frame = Box(0, 0, 900, 700)
    boxes = place_labels(points, [5.0] * 20, sizes, frame)
    markers = [Box(x - 4, y - 4, x + 4, y + 4) for x, y in points]
    for i, box in enumerate(boxes):
        assert box.outside(frame) == 0
        assert all(box.overlap(other) == 0 for other in [*boxes[:i], *markers])
        assert (box.right - box.left, box.top - box.bottom) == pytest.approx(sizes[i])


def test_a_lone_label_is_near():
    """With room all around it stands beside its point."""
    (box,) = place_labels([(100, 100)], [5], [(60, 12)], Box(0, 0, 400, 400))
    assert math.dist(box.nearest((100, 100)), (100, 100)) < 10


def test_picture(results, tmp_path):
    """Every row with accuracy and size is named in the picture, and hollow where published."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    from benchmarks.accuracy.plot import draw
    from edgernn.pictures import save_picture

    figure = draw(collect(**results))
    (axes,) = figure.axes
    texts = [text.get_text() for text in axes.texts if text.get_text()]
    seeds = "flagship 93.5\n2 seeds: 93.0 to 94.0"
    expected = {seeds, "stop* 90.4", "bigru 83.5", "VADER 70.0", "ULMFiT 95.4"}
    assert set(texts) == expected
    (hollow,) = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert hollow.get_xdata()[0] == 88
    assert hollow.get_ydata()[0] == pytest.approx(4.6)
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[i + 1 :])
    for name in ("plot.png", "plot.svg"):
        save_picture(figure, tmp_path / name)
        assert (tmp_path / name).stat().st_size > 10_000
    assert "flagship" in (tmp_path / "plot.svg").read_text()


def test_picture_of_the_committed_results():
    """No label of the README's picture covers another."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    from benchmarks.accuracy.plot import draw

    found = collect()
    figure = draw(found)
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    assert len(texts) == sum(row.accuracy is not None and bool(row.bytes) for row in found.rows)
    boxes = [text.get_window_extent() for text in texts]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[i + 1 :])


def test_nothing_to_draw(tmp_path):
    """Without a result there is no picture."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    from benchmarks.accuracy.plot import draw

    with pytest.raises(ValueError, match="no result"):
        draw(collect(tmp_path, tmp_path / "none", tmp_path / "none"))
