"""The house itself: who imports whom, a charter on each door, modules that one can read, commands that exist.

What docs say of tables, flags, settings and checks is compared in ``test_docs.py``; the graph in
``automation/test_graph.py``.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import pytest

from iot_assets.cli.main import VERBS
from iot_assets.model import EXCLUDING_FLAGS, INFORMATIVE_FLAGS, OUTCOMES
from iot_assets.warehouse.publish import SPANNED, WHOLE
from iot_assets.warehouse.tables import TABLES
from iot_assets.warehouse.views import VIEWS

if TYPE_CHECKING:
    from iot_assets_tests.house import House

ROOT: Final = Path(__file__).parents[1]
#: Tables and views.
DECLARED: Final = (*TABLES.values(), *VIEWS)
MODULES: Final = sorted((ROOT / "iot_assets").rglob("*.py"))
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Rooms in which Dagster reads annotations when a function is decorated, so that none may be a mere text.
DAGSTER_ROOMS: Final = ("assets", "checks", "automation")
#: Longer than 400 lines, and why.
LONG: Final = {
    "settings.py": "the settings tree is a table to read, in one place",
    "decoders/conventions.py": "the conventions are a table to read, in one place",
    "warehouse/tables.py": "the tables' declarations are read like the tables themselves",
}


def named(module: Path) -> str:
    return module.relative_to(ROOT / "iot_assets").as_posix()


def test_rooms_import_only_from_rooms_below() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_nobody_but_the_warehouse_opens_the_warehouse_file() -> None:
    # resources.py hands it on to Dagster, connected by the warehouse itself.
    opening = [
        named(m)
        for m in MODULES
        if re.search(r"\bWarehouse\(", text := m.read_text(encoding="utf-8")) and "settings" not in named(m)
        if "iot_assets.warehouse.connection" in text
    ]
    assert [name for name in opening if not name.startswith("warehouse/")] == ["resources.py"]


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_every_module_opens_with_what_it_is(module: Path) -> None:
    charter = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    assert charter, "no docstring"
    assert charter.split("\n")[0].endswith((".", ":")), "its first line is no sentence"
    if module.name == "__init__.py" and module.parent.name != "sql":
        assert "elongs here" in charter or module.parent.name == "iot_assets", "a room's door says what belongs there"


def test_a_room_s_door_has_no_names_and_does_no_work() -> None:
    for door in (m for m in MODULES if m.name == "__init__.py" and m.parent.name != "iot_assets"):
        body = ast.parse(door.read_text(encoding="utf-8")).body
        assert [type(node).__name__ for node in body[1:]] == [], named(door)


def test_modules_are_short_enough_to_read() -> None:
    lines = {named(m): len(m.read_text(encoding="utf-8").splitlines()) for m in MODULES}
    assert {name for name, count in lines.items() if count > 400} == set(LONG)
    assert sorted(lines.values())[len(lines) // 2] < 150


@pytest.mark.parametrize("room", DAGSTER_ROOMS)
def test_dagster_rooms_do_not_turn_annotations_into_text(room: str) -> None:
    for module in (ROOT / "iot_assets" / room).glob("*.py"):
        assert "from __future__ import annotations" not in module.read_text(encoding="utf-8"), named(module)


def test_every_sql_file_says_what_it_builds_and_from_what() -> None:
    for file in sorted((ROOT / "iot_assets" / "warehouse" / "sql").rglob("*.sql")):
        head = file.read_text(encoding="utf-8").splitlines()
        assert head[0].startswith("-- builds:  "), file
        assert any(line.startswith("-- from:    ") for line in head), file


def test_every_sql_file_is_used() -> None:
    code = "".join(m.read_text(encoding="utf-8") for m in MODULES)
    folder = ROOT / "iot_assets" / "warehouse" / "sql"
    for file in folder.rglob("*.sql"):
        name = file.relative_to(folder).with_suffix("").as_posix()
        made_up = f"{file.parent.name}/{{{'view.name' if file.parent.name == 'views' else 'table.name'}}}"
        assert f'"{name}"' in code or (file.stem in {t.name for t in DECLARED} and made_up in code), name


@pytest.mark.parametrize(
    "forbidden", ["primary key", "unique", "create index", "sequence", "enum", "on conflict", "returning", "trigger"]
)
def test_no_sql_uses_what_corrupts_files_or_what_a_ducklake_lacks(forbidden: str) -> None:
    for file in sorted((ROOT / "iot_assets" / "warehouse").rglob("*.sql")):
        code = re.sub(r"--.*", "", file.read_text(encoding="utf-8")).lower()
        assert not re.search(rf"\b{forbidden}\b", code), f"{file.name} uses {forbidden}"


def test_published_columns_are_the_declared_ones_with_their_types(house: House) -> None:
    house.publish()
    with duckdb.connect(str(house.paths.serving), read_only=True) as connection:
        for table in (*WHOLE, *SPANNED.values(), *VIEWS):
            found = connection.execute(f"describe {table.full_name}").fetchall()
            declared = [(c.name, c.type.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")) for c in table.columns]
            assert [(name, kind) for name, kind, *_ in found] == declared, table.full_name


def test_every_column_says_what_it_means() -> None:
    for table in DECLARED:
        assert table.description.endswith("."), table.full_name
        for column in table.columns:
            assert column.description, f"{table.full_name}.{column.name}"
            assert column.name.endswith("_at") == (column.type == "TIMESTAMPTZ"), f"{table.full_name}.{column.name}"


def test_the_words_in_tables_are_those_of_the_vocabulary() -> None:
    outcome = next(c for c in TABLES["silver.outcomes"].columns if c.name == "outcome")
    assert outcome.expect is not None
    assert set(re.findall(r"'(\w+)'", outcome.expect)) == set(OUTCOMES)
    assert not set(EXCLUDING_FLAGS) & set(INFORMATIVE_FLAGS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_the_docs_name_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    verbs = set(re.findall(r"(?:`|bin/)iot-assets ([a-z-]+)", text))
    assert verbs <= set(VERBS), f"{page.name} names verbs that there are not"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:`|^\$ )make ([a-z]+)", text, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name} names make {target}"


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_explains_itself(verb: str) -> None:
    from click.testing import CliRunner

    from iot_assets.cli.main import root

    done = CliRunner().invoke(root, [verb, "--help"])
    assert done.exit_code == 0, done.output
    assert len(done.output.split("\n\n")[1].strip()) > 20
