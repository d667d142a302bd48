"""Ready queries: a folder of ``.sql`` files, a question each, whose first line says what it answers.

Belongs here: finding and reading them. Does not: running them (``query``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import iot_assets
from iot_assets.serving.published import QuestionError

_PACKAGE: Final = Path(iot_assets.__file__).parent
#: Where a wheel has them, and where a checkout has them.
_FOLDERS: Final = (_PACKAGE / "examples" / "queries", _PACKAGE.parent / "examples" / "queries")


def examples() -> dict[str, str]:
    """Name → SQL of each, by name."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), None)
    files = [] if folder is None else sorted(folder.glob("*.sql"))
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def example(name: str) -> str:
    """The SQL of one.

    Raises:
        QuestionError: there is none of this name.
    """
    found = examples()
    if name not in found:
        raise QuestionError(f"there is no example {name!r}; `iot-assets query --list-examples` shows them")
    return found[name].rstrip().removesuffix(";")


def answers(sql: str) -> str:
    """What a ready query answers, by its first line."""
    return sql.splitlines()[0].removeprefix("--").strip()
