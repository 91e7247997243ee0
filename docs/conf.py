"""Settings of the site. ``python docs/build.py OUT`` builds it in both languages.

The source folder is the repository, so that links between the pages of ``docs`` and the
CHANGELOG and the others work on GitHub and in the site alike.
"""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "_extensions")]

import languages  # noqa: E402 (found by the lines above)

from portone_async import __version__  # noqa: E402 (the same)

project = "portone-async"
author = "The portone-async developers"
release = __version__
html_show_copyright = False

# One run builds one language: `sphinx-build -t ko`.
language = "ko" if tags.has("ko") else "en"  # type: ignore[name-defined]  # noqa: F821 (by Sphinx)
root_doc = languages.ROOTS[language]
include_patterns = languages.sources(language)
exclude_patterns = [".*", "build", "dist", "portone_async", "tests", "**/__pycache__"]
html_title = "portone-async"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "languages",
    "docstrings",
]
myst_heading_anchors = 4
smartquotes = False  # "--key" in prose is an option.
default_role = "code"

# Members of private base classes belong to the class; those of these classes do not.
FOREIGN = (
    "object, BaseException, Exception, ValueError, PortOneError, Struct, Record, int, str, dict, tuple, "
    "Enum, StrEnum, ReprEnum, Generic, Protocol, Mapping"
)
autodoc_default_options = {"undoc-members": True, "inherited-members": FOREIGN.replace(" ", "")}
autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80
add_module_names = False
toc_object_entries_show_parents = "hide"
nitpicky = True

html_theme = "furo"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "_static/favicon.svg"
html_additional_pages = {"search": "search.html"}
html_copy_source = False
html_use_index = True
html_domain_indices = False
FONTS = (
    'system-ui, -apple-system, "Segoe UI", "Apple SD Gothic Neo", "Malgun Gothic", '
    '"Noto Sans KR", "Noto Sans CJK KR", sans-serif'
)
html_theme_options = {
    "light_css_variables": {"font-stack": FONTS, "color-code-background": "#f3f4f6"},
    "dark_css_variables": {"font-stack": FONTS},
    "top_of_page_buttons": ["view"],
}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
