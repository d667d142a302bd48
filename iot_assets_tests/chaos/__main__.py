"""``python -m iot_assets_tests.chaos``."""

from __future__ import annotations

from iot_assets_tests.chaos.command import main

main(prog_name="python -m iot_assets_tests.chaos")
