"""Quoting, by the interpreters of the languages themselves."""

import random
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from quadcim.spec.errors import IllegalSetting
from quadcim.spec.quoting import (
    block_comment,
    check_name,
    comment,
    html_text,
    markdown_code,
    markdown_text,
    shell_line,
    tcl_list,
    tcl_word,
)

HOSTILE = (
    "", " ", "{*}", "[exec\\x20touch\\x20proof]", "[exec touch proof]", "$::env(HOME)", "a;exec touch proof", "a\nexec",
    'a"b', "a'b", "`touch proof`", "$(touch proof)", "${x}", "{", "}", "}{", "\\", "\\\n", "a\\", "#", "#a", "-x", "~",
    "a[0]", "*/", "/*", "*/*", "$$", "$$\\alpha$$", "<img src=x onerror=alert(1)>", "</script>", "&amp;", "|", "a|b",
    "](javascript:x)", "caf\u00e9", "\u2028", "\x85", "\x0b", "\r", "\t", "\x1b[31m", "\U0001f600", "%s", "!!", "a=b",
)


@pytest.fixture
def words(seed) -> list[str]:
    """What once did harm, and more that is drawn."""
    draw = random.Random(seed)
    letters = "".join(HOSTILE) + "ab01"
    return [*HOSTILE, *("".join(draw.choices(letters, k=draw.randint(1, 12))) for _ in range(300))]


def tool(name: str) -> str:
    """A program, or a skipped test."""
    return shutil.which(name) or pytest.skip(f"needs {name}")


def _hex(words: list[str]) -> list[str]:
    return [word.encode("utf-16-be").hex() for word in words]


_SHOW = """
proc show word {
  binary scan [encoding convertto unicode $word] H* hex
  if {$::tcl_platform(byteOrder) eq "littleEndian"} { regsub -all {(..)(..)} $hex {\\2\\1} hex }
  puts $hex
}
"""


def _tcl(script: str, folder: Path, encoding: str) -> list[str]:
    """What a script prints; characters beyond 16 bits are left out, which Tcl 8.6 reads as it was built to."""
    (folder / "script.tcl").write_text(_SHOW + script, encoding="utf-8")
    run = subprocess.run([tool("tclsh"), "-encoding", encoding, "script.tcl"], cwd=folder, capture_output=True,
                         text=True, check=True)
    return run.stdout.splitlines()


@pytest.mark.parametrize("encoding", ["utf-8", "iso8859-1"])
def test_words_of_tcl_stay_words(words, encoding, tmp_path):
    small = [word for word in words if word.isascii() or max(word) < "\U00010000"]
    for begin, end in (("", ""), ("if 1 {\n", "}\n"), ("foreach x 1 {if {$x} {\n", "}}\n")):
        script = begin + "".join(f"show {tcl_word(word)}\n" for word in small) + end
        assert _tcl(script, tmp_path, encoding) == _hex(small)
    assert [path.name for path in tmp_path.iterdir()] == ["script.tcl"]


def test_lists_of_tcl_stay_lists(words, tmp_path):
    small = [word for word in words if word.isascii() or max(word) < "\U00010000"]
    script = f"foreach word {tcl_list(small)} {{ show $word }}\nset inside {{\n{tcl_list(small)}\n}}\n"
    assert _tcl(script + "foreach word [lindex $inside 0] { show $word }", tmp_path, "utf-8") == 2 * _hex(small)
    assert [path.name for path in tmp_path.iterdir()] == ["script.tcl"]


def test_plain_words_of_tcl_stay_readable():
    assert [tcl_word(word) for word in ("phi_s3", "rtl/phi.v", "xcvu37p-fsvh2892-2L-e", "0.9")] == [
        "phi_s3", "rtl/phi.v", "xcvu37p-fsvh2892-2L-e", "0.9"]
    assert tcl_list(["clk", "i__payload[*]"]) == "{clk i__payload[*]}"
    assert tcl_word("") == '""' and tcl_list([]) == "{}"


def test_words_of_the_shell_stay_words(words, tmp_path):
    given = [word for word in words if "\0" not in word]
    run = subprocess.run([tool("sh"), "-c", shell_line(["printf", r"%s\0", *given])], cwd=tmp_path, capture_output=True,
                         check=True)
    assert run.stdout.decode().split("\0")[:-1] == given
    assert not list(tmp_path.iterdir())


class _Reader(HTMLParser):
    """Text and attributes, and the elements that there are."""

    def __init__(self):
        super().__init__()
        self.text, self.tags, self.titles = "", [], []

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.titles += [value for name, value in attrs if name == "title"]


def test_text_in_html_stays_text(words):
    for word in [word for word in words if word.isprintable() or word.isspace()]:
        reader = _Reader()
        reader.feed(f'<p title="{html_text(word)}">{html_text(word)}</p>')
        reader.close()
        assert (reader.tags, reader.text, reader.titles) == (["p"], html_text_kept(word), [html_text_kept(word)])


def html_text_kept(word: str) -> str:
    """What XML can hold of a text."""
    return "".join(c if c in "\t\n\r" or c >= " " else "\ufffd" for c in word)


def test_text_in_svg_stays_text(words):
    for word in words:
        quoted = html_text(word + "\x00\x07\ufffe")
        root = ElementTree.fromstring(f'<svg><text x="{quoted}">{quoted}</text></svg>')
        assert len(list(root.iter())) == 2
        assert root[0].text == html_text_kept(word).replace("\r\n", "\n").replace("\r", "\n") + 3 * "\ufffd"


def _endings(text: str) -> list[str]:
    """The lines of a text, for whoever takes any of Unicode's ends of a line for one."""
    return text.splitlines()


def test_comments_stay_comments(words, tmp_path):
    text = "\n".join(words)
    assert all(line.startswith("#") and not line.endswith("\\") for line in _endings(comment(text, "#")))
    assert _tcl(comment(text, "#") + "show a", tmp_path, "utf-8") == _hex(["a"])
    (tmp_path / "script.sh").write_text(comment(text, "#") + "echo a", encoding="utf-8")
    run = subprocess.run([tool("sh"), "script.sh"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "a\n"
    assert {path.name for path in tmp_path.iterdir()} == {"script.tcl", "script.sh"}


def test_comments_of_verilog_stay_comments(words, tmp_path):
    text = "\n".join(words)
    assert block_comment("a */ b /*/ c").count("*/") == 1
    (tmp_path / "m.v").write_text(f"{comment(text, '//')}{block_comment(text)}module m; initial $display(\"a\"); "
                                  "endmodule\n", encoding="utf-8")
    subprocess.run([tool("iverilog"), "-o", "m", "m.v"], cwd=tmp_path, check=True)
    run = subprocess.run([tool("vvp"), "-N", "m"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout == "a\n"


def test_plain_comments_are_as_they_were():
    assert comment("a\n\nb * 2**-3", "//") == "// a\n//\n// b * 2**-3\n"
    assert comment("", "#") == ""
    assert block_comment("a\nb") == "/*\n * a\n * b\n */\n"


def test_markdown_is_one_line_without_markup(words):
    for word in words:
        for text in (markdown_text(word), markdown_code(word)):
            assert len(_endings(text)) <= 1
            assert text.count("|") == text.count("\\|")
        assert "<" not in markdown_text(word).replace("\\<", "")
    assert markdown_code("a`b") == "``a`b``" and markdown_code("`") == "`` ` ``"
    assert markdown_text("tiny lib, typical: 1.0 V (25)") == "tiny lib, typical: 1.0 V (25)"


@pytest.mark.parametrize("word", [*HOSTILE, "0a", "a" * 257, "a b", "a.b", "\u00e4", "a\n", "\u0663a", "a\u0663"])
def test_what_is_no_name_is_refused(word):
    with pytest.raises(IllegalSetting, match="liberty must be a cell's name of at most 256 letters, digits") as error:
        check_name("liberty", "a cell's name", word)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("word", ["a", "_", "NAND2_X1", "sg13g2_nand2_1", "AND2x2_ASAP7_75t_R", "a" * 256])
def test_names(word):
    assert check_name("liberty", "a cell's name", word) == word
