"""Files that people send: what they are, by their content alone, and without what a camera writes into a picture."""

import io
from http import HTTPStatus
from typing import NamedTuple

import puremagic
from PIL import Image, UnidentifiedImageError
from pillow_heif import register_heif_opener

from api.problems import ProblemError

register_heif_opener()
# Ours is asked for as soon as a picture's size is known, before any of it is unpacked; theirs only warns.
Image.MAX_IMAGE_PIXELS = None

_MOST_PIXELS = 50_000_000
_LONGEST_SIDE = 16_000
_KEPT_SIDE = 6_000
"""A larger picture is kept smaller: enough to read a sign on it."""
_PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/jpeg"}
"""The pictures that are read, and what becomes of them; browsers cannot show those of some telephones."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How a picture is turned the right way up, by what the camera wrote of how it was held."""

_SAVED_AS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_RECORDINGS = {
    "audio/mpeg": "audio/mpeg",
    "audio/wav": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/ogg": "audio/ogg",
    "application/ogg": "audio/ogg",
    "audio/amr": "audio/amr",
    "audio/mp4": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/aac": "audio/aac",
    "audio/flac": "audio/flac",
    "audio/x-flac": "audio/flac",
    "video/mp4": "video/mp4",
    "video/quicktime": "video/quicktime",
    "video/webm": "video/webm",
    "video/3gpp": "video/3gpp",
    "video/x-matroska": "video/webm",
}
"""Sound and film by the names that different tables have for them."""

TAKEN = (
    "pictures (JPEG, PNG, WebP, HEIC), sound (MP3, WAV, Ogg, M4A, AAC, AMR, FLAC) and film (MP4, QuickTime, WebM, 3GP)"
)


class File(NamedTuple):
    """A file as it is kept."""

    media_type: str
    content: bytes


def read(content: bytes) -> File:
    """The file that was sent, by what it is and not by what it is called.

    A picture is drawn anew, turned the right way up: place, time and device that a camera wrote into it are gone, and
    so is whatever else was hidden in it. Takes a moment; not for the loop that serves others.

    Raises:
        ProblemError: it is empty (422), of no kind that is taken, or cannot be read (415).
    """
    if not content:
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-input", "The file is empty", "body: send the bytes of the file"
        )
    picture = _picture(content)
    if picture is not None:
        return picture
    kind = _recording(content)
    if kind is None:
        raise _not_taken("it is none of these")
    return File(kind, content)


def _picture(content: bytes) -> File | None:
    try:
        with Image.open(io.BytesIO(content), formats=tuple(_PICTURES)) as image:
            kind = _PICTURES[image.format or ""]
            if image.width * image.height > _MOST_PIXELS or max(image.size) > _LONGEST_SIDE:
                raise _not_taken(f"the picture has more than {_MOST_PIXELS // 1_000_000} million points")
            return File(kind, _drawn(image, _SAVED_AS[kind]))
    except UnidentifiedImageError:
        return None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise _not_taken("the picture is damaged") from error


def _drawn(image: Image.Image, form: str) -> bytes:
    mode = "RGB" if form == "JPEG" or not _has_transparency(image) else "RGBA"
    turn = image.getexif().get(_ORIENTATION)
    # A JPEG is unpacked no larger than it is kept.
    image.draft(None, (_KEPT_SIDE, _KEPT_SIDE))
    plain = image if image.mode == mode else image.convert(mode)
    plain.thumbnail((_KEPT_SIDE, _KEPT_SIDE))
    if turn in _TURNS:
        plain = plain.transpose(_TURNS[turn])
    # Nothing but the points is left to be written.
    bare = Image.frombuffer(mode, plain.size, plain.tobytes(), "raw", mode, 0, 1)
    out = io.BytesIO()
    bare.save(out, form, **({} if form == "PNG" else {"quality": 90}))
    return out.getvalue()


def _has_transparency(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _recording(content: bytes) -> str | None:
    try:
        found = puremagic.magic_string(content)
    except (puremagic.PureError, ValueError):
        return None
    surest = max((one.confidence for one in found), default=0)
    likely = [one.mime_type for one in found if one.confidence == surest]
    return next((_RECORDINGS[one] for one in likely if one in _RECORDINGS), None)


def _not_taken(why: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "not-taken",
        "This kind of file is not taken",
        f"body: {why}; send {TAKEN}",
    )
