"""Check: our numbers against the installed libraries, and what this machine can do."""

from core.lessons.check.machine import show_checks, show_machine
from core.ui.errors import explained
from core.ui.page import lesson

lesson("check")
with explained():
    show_checks()
with explained():
    show_machine()
