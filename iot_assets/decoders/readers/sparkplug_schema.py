"""The messages of Sparkplug B on the wire: the fields of Eclipse Sparkplug 3.0, chapter 6, by number, name and type.

Belongs here: the table of fields and the classes made of it. Does not: what the fields mean.
Extensions and meta data are not read: Protocol Buffers skips what it does not know.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final = MappingProxyType(
    {
        "uint32": _Field.TYPE_UINT32,
        "uint64": _Field.TYPE_UINT64,
        "float": _Field.TYPE_FLOAT,
        "double": _Field.TYPE_DOUBLE,
        "bool": _Field.TYPE_BOOL,
        "string": _Field.TYPE_STRING,
        "bytes": _Field.TYPE_BYTES,
    }
)
#: A field is (number, name, type); ``*`` before the type says that it is repeated, ``|`` that it is one of the forms
#: of the value.
_MESSAGES: Final = MappingProxyType(
    {
        "Payload": (
            (1, "timestamp", "uint64"),
            (2, "metrics", "*Metric"),
            (3, "seq", "uint64"),
            (4, "uuid", "string"),
            (5, "body", "bytes"),
        ),
        "Metric": (
            (1, "name", "string"),
            (2, "alias", "uint64"),
            (3, "timestamp", "uint64"),
            (4, "datatype", "uint32"),
            (5, "is_historical", "bool"),
            (6, "is_transient", "bool"),
            (7, "is_null", "bool"),
            (9, "properties", "PropertySet"),
            (10, "int_value", "|uint32"),
            (11, "long_value", "|uint64"),
            (12, "float_value", "|float"),
            (13, "double_value", "|double"),
            (14, "boolean_value", "|bool"),
            (15, "string_value", "|string"),
            (16, "bytes_value", "|bytes"),
            (17, "dataset_value", "|DataSet"),
            (18, "template_value", "|Template"),
        ),
        "PropertySet": ((1, "keys", "*string"), (2, "values", "*PropertyValue")),
        "PropertyValue": (
            (1, "type", "uint32"),
            (2, "is_null", "bool"),
            (3, "int_value", "|uint32"),
            (4, "long_value", "|uint64"),
            (5, "float_value", "|float"),
            (6, "double_value", "|double"),
            (7, "boolean_value", "|bool"),
            (8, "string_value", "|string"),
        ),
        "DataSet": (
            (1, "num_of_columns", "uint64"),
            (2, "columns", "*string"),
            (3, "types", "*uint32"),
            (4, "rows", "*Row"),
        ),
        "Row": ((1, "elements", "*Element"),),
        "Element": (
            (1, "int_value", "|uint32"),
            (2, "long_value", "|uint64"),
            (3, "float_value", "|float"),
            (4, "double_value", "|double"),
            (5, "boolean_value", "|bool"),
            (6, "string_value", "|string"),
        ),
        "Template": ((2, "metrics", "*Metric"), (4, "template_ref", "string"), (5, "is_definition", "bool")),
    }
)


def _payload_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package="sparkplug_b", syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        if any(kind.startswith("|") for _, _, kind in fields):
            message.oneof_decl.add(name="value")
        for number, field_name, kind in fields:
            field = message.field.add(name=field_name, number=number, label=_Field.LABEL_OPTIONAL)
            if kind.startswith("*"):
                field.label = _Field.LABEL_REPEATED
            if kind.startswith("|"):
                field.oneof_index = 0
            if (plain := kind.lstrip("*|")) in _SCALARS:
                field.type = _SCALARS[plain]
            else:
                field.type, field.type_name = _Field.TYPE_MESSAGE, f".sparkplug_b.{plain}"
    pool = descriptor_pool.DescriptorPool()  # of its own: another library may know these messages by the same names
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("sparkplug_b.Payload"))


#: The class of a whole payload; ``FromString`` reads one, ``SerializeToString`` writes one.
Payload: Final = _payload_class()
