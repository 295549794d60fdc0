"""A Streamlit page of so many texts, sliders and containers: what ours is held against.

It stands in a menu of so many pages, as ours do.
"""

import streamlit as st


def page() -> None:
    """Draw what the address asks for."""
    asked = {name: int(number) for name, number in st.query_params.items()}
    for at in range(asked.get("texts", 0)):
        st.markdown(f"Line {at}")
    for at in range(asked.get("widgets", 0)):
        st.slider(f"Number {at}")
    for _ in range(asked.get("blocks", 0)):
        st.container()


count = int(st.query_params.get("pages", 1))
st.navigation(
    [st.Page(page, title=f"Page {at}", url_path=f"page-{at}") for at in range(count)]
).run()
