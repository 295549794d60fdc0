"""The teacher's page of a class, behind a token; outside a class it is on no menu."""

from core.lessons.teacher.desk import show_desk
from core.ui.page import begin

begin("Your class")
show_desk()
