"""Hypothesis strategies for order numbers, bodies and replies."""

from __future__ import annotations

import json

from hypothesis import strategies as st

order_numbers = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60
).filter(lambda text: text not in {".", ".."})
"""Any valid order number."""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)

envelopes = st.fixed_dictionaries(
    {},
    optional={
        "code": st.integers(-2, 2) | json_values,
        "message": st.none() | st.text() | json_values,
        "response": json_values,
    },
)

bodies = (
    st.binary(max_size=300)
    | json_values.map(lambda value: json.dumps(value).encode())
    | envelopes.map(lambda value: json.dumps(value).encode())
)

statuses = st.integers(100, 599)

headers = st.dictionaries(
    st.sampled_from(["Retry-After", "Date", "Location", "Content-Type"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
    | st.integers(-5, 10**20).map(str),
)
