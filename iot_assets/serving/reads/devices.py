"""What is known of devices, as it holds now."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, literal, text_of


def devices(
    *,
    kind: str | None = None,
    site: str | None = None,
    state: str | None = None,
    band: str | None = None,
    search: str | None = None,
) -> Question:
    """One row a device: what the registry, the device itself and its readings say of it, and its metrics.

    ``band`` is that of its newest quality score; ``search`` a part of its name, kind, model or site, in any case.
    """
    parameters = {"kind": kind, "site": site, "state": state, "band": band, "search": search}
    return _of("true", parameters)


def device(device_id: str) -> Question:
    """The same of one device."""
    parameters = dict.fromkeys(("kind", "site", "state", "band", "search"))
    return _of(f"d.device_id = {literal(device_id)}", parameters)


def _of(scope: str, parameters: dict[str, str | None]) -> Question:
    sql = text_of("devices", scope=scope, scored=text_of("scored"))
    return Question(sql, parameters, key=("device_id",))
