"""The hours in which people are told, by the clocks of the city."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cases.calendar import Window, from_wall, wall


def open_at(moment: datetime, hours: Window | None, zone: ZoneInfo) -> bool:
    """Whether notices go out at a moment."""
    return opening(moment, hours, zone) == moment


def opening(moment: datetime, hours: Window | None, zone: ZoneInfo) -> datetime:
    """The moment itself, if notices go out then, else when they begin to; in UTC."""
    moment = moment.astimezone(UTC)
    if hours is None:
        return moment
    now = wall(moment, zone)
    opens, closes = hours.on(now.date())
    if now >= closes:
        opens, _ = hours.on(now.date() + timedelta(days=1))
    return moment if opens <= now < closes else from_wall(opens, zone, moment)
