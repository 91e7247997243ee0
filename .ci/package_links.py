"""The metadata that need the address of the public repository: URLs, and links of the README.

The package index shows README.md, where a relative link leads nowhere. pyproject.toml has the
address; without one, the README stays as it is and there are no URLs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE_LINK = re.compile(r"\]\((?![a-z]+:|#)([^)]+)\)")


class RepositoryLinks(MetadataHookInterface):
    """Sets the fields "readme" and "urls" of a wheel and an sdist."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the fields to the metadata, which have the version already."""
        settings = cast(dict[str, str], self.config)  # pyright: ignore[reportUnknownMemberType] (a bare dict)
        repository = settings["repository"]
        text = Path(self.root, "README.md").read_text("utf-8")
        metadata["urls"] = {}
        if repository:
            files = f"{repository}/blob/v{metadata['version']}"  # of the tag
            text = RELATIVE_LINK.sub(rf"]({files}/\1)", text)
            metadata["urls"] = {
                "Source": repository,
                "Documentation": f"{files}/docs/README.md",
                "Changelog": f"{files}/CHANGELOG.md",
                "Issues": f"{repository}/issues",
            }
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
