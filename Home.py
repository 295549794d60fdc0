"""Glassbox Diffusion: the entry. It draws the navigation, and the front page."""

import sys

if "streamlit" not in sys.modules:  # then it was started by Python alone
    sys.exit("This app is started by Streamlit: type make run, or python -m streamlit run Home.py")

from core.lessons.home.pipeline import front_page
from core.ui.navigation import route

route(front_page)
