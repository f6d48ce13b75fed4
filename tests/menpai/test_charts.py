"""Pictures of figures: well formed, round scales, and nothing of a hidden figure in them."""

import xml.etree.ElementTree as ElementTree

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from menpai.charts import HEIGHT, WIDTH, Chart, Point, bars, lying, said, ticks

SVG = "{http://www.w3.org/2000/svg}"


def points(*numbers: int | None) -> list[Point]:
    return [Point(f"11月{day}日", number, "少于5" if number is None else str(number)) for day, number in enumerate(numbers, start=1)]


def drawn(chart: Chart) -> ElementTree.Element:
    """The figure as XML: what an HTML parser forgives, this one does not."""
    return ElementTree.fromstring(render_to_string("_partials/chart.html", {"chart": chart}).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))


def standing(*numbers: int | None) -> Chart:
    return bars("scan", "扫码次数", points(*numbers), first="日期", second="扫码次数")


@pytest.mark.parametrize(("most", "steps"), [(0, [0, 1]), (1, [0, 1]), (7, [0, 2, 4, 6, 8]), (39, [0, 10, 20, 30, 40]), (101, [0, 50, 100, 150])])
def test_the_scale_is_round(most, steps):
    assert ticks(most) == steps


@given(st.integers(0, 10**12))
def test_the_scale_reaches_every_figure_in_few_steps(most):
    steps = ticks(most)
    assert (steps[0], steps[-1] >= most, 2 <= len(steps) <= 6) == (0, True, True)


@pytest.mark.parametrize(("number", "words"), [(999, "999"), (10_000, "1万"), (12_345, "1.2万"), (300_000_000, "3亿")])
def test_large_numbers_are_short(number, words):
    assert said(number) == words


@given(st.lists(st.none() | st.integers(5, 10**6), max_size=60))
def test_every_picture_is_well_formed_and_stays_inside_its_frame(numbers):
    for chart in (standing(*numbers), lying("k", "看了几次", points(*numbers), first="名称", second="次数")):
        figure = drawn(chart)
        for bar in figure.iter(f"{SVG}rect"):
            x, y, width, height = (float(bar.get(name)) for name in ("x", "y", "width", "height"))
            assert x >= 0 and x + width <= WIDTH + 0.1 and y >= 0 and y + height <= float(chart.height) + 0.1
        assert len(figure.findall(".//tbody/tr")) == len(numbers)


def test_a_picture_says_what_it_is_without_being_seen():
    figure = drawn(standing(7, None, 12))
    picture = figure.find(f"{SVG}svg")
    named = {element.get("id"): element.text for element in picture.iter() if element.get("id")}
    assert picture.get("role") == "img"
    assert [named[name] for name in picture.get("aria-labelledby").split()] == ["扫码次数", "11月1日到11月3日，扫码次数最多的是11月3日，12。有1处太少，没写出来。"]
    assert [cell.text for cell in figure.iter("td")] == ["7", "少于5", "12"]


def test_a_hidden_figure_is_hatched_and_always_of_one_height():
    chart = standing(7, None, 90, None)
    assert [(bar.is_hidden, bar.height) for bar in chart.bars if bar.is_hidden] == [(True, "7")] * 2
    figure = drawn(chart)
    assert [bar.get("fill") for bar in figure.iter(f"{SVG}rect") if bar.get("class") == "hidden-bar"][:2] == ["url(#scan-h)"] * 2
    assert "斜线格子" in "".join(figure.itertext())


@pytest.mark.parametrize("numbers", [(), (None, None)])
def test_without_a_figure_to_show_there_is_a_sentence_and_no_picture(numbers):
    figure = drawn(standing(*numbers))
    assert figure.find(f"{SVG}svg") is None
    assert "画不成图" in "".join(figure.itertext())


def test_one_figure_fills_its_picture_and_is_written_beside_its_bar():
    (bar,) = standing(8).bars
    assert (bar.text, float(bar.width) > WIDTH / 2) == ("8", True)


def test_a_year_by_week_has_bars_that_can_be_told_apart():
    chart = standing(*range(5, 58))
    left = [float(bar.x) for bar in chart.bars]
    gaps = [b - a - float(bar.width) for a, b, bar in zip(left, left[1:], chart.bars, strict=False)]
    assert (min(float(bar.width) for bar in chart.bars) >= 4, min(gaps) > 0.9) == (True, True)
    assert [bar.text for bar in chart.bars if bar.text] == ["57"]
    assert len(chart.labels) <= 4


def test_a_share_is_drawn_inside_the_length_of_the_whole():
    chart = lying("plates", "门牌", [Point("园艺镇", 5, "5 / 10")], first="地方", second="门牌", wholes=[10])
    (bar,) = chart.bars
    assert float(bar.width) * 2 == float(bar.track)
    assert "5 / 10" in "".join(drawn(chart).itertext())


def test_what_comes_from_people_is_text():
    figure = drawn(lying("k", "看了几次", [Point("<script>&", 9, "9")], first="名称", second="次数"))
    assert "<script>&" in [element.text for element in figure.iter("th")]


def test_the_picture_is_as_high_as_it_says():
    assert drawn(standing(5)).find(f"{SVG}svg").get("viewBox") == f"0 0 360 {HEIGHT}"
