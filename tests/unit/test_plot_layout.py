import pytest

from tfwidget.plot.layout import arrange, cells


@pytest.mark.parametrize("count", range(1, 13))
@pytest.mark.parametrize("size", [(460, 260), (650, 430), (400, 800), (1300, 400)])
def test_arrange_fills_rows_evenly(count: int, size: tuple[int, int]) -> None:
    rows = arrange(count, *size)
    assert sum(rows) == count
    assert max(rows) - min(rows) <= 1
    assert rows == sorted(rows), "wide panels first"


def test_arrange_of_usual_figures() -> None:
    assert arrange(4, 648, 432) == [2, 2]
    assert arrange(12, 648, 432) == [4, 4, 4]
    assert arrange(3, 648, 360) == [1, 2]
    assert arrange(2, 648, 300) == [2]
    assert arrange(4, 300, 700) == [1, 1, 1, 1]


def test_the_lowest_row_that_has_a_name_says_it() -> None:
    found = cells(["step", "", "step", "x"], 648, 432, 9.0)
    assert [cell.labelled for cell in found] == [False, False, True, True]
    assert found[2].foot > found[0].foot
    assert {round(cell.top - cell.bottom - cell.foot, 6) for cell in found} == {
        round(found[0].top - found[0].bottom - found[0].foot, 6)
    }, "all axes are of the same height"


def test_nothing_to_lay_out() -> None:
    assert cells([], 648, 432, 9.0) == []
