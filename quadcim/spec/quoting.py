"""Words and texts for the languages that are written: one function for each, whatever the word.

Languages without quotes (Verilog, Liberty and LEF, the commands of ABC and of Yosys) get names that `check_name` lets
pass, and nothing else.
"""

import html
import re
import shlex
from collections.abc import Iterable

from quadcim.spec.errors import IllegalSetting

__all__ = ["block_comment", "check_name", "comment", "html_text", "markdown_code", "markdown_text", "shell_line",
           "tcl_list", "tcl_word"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST_NAME, _SHOWN = 256, 40
_PLAIN_WORD, _PLAIN_ELEMENT = re.compile(r"[A-Za-z0-9_./:@%+=,-]+"), re.compile(r"[A-Za-z0-9_./:@%+=,*\[\]-]+")
_TCL_SPECIAL = re.compile(r'[\\"${}\[\]]|[^ -~]')
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_A_LINE = re.compile("[\x00-\x08\n-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_UNKNOWN = "\ufffd"


def check_name(option: str, what: str, text: str) -> str:
    """Give back a name that no language takes for anything else.

    Parameters
    ----------
    option : str
        The setting that it comes from.
    what : str
        What has the name, in words.
    text : str
        The name.

    Raises
    ------
    IllegalSetting
        If it is anything but letters, digits and underscores, begins with a digit, or is longer than 256.
    """
    if len(text) > _LONGEST_NAME or not _NAME.fullmatch(text):
        shown = text if len(text) <= _LONGEST_NAME else f"{text[:_SHOWN]}... of {len(text)} letters"
        raise IllegalSetting(option, f"{what} of at most {_LONGEST_NAME} letters, digits and underscores", shown)
    return text


def tcl_word(text: str) -> str:
    """A word of Tcl, at any depth of braces."""
    return text if _PLAIN_WORD.fullmatch(text) else _tcl_quoted(text)


def tcl_list(words: Iterable[str]) -> str:
    """A list of Tcl, in braces."""
    elements = [word if _PLAIN_ELEMENT.fullmatch(word) else _tcl_quoted(word) for word in words]
    return f"{{{' '.join(elements)}}}"


def _tcl_quoted(text: str) -> str:
    """Between quotes, and in ASCII as far as Tcl 8.6 can be: which encoding it reads a script in depends on where."""
    def escaped(found: re.Match[str]) -> str:
        code = ord(found[0])
        if " " <= found[0] <= "~":
            return f"\\{found[0]}"
        return f"\\u{code:04x}" if code < 1 << 16 else found[0]

    return f'"{_TCL_SPECIAL.sub(escaped, text)}"'


def shell_line(words: Iterable[str]) -> str:
    """A command of a POSIX shell."""
    return shlex.join(words)


def html_text(text: str) -> str:
    """Text for HTML, SVG and other XML, in an element or between the quotes of an attribute."""
    return html.escape(_NOT_IN_XML.sub(_UNKNOWN, text))


def comment(text: str, mark: str) -> str:
    """Lines of comment, each after a mark, ``//`` or ``#``.

    No line ends before it seems to, and none ends in a backslash, after which Tcl, among others, takes the next line
    for a part of the comment.
    """
    lines = [_one_line(line).rstrip() for line in text.removesuffix("\n").split("\n")] if text else []
    return "".join(f"{mark} {line}{'.' * line.endswith(chr(92))}".rstrip() + "\n" for line in lines)


def block_comment(text: str) -> str:
    """Lines of comment between ``/*`` and ``*/``."""
    inside = text.replace("*/", "* /").replace("/*", "/ *")
    return f"/*\n{comment(inside, ' *')} */\n"


def markdown_text(text: str) -> str:
    """Text in Markdown, in a paragraph or a cell of a table: no markup and no HTML."""
    return re.sub(r"([\\`*_{}\[\]<>|~#$&])", r"\\\1", _one_line(text))


def markdown_code(text: str) -> str:
    """A word of code in Markdown, in a paragraph or a cell of a table."""
    ticks = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " * ("`" in (text[:1], text[-1:]))
    bar = "\\|"
    return f"{ticks}{space}{_one_line(text).replace('|', bar)}{space}{ticks}"


def _one_line(text: str) -> str:
    """A text without what some reader takes for the end of a line."""
    return _NOT_IN_A_LINE.sub(_UNKNOWN, text)
