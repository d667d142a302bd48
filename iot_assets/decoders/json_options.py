"""What can be said of messages that are JSON objects, or arrays of them.

Belongs here: names, defaults and meanings. Does not: how they are obeyed (``json_record``, ``json_fields``).
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from iot_assets.decoders.options import CommonOptions, Names


class JsonRecordOptions(CommonOptions):
    """Where in the object things are; an array of objects is several records.

    A dot in a field's name goes one level down; ``/a.b`` names a key with a dot.
    """

    templates: ClassVar[tuple[str, ...]] = (*CommonOptions.templates, "metric")

    each: Names = Field(
        default=(),
        description=(
            "Array of records inside the object; of several the first that is there. All other fields are those of a "
            "record; one that it lacks (device, time, unit) may stand in the object around the array."
        ),
    )
    fields: Names = Field(
        default=(),
        description=(
            "Object whose fields are the metrics; of several the first that is there, and `.` is the whole. Without "
            "it, the whole."
        ),
    )
    device_field: Names = Field(
        default=(), description="Field that names the device; of several the first that is there."
    )
    time_field: Names = Field(
        default=(), description="Field that holds the time; without one, the received time counts."
    )
    id_field: Names = Field(
        default=(),
        description="Field that identifies the message: what has the same id on the same day is a duplicate.",
    )
    value_field: Names = Field(
        default=(), description="Field that holds the value; without it, every other field is a metric."
    )
    metric_field: Names = Field(default=(), description="With value_field: field that names the metric.")
    metric: str = Field(
        default="value",
        min_length=1,
        max_length=200,
        description=(
            "With value_field: the metric where no field names it. It may use levels of the topic, {name}; then a "
            "payload that is a bare number, truth value or string is its value, and without value_field the names of "
            "an object's fields come after it. The slashes of a {name#} become dots."
        ),
    )
    lines: bool = Field(
        default=False, description="The payload is JSON lines (NDJSON): each line a document, read on its own."
    )
    plain: bool = Field(
        default=False,
        description="With a metric that the topic says: a payload that is no JSON is text, and not malformed_json.",
    )
    unit_field: Names = Field(default=(), description="With value_field: field that holds the unit.")
    strings: Literal["text", "number", "number_or_text"] = Field(
        default="text",
        description="What a string is: text, a number (or bad_value), or a number where it reads as one.",
    )
