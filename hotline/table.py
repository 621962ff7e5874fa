"""One table of a policy: its rows, and a voice for what is wrong with them."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from hotline.problem import Problem, complaints
from hotline.sheet import Row, Tell

Model = TypeVar("Model", bound=BaseModel)


class Table:
    """The rows of one file. Whatever is told of a row names the file, the row's line and the field."""

    def __init__(self, file: str, rows: list[Row], tell: Tell) -> None:
        self.file = file
        self.rows = rows
        self._tell = tell

    def tell(self, row: Row, field: str, detail: str) -> None:
        """Say what is wrong with this field of this row, and what to do."""
        self._tell(Problem(self.file, row.line, field, detail))

    def made(self, row: Row, model: type[Model], **values: object) -> Model | None:
        """The value that a row stands for, or None once its problems are told."""
        try:
            return model.model_validate(values)
        except ValidationError as error:
            for path, detail in complaints(error):
                self.tell(row, "title_en" if path == ("title",) else "_".join(path), detail)
            return None

    def titles(self, row: Row) -> dict[str, str]:
        """The row's titles by language; having none is a problem."""
        titles = row.titles()
        if not titles:
            self.tell(row, "title_en", "has no title in any language; write one")
        return titles

    def check_codes(self) -> None:
        """Tell of every code that stands in two rows."""
        first: dict[str, Row] = {}
        for row in self.rows:
            code = row.cells["code"]
            earlier = first.setdefault(code, row)
            if code and earlier is not row:
                told = "is the same as" if earlier.cells == row.cells else "contradicts"
                self.tell(row, "code", f"{code} {told} line {earlier.line}; keep one of them")
