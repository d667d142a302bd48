"""``python -m iot_assets``: the command line, also where the console script is not on PATH."""

from __future__ import annotations

from iot_assets.cli.main import main

if __name__ == "__main__":
    main()
