"""Build the site in both languages: ``python docs/build.py OUT``, with the group ``docs``.

Every warning is an error. It needs no network. To read the site, with its search:
``python -m http.server --directory OUT --bind 127.0.0.1``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

DOCS = Path(__file__).parent
LANGUAGES = ("en", "ko")
# For readers who come to the root, by the language of their browser.
ENTRANCE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="description" content="The asyncio client for PortOne V1 (formerly iamport).">
<link rel="icon" href="en/_static/favicon.svg">
<title>portone-async</title>
<script>location.replace(navigator.language.startsWith("ko") ? "ko/index.html" : "en/index.html")</script>
<p><a href="en/index.html">English</a> · <a href="ko/index.html" lang="ko">한국어</a></p>
</html>
"""


def main(out: str) -> int:
    """Return the exit code: that of the first tool that failed."""
    place = Path(out)
    with TemporaryDirectory() as trees:
        commands = [_sphinx(place, trees, language) for language in LANGUAGES]
        # Sphinx refuses a locale that the machine does not have.
        environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "1"}
        runs = [subprocess.Popen(command, env=environment) for command in commands]
        failed = [code for code in [run.wait() for run in runs] if code]
    if failed:
        return failed[0]
    (place / "index.html").write_text(ENTRANCE, "utf-8")
    copy(DOCS / "404.html", place)
    ignored = ".headerlink, .genindextable"
    options = ("--root-selector", "article", "--exclude-selectors", ignored, "--quiet")
    pagefind = (sys.executable, "-m", "pagefind", "--site", out, *options)
    return subprocess.run(pagefind, check=False).returncode


def _sphinx(place: Path, trees: str, language: str) -> list[str]:
    """Return the command that builds one language. Its root is the repository: see ``conf.py``."""
    options = ("-b", "site", "-t", language, "-c", str(DOCS), "-d", f"{trees}/{language}")
    strict = ("-q", "-E", "-W", "--keep-going")
    folders = (str(DOCS.parent), str(place / language))
    return [sys.executable, "-m", "sphinx", *options, *strict, *folders]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
