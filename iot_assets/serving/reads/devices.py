"""What is known of devices, as it holds now."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, literal, text_of


def devices(*, kind: str | None = None, site: str | None = None, search: str | None = None) -> Question:
    """One row a device: what the registry, the device itself and its readings say of it, and its metrics.

    ``search`` is a part of its name, of its kind, model or site, in any case.
    """
    parameters = {"kind": kind, "site": site, "search": search}
    return Question(text_of("devices", scope="true"), parameters, key=("device_id",))


def device(device_id: str) -> Question:
    """The same of one device."""
    parameters = {"kind": None, "site": None, "search": None}
    return Question(text_of("devices", scope=f"d.device_id = {literal(device_id)}"), parameters, key=("device_id",))
