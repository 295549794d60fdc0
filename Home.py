"""Glassbox Diffusion: the entry. It draws the navigation, and the front page."""

from core.ui.front import front_page
from core.ui.navigation import route

route(front_page)
