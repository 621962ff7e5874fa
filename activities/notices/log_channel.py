"""The channel for a city that has none: a line in the log, without a word of what there is to say or to whom."""

import logging

from activities.notices.channel import Letter

_log = logging.getLogger("hotline.notices")


class LogChannel:
    """Notes that a notice would have gone out."""

    async def send(self, letter: Letter) -> None:
        """Write the line."""
        _log.info("notice %s about %s to %s: there is no channel, it goes to this log alone", *letter[:3])
