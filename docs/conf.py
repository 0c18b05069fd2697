"""How Sphinx builds these pages: `make docs`."""  # noqa: INP001

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1])]

project = "reliakit"
copyright = "the reliakit authors"  # noqa: A001
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docs._site.extension"]
exclude_patterns = ["examples"]

html_theme = "furo"
html_title = "reliakit"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False

myst_enable_extensions = ["colon_fence"]
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "imported-members": True, "inherited-members": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
default_role = "literal"
napoleon_use_ivar = True
napoleon_custom_sections = [("Configuration", "params_style")]
# Links to types of the standard library and of frameworks would need their inventories, and so a network.
nitpick_ignore_regex = [("py:class", ".*"), ("py:exc", "ImproperlyConfigured")]
