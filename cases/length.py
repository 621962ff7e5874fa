"""A length of time as a policy writes it: so many of a unit."""

from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Length:
    """So many of a unit. Two of the same kind are equal if they are written alike."""

    __slots__ = ("amount", "unit")

    examples: ClassVar[tuple[str, ...]]

    def __init__(self, amount: int, unit: str) -> None:
        self.amount = amount
        self.unit = unit

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the written form.

        Raises:
            ValueError: it is none.
        """
        raise NotImplementedError

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and (self.amount, self.unit) == (other.amount, other.unit)

    def __hash__(self) -> int:
        return hash((self.amount, self.unit))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.parse(str(value)),
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "examples": list(cls.examples)}
