"""Product rows of a split: every part's rows add up to the part, and no row loses a kopeck."""

from hypothesis import given
from hypothesis import strategies as st

from calculations.money import Money
from payments.product_rows import shares_of_rows


def roubles(*minor: int) -> list[Money]:
    return [Money(one, "RUB") for one in minor]


def test_a_row_is_shared_like_the_parts() -> None:
    assert shares_of_rows(roubles(6000, 4000), roubles(5000, 5000)) == [roubles(3000, 2000), roubles(3000, 2000)]


def test_rows_that_do_not_make_the_whole_are_scaled_to_it() -> None:
    assert shares_of_rows(roubles(1, 1), roubles(100, 100)) == [roubles(50, 50), roubles(50, 50)]


@given(
    rows=st.lists(st.integers(0, 10**9), min_size=1, max_size=8).filter(any),
    parts=st.lists(st.integers(1, 10**9), min_size=1, max_size=12),
)
def test_columns_and_rows_add_up(rows: list[int], parts: list[int]) -> None:
    shared = shares_of_rows(roubles(*rows), roubles(*parts))
    assert [sum(share.minor for share in part) for part in shared] == parts
    assert all(share.minor >= 0 for part in shared for share in part)
    if sum(rows) == sum(parts):
        assert [sum(part[k].minor for part in shared) for k in range(len(rows))] == rows
