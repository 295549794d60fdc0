"""The teacher's page of a class, behind a token; outside a class it is on no menu."""

from core.lessons.teacher.desk import show_desk
from core.ui.page import begin
from core.words import tr_later

begin(tr_later("Your class"))
show_desk()
