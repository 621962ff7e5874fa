"""Planning notices: who is told by which channel, when, and in which words. After that, nothing of it changes.

A notice is opened to be put into words, and what comes of it is sealed again by the key of its case until it leaves.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from activities.notices.channels import COMPLAINANT, Channels
from activities.notices.hours import opening
from activities.notices.place import place
from activities.notices.recipients import recipients
from activities.notices.room import fitting
from activities.opening import ErasedError, LostKeyError, opened, opened_texts
from activities.wording.rendering import Gathered, NoWordsError, Wording
from cases.city import City
from cases.disclosure import shown_notice
from cases.errors import UnavailableError
from cases.notice import Notice
from records.seals import Seals
from records.sending_queue import Item, Planning
from vault.sealing import DataKey

_log = logging.getLogger("hotline.notices")


class Planner:
    """Makes sendings of notices."""

    def __init__(self, seals: Seals, wording: Wording, channels: Channels) -> None:
        self._seals = seals
        self._wording = wording
        self._channels = channels

    async def plan(self, planning: Planning, city: City) -> None:
        """Settle all of some notices.

        One that nobody finds words for, or whose planning fails in any other way, becomes a sending that has failed,
        and stays to be planned again by hand: the others do not wait for it. Of a case that was erased nobody is told.

        Raises:
            UnavailableError: the register is out of reach.
        """
        for row in planning.notices:
            try:
                sendings = await self._sendings(Notice.model_validate(row.content), planning, city)
            except ErasedError:
                await planning.put(row, [])
            except LostKeyError as error:
                told = f"the key {error} of its texts cannot be used; see whether the file of keys is whole"
                await planning.put(row, [_wordless(row, planning.now, told)], keep=True)
            except NoWordsError as error:
                await planning.put(row, [_wordless(row, planning.now, str(error))], keep=True)
            except ValidationError:
                told = "another release wrote it, and this one cannot read it"
                await planning.put(row, [_wordless(row, planning.now, told)], keep=True)
            except (UnavailableError, SQLAlchemyError):
                raise
            except Exception as error:  # noqa: BLE001 - it would fail at every look, and nothing more would go out
                told = f"planning it failed ({place(error)})"
                await planning.put(row, [_wordless(row, planning.now, told)], keep=True)
            else:
                await planning.put(row, sendings)
            # The interpreter is shared with the cases.
            await asyncio.sleep(0)

    async def _sendings(self, owed: Notice, planning: Planning, city: City) -> list[Item]:
        found, known = await opened(self._seals, owed)
        notice = shown_notice(found)
        key = known or await self._seals.key_for(notice.case_number)
        return [_sealed(one, key) for one in await self._open_sendings(notice, planning, city)]

    async def _open_sendings(self, notice: Notice, planning: Planning, city: City) -> list[Item]:
        urgent = notice.level in city.policy.notices.pierced_by
        asked_for = (notice.complainant.language if notice.complainant else None) or ""
        found = []
        for recipient in recipients(notice, self._channels):
            words = self._wording.render(notice, recipient.entry.channel, asked_for, city)
            addressee = recipient.addressee(self._seals.digests)
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
                    "addressee": addressee,
                    "subject": words.subject,
                    "body": words.body,
                    "state": "waiting",
                    "urgent": urgent,
                    "send_after": planning.now if urgent else await _send_after(addressee, planning, city),
                    "planned_at": planning.now,
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


async def _send_after(addressee: str, planning: Planning, city: City) -> datetime:
    """When a notice that is not urgent may go out: in the hours for it, and not too soon after another one."""
    rules, zone, at = city.policy.notices, city.policy.city_zone, planning.now
    if rules.digest is not None:
        joined = await planning.waits_until(addressee)
        if joined is not None:
            return joined
        last = await planning.last(addressee)
        if last is not None:
            at = max(at, rules.digest.after(last, zone, city.policy.calendar))
    return opening(at, rules.hours, zone)


def _wordless(row: Any, now: datetime, reason: str) -> Item:
    _log.error("notice %s cannot be sent: %s", row.key, reason)
    return {
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
