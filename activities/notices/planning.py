"""Planning notices: who is told by which channel, when, and in which words. After that, nothing of it changes.

A notice is opened to be put into words, and what comes of it is sealed again by the key of its case until it leaves.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError
from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from activities.notices.channels import COMPLAINANT, Channels
from activities.notices.place import place
from activities.notices.recipients import recipients
from activities.notices.room import fitting
from activities.notices.turns import Turns
from activities.opening import ErasedError, LostKeyError, opened, opened_texts
from activities.wording.rendering import Gathered, NoWordsError, Wording
from cases.city import City
from cases.disclosure import shown_notice
from cases.errors import UnavailableError
from cases.notice import Notice
from records.notice_planning import Item, Planning
from records.seals import Seals
from vault.sealing import DataKey

_log = logging.getLogger("hotline.notices")


class _Draft(NamedTuple):
    """What comes of a notice; not yet when. With `keep`, it has failed, and its content stays."""

    row: Row[Any]
    sendings: Sequence[Item]
    keep: bool = False


class Planner:
    """Makes sendings of notices."""

    def __init__(self, seals: Seals, wording: Wording, channels: Channels) -> None:
        self._seals = seals
        self._wording = wording
        self._channels = channels

    async def plan(self, planning: Planning, city: City) -> list[Item]:
        """Settle all of some notices.

        One that nobody finds words for, or whose planning fails in any other way, becomes a sending that has failed,
        and stays to be planned again by hand: the others do not wait for it. Of a case that was erased nobody is told.

        Returns:
            The sendings that may go out at once, each by itself, in their order.

        Raises:
            UnavailableError: the register is out of reach.
        """
        # Looked up together, and remembered: each would be asked for by itself.
        await self._seals.keys({name for names in planning.keys.values() for name in names})
        drafts: list[_Draft] = []
        for row in planning.notices:
            drafts.append(await self._draft(row, planning.now, city))
            # The interpreter is shared with the cases.
            await asyncio.sleep(0)
        asked = {one["addressee"] for draft in drafts for one in draft.sendings if not one["urgent"]}
        turns = Turns(city, planning.now, await planning.told(asked) if city.policy.notices.digest is not None else {})
        drafts = [draft if draft.keep else _timed(draft, planning.now, turns) for draft in drafts]
        for draft in drafts:
            await planning.put(draft.row, draft.sendings, keep=draft.keep)
        timed = [one for draft in drafts if not draft.keep for one in draft.sendings]
        due = [one for one in timed if one["send_after"] <= planning.now]
        return [one for one in due if one["urgent"] or not turns.gathers(one["addressee"])]

    async def _draft(self, row: Row[Any], now: datetime, city: City) -> _Draft:
        try:
            return _Draft(row, await self._sendings(Notice.model_validate(row.content), now, city))
        except ErasedError:
            return _Draft(row, [])
        except LostKeyError as error:
            told = f"the key {error} of its texts cannot be used; see whether the file of keys is whole"
        except NoWordsError as error:
            told = str(error)
        except ValidationError:
            told = "another release wrote it, and this one cannot read it"
        except (UnavailableError, SQLAlchemyError):
            raise
        except Exception as error:  # noqa: BLE001 - it would fail at every look, and nothing more would go out
            told = _failed(error)
        return _wordless(row, now, told)

    async def _sendings(self, owed: Notice, now: datetime, city: City) -> list[Item]:
        found, known = await opened(self._seals, owed)
        notice = shown_notice(found)
        key = known or await self._seals.key_for(notice.case_number)
        return [_sealed(one, key) for one in self._open_sendings(notice, now, city)]

    def _open_sendings(self, notice: Notice, now: datetime, city: City) -> list[Item]:
        urgent = notice.level in city.policy.notices.pierced_by
        asked_for = (notice.complainant.language if notice.complainant else None) or ""
        found = []
        for recipient in recipients(notice, self._channels):
            words = self._wording.render(notice, recipient.entry.channel, asked_for, city)
            found.append(
                {
                    "id": f"{notice.key}.{recipient.entry.channel}",
                    "notice": notice.key,
                    "about": notice.about,
                    "audience": notice.to,
                    "case_number": notice.case_number,
                    "route": recipient.entry.route,
                    "channel": recipient.entry.channel,
                    "language": words.language,
                    "address": recipient.address,
                    "addressee": recipient.addressee(self._seals.digests),
                    "subject": words.subject,
                    "body": words.body,
                    "state": "waiting",
                    "urgent": urgent,
                    "planned_at": now,
                }
            )
        return found

    async def together(self, members: Sequence[Item]) -> list[Item]:
        """Those of some sendings to one addressee, from the first on, that have room in one; others go by themselves.

        So do those that cannot be opened, or whose case was erased: what becomes of them concerns no other.

        Raises:
            UnavailableError: a key is out of reach.
        """
        found = await self.readable(members)
        count = fitting(found) if found else 0
        chosen = {one["id"] for one in found[:count]}
        return [one for one in members if one["id"] in chosen]

    async def readable(self, items: Sequence[Item]) -> list[Item]:
        """Some sendings with address and words open, without those of erased cases, or whose key is lost. Raises so."""
        found = []
        for one in items:
            try:
                address, subject, body = await opened_texts(self._seals, one["address"], one["subject"], one["body"])
            except (ErasedError, LostKeyError):
                continue
            found.append(one | {"address": address, "subject": subject, "body": body})
        return found

    def digest(self, members: Sequence[Item], city: City) -> tuple[str, str]:
        """The words of the sending that gathers some others, open: its subject and its text.

        Staff get a list, and look the rest up. Complainants get every notice in full below it, for that may hold what
        they have a right to be told, such as why it takes longer (Art. 15).
        """
        first = members[0]
        audience = first["audience"].partition(":")[0]
        items = [Gathered(one["case_number"], one["subject"], one["planned_at"]) for one in members]
        try:
            words = self._wording.digest(audience, items, first["language"], city.policy.city_zone, first["channel"])
            subject, body = words.subject, words.body
        except NoWordsError:
            _log.error("there is no text of a digest for %s; its notices go out as one all the same", audience)
            subject, body = first["subject"], "\n".join(one["subject"] for one in members)
        if audience == COMPLAINANT:
            body = "\n\n".join([body, *(one["body"] for one in members)])
        return subject, body


def _sealed(sending: Item, key: DataKey) -> Item:
    return sending | {name: key.seal(text) for name in ("address", "subject", "body") if (text := sending[name])}


def _timed(draft: _Draft, now: datetime, turns: Turns) -> _Draft:
    try:
        found = [one | {"send_after": turns.next(one["addressee"], urgent=one["urgent"])} for one in draft.sendings]
    except Exception as error:  # noqa: BLE001 - as with its words
        return _wordless(draft.row, now, _failed(error))
    return _Draft(draft.row, found)


def _failed(error: Exception) -> str:
    return f"planning it failed ({place(error)})"


def _wordless(row: Row[Any], now: datetime, reason: str) -> _Draft:
    _log.error("notice %s cannot be sent: %s", row.key, reason)
    failed = {
        "id": f"{row.key}.unplanned",
        "notice": row.key,
        "about": row.about,
        "audience": row.audience,
        "case_number": row.case_number,
        "route": "",
        "channel": "",
        "language": "",
        "address": "",
        "addressee": "",
        "subject": "",
        "body": "",
        "state": "failed",
        "urgent": False,
        "send_after": now,
        "planned_at": now,
        "reason": f"{reason}; mend that, and have it tried again",
        "failing_since": now,
    }
    return _Draft(row, [failed], keep=True)
