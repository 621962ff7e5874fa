"""A photograph, recording or film that belongs to a case (Art. 2, 5: picture or video at the complainant's choice)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from cases.sealed import PERSONAL
from cases.vocabulary import Code, Storable, Value

AttachmentId = Annotated[str, StringConstraints(pattern=r"^[a-z2-7]{26}$")]
FileName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Storable, PERSONAL]


class Attachment(Value):
    """What is known of an attachment; the file itself is kept elsewhere, locked by the key of its case.

    `bytes` is the size of what is handed out. `content` is a keyed digest of the file as it came, by which the same one
    is known again. `unit` is the one whose own it is, as a picture of what was done; else it is the complainant's.
    """

    id: AttachmentId
    media_type: Annotated[str, StringConstraints(pattern=r"^(image|audio|video)/[a-z0-9.+-]{1,40}$")]
    bytes: Annotated[int, Field(gt=0)]
    name: FileName = ""
    content: Annotated[str, StringConstraints(max_length=64)] = ""
    unit: Code | None = None

    @property
    def tells_who(self) -> bool:
        """Whether it may tell who the complainant is: a voice or a film does, that a unit has not made itself."""
        return self.unit is None and not self.media_type.startswith("image/")
