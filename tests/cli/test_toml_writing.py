"""What a swap writes for a slot is read back as it was."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.cli.toml_text import dump

pytestmark = pytest.mark.unit

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_SCALAR = st.one_of(
    st.booleans(),
    st.integers(min_value=-(2**53), max_value=2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    _TEXT,
)
_VALUE = st.recursive(
    st.one_of(_SCALAR, st.lists(_SCALAR, max_size=4)),
    lambda inner: st.dictionaries(_TEXT.filter(bool), inner, min_size=1, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(_TEXT.filter(bool), _VALUE, max_size=5))
def test_table_is_read_back_as_it_was_written(table: dict[str, object]) -> None:
    """Quotes, newlines, Chinese, control characters and nested tables survive."""
    assert tomllib.loads(dump(table)) == table
