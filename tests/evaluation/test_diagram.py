"""The layers of a model as rows, and its diagram."""

import dataclasses
from itertools import pairwise
from pathlib import Path

import pytest
from toy import RECIPE

from edgernn.errors import ModelFileError, UsageError
from edgernn.evaluation import diagram
from edgernn.evaluation.diagram import LayerRow, draw_diagram, read_layers
from edgernn.recipes.recipe import Dense, Embedding, Ngrams, Pool, Recurrent
from edgernn.training.models import build

FILE = Path("run", "model.keras")
WIDE = dataclasses.replace(
    RECIPE,
    layers=(
        Embedding(4),
        Recurrent(3, sequences=True),
        Pool(),
        Dense(1),
    ),
    ngrams=Ngrams(101),
)
ROWS = [
    LayerRow("ids", "Input, int32", ("batch", "time"), 0),
    LayerRow("embedding", "Embedding, 30 ids, padding masked", ("batch", "time", 4), 120),
    LayerRow("dense", "Dense, 1 unit", ("batch", 1), 5),
]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")


def layers_of(keras, *layers):
    return read_layers(keras.Sequential([keras.Input((None,), dtype="int32"), *layers]), FILE)


def test_the_layers_of_a_recipe(keras):
    """Type with the settings that matter, shape with names for free axes, parameters."""
    model = build(RECIPE, 30)
    found = read_layers(model, FILE)
    assert [(row.type, row.shape, row.parameters) for row in found] == [
        ("Input, int32", "(batch, time)", 0),
        ("Embedding, 30 ids, padding masked", "(batch, time, 4)", 120),
        (
            "Bidirectional LSTM, 2 x 3 units, input dropout 0.2, sequences",
            "(batch, time, 6)",
            192,
        ),
        ("LSTM, 3 units, input dropout 0.2", "(batch, 3)", 120),
        ("Dense, 3 units, relu", "(batch, 3)", 12),
        ("Dropout 0.2", "(batch, 3)", 0),
        ("Dense, 1 unit", "(batch, 1)", 4),
    ]
    assert [row.name for row in found] == ["ids", *(layer.name for layer in model.layers)]
    assert sum(row.parameters for row in found) == model.count_params()


def test_ngrams_beside_the_layers(keras):
    """They come last but one, and are told from the layers; pooling is one of these."""
    model = build(WIDE, 30)
    found = read_layers(model, FILE)
    assert [(row.type, row.shape, row.parameters, row.is_beside) for row in found[3:]] == [
        ("Pooling, max and mean", "(batch, 6)", 0, False),
        ("Dense, 1 unit", "(batch, 1)", 7, False),
        # A number and a check a bucket.
        ("N-grams of 1 to 3 ids, 101 buckets", "(batch, 1)", 202, True),
        ("Add", "(batch, 1)", 0, False),
    ]
    assert sum(row.parameters for row in found) == model.count_params()


def test_other_layers(keras):
    """Settings that are not the usual ones are told; of an unknown layer the class is."""
    layers = keras.layers
    found = layers_of(
        keras,
        layers.Embedding(9, 2),
        layers.SpatialDropout1D(0.25),
        layers.GRU(2, return_sequences=True, recurrent_dropout=0.1, name="line\nbreak"),
        layers.Bidirectional(
            layers.SimpleRNN(3, activation="relu", return_sequences=True), merge_mode="sum"
        ),
        layers.GlobalMaxPooling1D(name="a" * 50),
        layers.Dense(1, activation="sigmoid"),
    )
    assert [(row.type, row.shape) for row in found[1:]] == [
        ("Embedding, 9 ids, padding not masked", "(batch, time, 2)"),
        ("SpatialDropout1D 0.25", "(batch, time, 2)"),
        ("GRU, 2 units, recurrent dropout 0.1, sequences", "(batch, time, 2)"),
        (
            "Bidirectional SimpleRNN, 2 x 3 units, relu, sequences, merged by sum",
            "(batch, time, 3)",
        ),
        ("GlobalMaxPooling1D", "(batch, 3)"),
        ("Dense, 1 unit, sigmoid", "(batch, 1)"),
    ]
    assert found[3].name == "line\ufffdbreak"
    assert found[5].name == "a" * 39 + "\u2026"


def test_an_input_of_fixed_length(keras):
    """An axis whose length is known shows it."""
    model = keras.Sequential([keras.Input((7,), batch_size=2), keras.layers.Dense(3)])
    assert [row.output_shape for row in read_layers(model, FILE)] == [(2, 7), (2, 3)]


def test_what_is_no_chain_of_layers(keras):
    """A model that the table cannot show is refused, and its file named."""
    layers = keras.layers
    ids = keras.Input((None,))
    models = {
        "not a sequential model": [keras.Model(ids, ids), keras.Sequential([layers.Dense(1)])],
        "more than 100 layers": [
            keras.Sequential([keras.Input((1,)), *(layers.Dropout(0.1) for _ in range(100))])
        ],
    }
    for message, refused in models.items():
        for model in refused:
            with pytest.raises(ModelFileError, match=message) as caught:
                read_layers(model, FILE)
            assert str(caught.value).startswith(f"{FILE}: ")


@pytest.fixture
def figure(monkeypatch):
    """A function that draws layers and gives the figure instead of writing it."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    drawn = []
    monkeypatch.setattr(diagram, "save_picture", lambda figure, path: drawn.append(figure))

    def draw(layers, title):
        draw_diagram(layers, Path("model.png"), title)
        drawn[-1].draw_without_rendering()
        return drawn[-1]

    return draw


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        ROWS[:1],
        [LayerRow("W" * 40, "$x$, W", ("batch", 1), 1), *ROWS],
        [LayerRow("n", "t", ("batch", 10**9, 10**9), 10**15), LayerRow("n", "W" * 70, (), 0)],
    ],
)
def test_the_diagram(figure, rows):
    """One box a layer from top to bottom, its four texts inside, an arrow from each to the next."""
    drawn = figure(rows, "a title")
    (axes,) = drawn.axes
    boxes = [patch.get_window_extent() for patch in axes.patches]
    assert len(boxes) == len(rows)
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))
    for box in boxes:
        assert drawn.bbox.x0 < box.x0 < box.x1 < drawn.bbox.x1
        assert drawn.bbox.y0 < box.y0 < box.y1 < drawn.bbox.y1
    texts = [text for text in axes.texts if text.get_text()]
    placed = {i: [] for i in range(-1, len(rows))}
    for text in texts:
        extent = text.get_window_extent()
        inside = [
            i
            for i, box in enumerate(boxes)
            if box.x0 < extent.x0 < extent.x1 < box.x1 and box.y0 < extent.y0 < extent.y1 < box.y1
        ]
        placed[inside[0] if inside else -1].append((text.get_text(), extent))
    assert [text for text, _ in placed[-1]] == ["a title"]
    for i, row in enumerate(rows):
        parameters = f"{row.parameters:,} parameters" if row.parameters else "no parameters"
        assert {text for text, _ in placed[i]} == {row.name, row.type, row.shape, parameters}
        extents = [extent for _, extent in placed[i]]
        assert not any(a.overlaps(b) for k, a in enumerate(extents) for b in extents[:k])
    arrows = [text for text in axes.texts if not text.get_text()]
    assert len(arrows) == len(rows) - 1
    for arrow, above, below in zip(arrows, boxes, boxes[1:], strict=False):
        tip, tail = (axes.transData.transform(end)[1] for end in (arrow.xy, arrow.xyann))
        assert (tip, tail) == (pytest.approx(below.y1), pytest.approx(above.y0))


def test_the_diagram_of_ngrams(figure):
    """A box beside the column, which no other overlaps; an arrow to it and one from it."""
    wide = LayerRow("ngrams", "N-grams " + "W" * 30, ("batch", 1), 262139, is_beside=True)
    drawn = figure([*ROWS, wide, LayerRow("logit", "Add", ("batch", 1), 0)], "a title")
    (axes,) = drawn.axes
    boxes = [patch.get_window_extent() for patch in axes.patches]
    *column, beside = boxes
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(column))
    assert beside.x0 > max(box.x1 for box in column)
    assert drawn.bbox.x1 > beside.x1
    assert column[0].y0 > beside.y1
    assert beside.y0 > column[-1].y1
    inside = [
        text.get_text()
        for text in axes.texts
        if text.get_text() and beside.contains(*text.get_window_extent().get_points().mean(axis=0))
    ]
    assert set(inside) == {wide.name, wide.type, wide.shape, "262,139 parameters"}
    arrows = [
        [axes.transData.transform(end) for end in (text.xyann, text.xy)]
        for text in axes.texts
        if not text.get_text()
    ]
    assert len(arrows) == 5
    (to_tail, to_tip), (from_tail, from_tip) = arrows[-2:]
    assert (to_tail[0], to_tip[1]) == (pytest.approx(column[0].x1), pytest.approx(beside.y1))
    assert (from_tail[1], from_tip[0]) == (pytest.approx(beside.y0), pytest.approx(column[-1].x1))
    assert column[-1].y0 < from_tip[1] < column[-1].y1


def test_a_title_of_any_characters(figure):
    """A folder's name may be long and hold anything."""
    (title, *_) = figure(ROWS, "$\n" * 100).axes[0].texts
    assert title.get_text() == "$\ufffd" * 49 + "$\u2026"


@pytest.mark.parametrize("name", ["model.jpg", "model", ".png", "model.png.txt"])
def test_a_name_of_no_picture(tmp_path, name):
    """The suffix must be that of a known format; nothing is written."""
    with pytest.raises(UsageError, match=r"the name must end in \.png, \.svg or \.pdf"):
        draw_diagram(ROWS, tmp_path / name, "title")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_the_file(tmp_path, format):
    """The suffix chooses the format, and the same layers give the same bytes."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    first, second = (tmp_path / f"{name}.{format}" for name in "12")
    for path in (first, second):
        draw_diagram(ROWS, path, "title")
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[format]
    assert first.read_bytes().startswith(begins)
    assert first.read_bytes() == second.read_bytes()


def test_a_file_that_cannot_be_written(tmp_path, monkeypatch):
    """The message names the file that was asked for, not the temporary one."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")

    def refuse(self, data):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    path = tmp_path / "model.png"
    with pytest.raises(PermissionError) as caught:
        draw_diagram(ROWS, path, "title")
    assert caught.value.filename == str(path)
