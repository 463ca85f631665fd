"""The time at which a search has to end, as users write it: hours, minutes or a time of day."""

import re
from datetime import datetime, timedelta

from nas_tc.errors import NasTcError

_DAY = timedelta(days=1)


def limit_s(
    hours: float | None, minutes: float | None, until: str | None, now: datetime
) -> float | None:
    """Seconds until the end; None without an end.

    Args:
        hours: Hours from now.
        minutes: Minutes from now, beside the hours.
        until: Time of day, "07:30"; the next one, tomorrow's if today's is over.
        now: Time of now on the user's clock.

    Raises:
        NasTcError: No time of day, a number that is not above 0, or both kinds of limits.
    """
    if until is not None:
        if hours is not None or minutes is not None:
            raise NasTcError("--until says when the search ends; leave out --hours and --minutes")
        return _seconds_until(until, now)
    if hours is None and minutes is None:
        return None
    for name, value in (("--hours", hours), ("--minutes", minutes)):
        if value is not None and not 0 < value < 1e6:
            raise NasTcError(f"{name} must be above 0 and below a million, not {value:g}")
    return 3600 * (hours or 0.0) + 60 * (minutes or 0.0)


def _seconds_until(text: str, now: datetime) -> float:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip())
    hour, minute = map(int, found.groups()) if found else (24, 0)
    if hour > 23 or minute > 59:
        raise NasTcError(f"--until must be a time of day such as 07:30 or 19:05, not {text!r}")
    end = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (end - now if end > now else end + _DAY - now).total_seconds()
