"""Public holidays by country, from the maintained `holidays` library, which also knows the yearly transfers of days off.

Refuses to know offices: whoever closes on holidays asks by country.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from queue_service.text import Text


@lru_cache(maxsize=64)
def public_holidays(country: str | None, year: int) -> Mapping[date, Text]:
    """Days off from the year before to two years on, so that a booking's horizon never ends within; empty for None."""
    if country is None:
        return {}
    # All the countries of the world for one: 11 MB that only a city which closes on public holidays needs.
    import holidays

    years = range(year - 1, year + 3)
    english = holidays.country_holidays(country, years=years, language="en_US")
    russian = holidays.country_holidays(country, years=years, language="ru")
    return {day: {"ru": name, "en": english.get(day, name)} for day, name in russian.items()}


def is_known_country(country: str) -> bool:
    import holidays

    return country in holidays.list_supported_countries()
