"""The command line, a module a command. Heavy modules are imported by the command that needs them."""

from quadcim.cli.command_line import main

__all__ = ["main"]
