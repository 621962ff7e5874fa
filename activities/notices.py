"""Notices to complainants, units and supervisors. The log is the channel; it names the case and nothing personal."""

import logging

from temporalio import activity

from activities.messages import SEND_NOTICE, NoticeRequest

_log = logging.getLogger("hotline.notices")


class Notices:
    """Tells people what became of a case."""

    @activity.defn(name=SEND_NOTICE)
    async def send(self, request: NoticeRequest) -> None:
        """Send one notice."""
        effect = request.effect
        _log.info("notice %s about %s to %s", effect.key, effect.about, effect.to)
