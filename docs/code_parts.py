# ruff: noqa: INP001 - a script beside its pages, not a package
"""The parts of the code that make rows, and a fingerprint of each: what ``iot_assets/assets/code_versions.json`` holds.

Belongs here: which files make which rows, and what of a file counts. Does not: what follows from a change
(``iot_assets/assets/versions.py``). Comments, docstrings and empty lines do not count, so that a release that changes
words alone outdates nothing.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
import tokenize
from pathlib import Path
from types import MappingProxyType
from typing import Final

_HOUSE: Final = Path(__file__).parents[1] / "iot_assets"
#: part → patterns of the files that make its rows.
PARTS: Final = MappingProxyType(
    {
        "bronze": ("warehouse/bronze.py", "warehouse/sql/bronze/*.sql"),
        "silver": (
            "decoders/**/*.py",
            "units.py",
            *(
                f"warehouse/{name}.py"
                for name in ("silver", "arriving", "settle", "redelivery", "reflag", "facts", "registry")
            ),
            *(f"warehouse/{name}.py" for name in ("repeats", "births", "drift")),
            "warehouse/sql/silver/*.sql",
        ),
        "rules": ("warehouse/rules/*.py", "warehouse/sql/rules/*.sql"),
        "rollups": tuple(f"warehouse/sql/gold/{name}.sql" for name in ("touched", "coarser", "readings_*")),
        "latest": ("warehouse/sql/gold/latest.sql",),
        "derived": ("warehouse/derived.py", "formulas/*.py"),
        "quality": ("warehouse/quality.py", "warehouse/sql/quality/*.sql"),
        "status": ("warehouse/device_status.py", "warehouse/sql/gold/device_status.sql"),
    }
)
#: Decoders' tools for people, which make no rows.
_TOOLS: Final = frozenset({"suggest.py", "trial.py", "toml_text.py"})
_QUOTED: Final = re.compile(r"('[^']*'|\"[^\"]*\"|--[^\n]*)")
_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def code_versions() -> str:
    """The fingerprints as JSON."""
    found = {}
    for part, patterns in PARTS.items():
        files = sorted({file for pattern in patterns for file in _HOUSE.glob(pattern)} - _tools())
        assert files, part
        digest = hashlib.sha256()
        for file in files:
            digest.update(f"{file.name}\n{essence(file.suffix, file.read_text(encoding='utf-8'))}\n".encode())
        found[part] = digest.hexdigest()[:10]
    return json.dumps(found, indent=2) + "\n"


def essence(suffix: str, text: str) -> str:
    """What of a file counts."""
    return _sql(text) if suffix == ".sql" else _python(text)


def _sql(text: str) -> str:
    """Without comments, white space as one space; texts and names in quotes as they are."""
    said = "".join(part for part in _QUOTED.split(text) if not part.startswith("--"))
    return "".join(p if n % 2 else re.sub(r"\s+", " ", p) for n, p in enumerate(_QUOTED.split(said))).strip()


def _python(text: str) -> str:
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            number, column = token.start
            lines[number - 1] = lines[number - 1][:column]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node) is not None:
            first = node.body[0]
            lines[first.lineno - 1 : first.end_lineno] = [""] * ((first.end_lineno or 0) - first.lineno + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _tools() -> set[Path]:
    return {_HOUSE / "decoders" / name for name in _TOOLS}
