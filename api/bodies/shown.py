"""How a body shows itself in the API's description."""

from typing import Any

from pydantic import ConfigDict


def shown(*examples: dict[str, Any], **fields: str) -> ConfigDict:
    """The settings of a body: examples of it, and what its fields are for.

    A body that is an act of the domain does not show the act's `type`: the address says which it is. Nor does it show
    an `attachment`, which has an address of its own.
    """

    def show(schema: dict[str, Any]) -> None:
        properties = schema["properties"]
        for hidden in ("type", "attachment"):
            properties.pop(hidden, None)
        for name, told in fields.items():
            properties[name]["description"] = told
        schema["examples"] = list(examples)

    return ConfigDict(json_schema_extra=show)
