"""Run benchmarks one after the other, each in a process of its own: ``make bench``, or

    python benchmarks/run.py                  # all that have a form of minutes; kept in work/
    python benchmarks/run.py --full lander    # these, as the figures in the docs were made; kept in results/

Those of the full form are what ``docs/make.py`` makes docs/benchmarks.md of.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from iot_assets.bench.figures import number, read
from iot_assets.bench.registry import BENCHMARKS, TARGETS

HERE = Path(__file__).parent


def command(name: str, into: Path, *, full: bool) -> list[str]:
    """What starts a benchmark."""
    script = ["-m", "iot_assets", "bench"] if name == "path" else [str(HERE / f"{name}.py")]
    wanted = BENCHMARKS[name]
    arguments = wanted.full if full or wanted.quick is None else wanted.quick
    return [sys.executable, *script, *arguments, "--into", str(into)]


def main() -> None:
    """Run them, and say which targets are met; exit code 1 when one could not be run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; none is all that there are"
    )
    parser.add_argument("--full", action="store_true", help="the long form, an hour or more")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    names = given.names or [name for name, one in BENCHMARKS.items() if given.full or one.quick is not None]
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    into = HERE / "results" / f"{today}.json" if given.full else HERE / "work" / f"quick-{today}.json"
    into.parent.mkdir(exist_ok=True)
    failed = []
    for name in names:
        print(f"== {name}: {BENCHMARKS[name].what}", flush=True)
        began = time.monotonic()
        if subprocess.run(command(name, into, full=given.full), check=False).returncode:
            failed.append(name)
        print(f"== {name}: {time.monotonic() - began:.0f} s", flush=True)
    found = read(into) if into.exists() else {}
    for target in TARGETS:
        measured = target.measured(found.get(target.benchmark, {}).get("figures", {}))
        if measured is not None and target.benchmark in names:
            verdict = "met" if target.met(measured) else "NOT MET"
            print(f"{verdict:8}{target.benchmark}: {target.told}: {number(measured)}, asked {number(target.limit)}")
    print(f"figures: {into}")
    if failed:
        sys.exit(f"could not be run: {', '.join(failed)}")


if __name__ == "__main__":
    main()
