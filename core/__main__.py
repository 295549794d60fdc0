"""Stable Diffusion from the inside, on the command line; COMMAND --help tells more on each."""

import argparse
import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import core.commands
from core.commands.plain import say
from core.commands.written import write_json
from core.errors import ExplainerError


class Parser(argparse.ArgumentParser):
    """A parser that says one sentence where it cannot read its arguments."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong instead of printing the usage."""
        raise ExplainerError(f"{message[:1].upper()}{message[1:]}.", f"See: {self.prog} --help")


def find_commands() -> dict[str, ModuleType]:
    """Return the modules of ``core.commands`` that have a ``run``, by command name."""
    names = [found.name for found in pkgutil.iter_modules(core.commands.__path__)]
    modules = {name: importlib.import_module(f"core.commands.{name}") for name in sorted(names)}
    return {
        name.replace("_", "-"): module for name, module in modules.items() if hasattr(module, "run")
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments, those of the process where None.

    Returns:
        0, or 1 after one plain sentence on stderr.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what the terminal has no letter for
    try:
        return _run(sys.argv[1:] if argv is None else list(argv))
    except ExplainerError as error:
        said = str(error)
    except KeyboardInterrupt:
        said = "Stopped."
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        said = f"{error.filename or 'A file'} cannot be used: {error.strerror or error}."
    except Exception as error:
        if os.environ.get("GLASSBOX_DEBUG") == "1":
            raise
        said = f"Something went wrong ({type(error).__name__}). GLASSBOX_DEBUG=1 shows where."
    print(" ".join(said.split()), file=sys.stderr)
    return 1


def _run(argv: list[str]) -> int:
    commands = find_commands()
    arguments = _parser(commands).parse_args(argv)
    module = commands[arguments.command]
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
    answer = module.run(arguments)
    text = write_json(answer)
    if arguments.out is not None and not getattr(module, "WRITES_FILES", False):
        (arguments.out / f"{arguments.command}.json").write_text(text + "\n", encoding="utf-8")
    tell = getattr(module, "tell", say)
    told = text if arguments.json else "\n".join(tell(answer))
    print(told, flush=True)  # so that a closed pipe tells here
    return 0


def _parser(commands: dict[str, ModuleType]) -> Parser:
    parser = Parser(prog="python -m core", description=__doc__)
    choices = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in commands.items():
        help_line = (module.__doc__ or "").splitlines()[0]
        command = choices.add_parser(name, help=help_line, description=help_line)
        module.add_arguments(command)
        command.add_argument("--json", action="store_true", help="print one JSON object")
        command.add_argument("--out", type=Path, metavar="DIR", help="folder to write files to")
    return parser


if __name__ == "__main__":
    sys.exit(main())
