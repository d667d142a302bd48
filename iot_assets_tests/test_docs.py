"""The docs say what the code says: made parts are up to date, links lead somewhere, every verb and check is told of."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from iot_assets.assets.specs import STEP_CHECKS
from iot_assets.checks.sweeps import SWEEPS
from iot_assets.cli.main import VERBS

ROOT: Final = Path(__file__).parents[1]
PAGES: Final = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
_LINK: Final = re.compile(r"\]\((?!https?://)([^)#]*)(#[^)]*)?\)")


def test_what_is_made_from_the_code_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "docs/make.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {path}"
        if anchor:
            assert anchor[1:] in anchors(target), f"{page.name} links to {path}{anchor}"


def test_every_picture_is_shown_and_small() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for picture in (ROOT / "docs" / "images").glob("*.png"):
        assert f"images/{picture.name}" in text
        assert picture.stat().st_size < 300_000, picture.name


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_is_told_of(verb: str) -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert re.search(rf"iot-assets {verb}\b|`{verb}`", text), f"no page tells of iot-assets {verb}"


def test_every_check_is_told_of() -> None:
    text = (ROOT / "docs" / "dagster.md").read_text(encoding="utf-8")
    names = {name for checks in STEP_CHECKS.values() for name in checks}
    names |= {key.name for sweep in SWEEPS for key in sweep.check_keys}
    assert {name for name in names if f"`{name}`" not in text} == set()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
