"""Episodes of the lake: a landed file is cut, zeroed, or has one bit flipped.

Belongs here: the damage, what must be said of it. Does not: files of the spool (``spool_bytes.py``).
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from iot_assets.assets.watching import ledger_check
from iot_assets.errors import CorruptFileError
from iot_assets.warehouse.bronze import read_landed
from iot_assets_tests.chaos import world
from iot_assets_tests.chaos.landing import Heard
from iot_assets_tests.chaos.ledger import Outcome
from iot_assets_tests.house import House, house_in
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random


def damage(chance: Random, folder: Path) -> Iterator[Outcome]:
    """One file, 300 times; each fiftieth damage is met by a whole minute."""
    house = house_in(folder / "data")
    house.paths.root.mkdir()
    lake = LakeBuilder(house.paths)
    file = lake.make([_message(chance, n) for n in range(chance.randint(1, 40))])
    other = lake.make([_message(chance, 100 + n) for n in range(3)])
    file.place()
    sound, whole = file.path.read_bytes(), read_landed(file.path)
    house.ask("select 1")
    template = shutil.copy(house.paths.warehouse, folder / "template")
    for number in range(300):
        name, content = _damaged(chance, sound)
        if content == sound:
            continue
        file.path.parent.mkdir(parents=True, exist_ok=True)
        file.path.write_bytes(content)
        problem, harmless = None, False
        try:
            harmless = read_landed(file.path).equals(whole)
            problem = None if harmless else "what it says has changed, and it passes for sound"
        except CorruptFileError:
            pass
        if number % 50 == 0:
            shutil.copy(template, house.paths.warehouse)
            other.place()
            problem = problem or _minute(house, file.path, harmless=harmless)
        yield Outcome(f"landed: {name}", problem)


def _minute(house: House, path: Path, *, harmless: bool) -> str | None:
    """What a minute makes of a damaged file beside a sound one."""
    heard = Heard()
    log = logging.getLogger("iot_assets.warehouse.bronze")
    log.addHandler(heard)
    try:
        house.run()
    finally:
        log.removeHandler(heard)
    ((state, problem),) = house.ask("select state, problem from bronze.files where path like '%000000.parquet'")
    with house.open() as connection:
        wrong = world.wrong(connection, world.seen(house.paths))
        checked = not ledger_check(connection, house.paths).passed
    logged = bool(heard.said("landed file set aside", logging.ERROR))
    told = state == "corrupt" and problem and logged and checked and not path.exists()
    return wrong or (None if harmless or told else f"nobody was told: {state}, {problem}, {logged=}, {checked=}")


def _damaged(chance: Random, sound: bytes) -> tuple[str, bytes]:
    content = bytearray(sound)
    first = chance.randrange(len(sound))
    match chance.choice(["one bit flipped", "one bit flipped", "cut", "zeroed", "emptied", "zeroed to its end"]):
        case "one bit flipped" as name:
            content[first] ^= 1 << chance.randrange(8)
        case "cut" as name:
            del content[first:]
        case "zeroed" as name:
            last = min(len(sound), first + chance.choice([1, 8, 512]))
            content[first:last] = bytes(last - first)
        case "zeroed to its end" as name:
            content[first:] = bytes(len(sound) - first)
        case name:
            content.clear()
    return name, bytes(content)


def _message(chance: Random, second: int) -> Message:
    body = world.payload(chance.choice("ab"), NOON.timestamp() + second, chance.randrange(50))
    return Message(received_at=at(second), topic=world.TOPIC, payload=body)
