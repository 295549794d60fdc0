"""A Streamlit page of so many texts and sliders, and of nothing else: what ours is held against."""

import streamlit as st

for at in range(int(st.query_params.get("texts", 1))):
    st.markdown(f"Line {at}")
for at in range(int(st.query_params.get("widgets", 0))):
    st.slider(f"Number {at}")
