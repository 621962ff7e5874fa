"""Planning notices: who is told by which channel, when, and in which words. After that, nothing of it changes."""

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
from activities.notices.recipients import Recipient, recipients
from activities.notices.room import fitting
from activities.wording.rendering import Gathered, NoWordsError, Wording
from cases.city import City
from cases.errors import UnavailableError
from cases.notice import Notice
from records.sending_queue import Item, Planning

_log = logging.getLogger("hotline.notices")


class Planner:
    """Makes sendings of notices."""

    def __init__(self, wording: Wording, channels: Channels) -> None:
        self._wording = wording
        self._channels = channels

    async def plan(self, planning: Planning, city: City) -> None:
        """Settle all of some notices.

        One that nobody finds words for, or whose planning fails in any other way, becomes a sending that has failed,
        and stays to be planned again by hand: the others do not wait for it.

        Raises:
            UnavailableError: the register is out of reach.
        """
        for row in planning.notices:
            try:
                sendings = await self._sendings(Notice.model_validate(row.content), planning, city)
            except NoWordsError as error:
                await planning.put(row.key, [_wordless(row, planning.now, str(error))], keep=True)
            except ValidationError:
                told = "another release wrote it, and this one cannot read it"
                await planning.put(row.key, [_wordless(row, planning.now, told)], keep=True)
            except (UnavailableError, SQLAlchemyError):
                raise
            except Exception as error:  # noqa: BLE001 - it would fail at every look, and nothing more would go out
                told = f"planning it failed ({place(error)})"
                await planning.put(row.key, [_wordless(row, planning.now, told)], keep=True)
            else:
                await planning.put(row.key, sendings)
            # The interpreter is shared with the cases.
            await asyncio.sleep(0)

    async def _sendings(self, notice: Notice, planning: Planning, city: City) -> list[Item]:
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
                    "addressee": recipient.addressee,
                    "subject": words.subject,
                    "body": words.body,
                    "state": "waiting",
                    "urgent": urgent,
                    "send_after": planning.now if urgent else await _send_after(recipient, planning, city),
                    "planned_at": planning.now,
                }
            )
        return found

    def digest(self, members: Sequence[Item], city: City) -> tuple[Item, int]:
        """The sending that gathers some that wait for the same addressee, and how many of them have room in it.

        Staff get a list, and look the rest up. Complainants get every notice in full below it, for that may hold what
        they have a right to be told, such as why it takes longer (Art. 15).
        """
        first = members[0]
        audience = first["audience"].partition(":")[0]
        members = members[: fitting(members)]
        items = [Gathered(one["case_number"], one["subject"], one["planned_at"]) for one in members]
        try:
            words = self._wording.digest(audience, items, first["language"], city.policy.city_zone, first["channel"])
            subject, body = words.subject, words.body
        except NoWordsError:
            _log.error("there is no text of a digest for %s; its notices go out as one all the same", audience)
            subject, body = first["subject"], "\n".join(one["subject"] for one in members)
        if audience == COMPLAINANT:
            body = "\n\n".join([body, *(one["body"] for one in members)])
        return {"id": f"{first['id']}.digest", "subject": subject, "body": body}, len(members)


async def _send_after(recipient: Recipient, planning: Planning, city: City) -> datetime:
    """When a notice that is not urgent may go out: in the hours for it, and not too soon after another one."""
    rules, zone, at = city.policy.notices, city.policy.city_zone, planning.now
    if rules.digest is not None:
        joined = await planning.waits_until(recipient.addressee)
        if joined is not None:
            return joined
        last = await planning.last(recipient.addressee)
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
