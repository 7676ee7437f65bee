"""Every mistake in a city file is found, named with its place and told in one sentence; and only mistakes are."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_service.offices.configuration import (
    Configuration,
    ConfigurationError,
    OfficeBooking,
    Place,
    Policy,
    ServiceBooking,
    minute_of_day,
    parse_configuration,
)

SHIPPED = Path(__file__).parents[2] / "cities" / "st-petersburg.yaml"

OFFICIAL_ORDER = (
    "admiralteysky vasileostrovsky vyborgsky kalininsky kirovsky kolpinsky krasnogvardeysky krasnoselsky kronshtadtsky"
    " kurortny moskovsky nevsky petrogradsky petrodvortsovy primorsky pushkinsky frunzensky tsentralny"
)


def a_city() -> dict[str, Any]:
    """The smallest city without a mistake: one office, two services, two desks."""
    return {
        "city": {"code": "town", "name": {"ru": "Город", "en": "Town"}, "time_zone": "Europe/Moscow"},
        "privileges": [
            {"code": "veteran", "name": {"ru": "Ветераны"}, "basis": "Закон", "document": {"ru": "Удостоверение"}},
            {"code": "pregnant", "name": {"ru": "Беременные"}, "basis": "Правила", "document": {"ru": "Справка"}},
        ],
        "catalogue": {
            "groups": [
                {"code": "papers", "letter": "А", "name": {"ru": "Документы"}},
                {"code": "advice", "letter": "В", "name": {"ru": "Консультации"}},
            ],
            "services": [a_service("passport", "papers") | {"booking": {"grid_minutes": 10}}, a_service("consultation", "advice")],
        },
        "offices": [an_office()],
    }


def a_service(code: str, group: str) -> dict[str, Any]:
    return {
        "code": code,
        "group": group,
        "name": {"ru": "Услуга"},
        "goal": "submit",
        "typical_minutes": 10,
        "wait_norm_minutes": 15,
        "booking_norm_minutes": 5,
        "documents": [{"ru": "Паспорт"}],
    }


def an_office(slug: str = "central") -> dict[str, Any]:
    return {
        "slug": slug,
        "district": {"ru": "Район"},
        "name": {"ru": "Администрация"},
        "address": {"ru": "Невский проспект, 1"},
        "opening_hours": [{"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "18:00"}],
        "closures": [{"date": "2027-01-01", "reason": {"ru": "Новый год"}}],
        "zones": [{"code": "hall", "name": {"ru": "Зал"}}],
        "desks": [
            {"number": "1", "zone": "hall", "accessible": True, "services": ["passport", "consultation"]},
            {"number": "2", "zone": "hall", "services": ["passport"], "help_out": ["consultation"]},
        ],
        "services": ["passport", "consultation"],
        "overrides": {"passport": {"typical_minutes": 20}},
        "displays": [{"name": "Табло", "zone": "hall"}],
        "place": {"latitude": 59.93, "longitude": 30},
        "public_holidays": "RU",
        "booking": {"hold_minutes": 7, "quota_returns_minutes": None},
        "lanes": [a_lane("Паспорта", count=2, exceptions=[{"date": "2027-01-09", "from": "10:00", "to": "14:00"}]), a_lane("Зал")],
    }


def a_lane(name: str, **what: Any) -> dict[str, Any]:
    return {"name": name, "services": ["passport"], "hours": [{"days": [1, 2], "from": "09:00", "to": "13:00"}], **what}


def problems_in(text: str) -> list[str]:
    """What the parser says, without the line numbers."""
    try:
        parse_configuration(text)
    except ConfigurationError as error:
        return [f"{re.sub(r' .строка [0-9]+.$', '', path)}: {sentence}" for path, sentence, _ in error.problems]
    return []


def problems_of(city: dict[str, Any]) -> list[str]:
    return problems_in(yaml.safe_dump(city, allow_unicode=True, sort_keys=False))


def parsed(city: dict[str, Any]) -> Configuration:
    return parse_configuration(yaml.safe_dump(city, allow_unicode=True, sort_keys=False))


# --- the shipped city --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def petersburg() -> Configuration:
    return parse_configuration(SHIPPED.read_text(encoding="utf-8"))


def test_the_shipped_city_has_all_districts_in_the_official_order(petersburg: Configuration) -> None:
    assert " ".join(office.slug for office in petersburg.offices) == OFFICIAL_ORDER
    assert petersburg.offices[0].name["ru"] == "Администрация Адмиралтейского района"
    assert petersburg.offices[13].name["ru"] == "Администрация Петродворцового района"
    assert petersburg.offices[17].district == {"ru": "Центральный район", "en": "Tsentralny District"}


def test_the_shipped_catalogue_is_wide_and_fits_the_kiosk(petersburg: Configuration) -> None:
    services, groups = petersburg.catalogue.services, petersburg.catalogue.groups
    assert len(services) >= 24
    assert 7 <= len(groups) <= 8, "at most eight buttons on a kiosk screen"
    for group in groups:
        assert 1 <= sum(service.group == group.code for service in services) <= 8, group.code
    assert [service.code for service in services if max(map(len, service.name.values())) > 60] == []
    assert {service.goal for service in services} == {"submit", "ask", "collect"}
    assert any(service.daily_limit for service in services)
    assert [service.code for service in services if not service.walk_in] == ["head-reception"]


def test_every_shipped_office_serves_everything_at_two_desks_and_somebody_in_a_wheelchair(
    petersburg: Configuration,
) -> None:
    for office in petersburg.offices:
        assert any(desk.accessible and desk.place for desk in office.desks), office.slug
        for code in office.offered(petersburg.catalogue):
            assert sum(code in desk.services for desk in office.desks) >= 2, (office.slug, code)
    assert all(4 <= len(office.desks) <= 12 for office in petersburg.offices[1:])


def test_the_printed_office_is_always_open_and_any_of_sixteen_clerks_can_call_any_walk_in(
    petersburg: Configuration,
) -> None:
    office = petersburg.offices[0]
    assert [(hours.days, hours.opens, hours.closes) for hours in office.opening_hours] == [([1, 2, 3, 4, 5, 6, 7], "00:00", "24:00")]
    assert office.closures == []
    walk_in = {service.code for service in petersburg.catalogue.services if service.walk_in}
    assert sum(walk_in <= set(desk.services) for desk in office.desks) >= 16
    assert len({desk.zone for desk in office.desks}) == 2
    assert office.displays[0].zone is None, "the printed display shows every desk"


def test_the_rules_written_out_in_the_first_office_are_the_defaults_the_others_take(petersburg: Configuration) -> None:
    assert petersburg.offices[0].policy == Policy() == petersburg.offices[1].policy


def test_every_shipped_office_is_on_the_map_and_booked_by_two_to_six_at_a_time(petersburg: Configuration) -> None:
    for office in petersburg.offices:
        assert office.place is not None, office.slug
        assert 59.6 < office.place.latitude < 60.3, office.slug
        assert 29.4 < office.place.longitude < 30.8, office.slug
        assert 2 <= sum(lane.count for lane in office.lanes) <= 6, office.slug
        assert any("head-reception" in lane.services or lane.services == "all" for lane in office.lanes), "it is given by appointment only"
        assert len(office.booked(petersburg.catalogue)) >= 0.75 * len(office.offered(petersburg.catalogue)), office.slug
    assert len({msgspec.structs.astuple(office.place) for office in petersburg.offices if office.place}) == 18
    lanes = [lane for office in petersburg.offices for lane in office.lanes]
    assert {lane.channel for lane in lanes} == {"both", "online", "hall"}
    assert any(each.opens and each.local_date.isoweekday() == 6 for lane in lanes for each in lane.exceptions), "an extra Saturday"


def test_some_shipped_services_ask_how_many_applications_are_brought(petersburg: Configuration) -> None:
    asking = {service.code for service in petersburg.catalogue.services if service.booking and service.booking.per_application_minutes}
    assert {"residence-registration", "ready-documents"} <= asking
    assert "passport" not in asking


def test_the_printed_office_takes_bookings_for_every_hour_of_every_day(petersburg: Configuration) -> None:
    office, *others = petersburg.offices
    assert office.public_holidays is False
    assert any(lane.hours is None and lane.channel == "both" and lane.services == "all" for lane in office.lanes)
    assert (office.booking.verify_contact, office.booking.freed_delay_minutes) == (False, 1)
    assert [each.slug for each in others if each.booking.verify_contact] == ["tsentralny"]
    assert {each.public_holidays for each in others} == {"RU"}


def test_every_shipped_text_speaks_both_languages_calmly() -> None:
    texts: list[dict[str, str]] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            if "ru" in value:
                texts.append(value)
            for item in value.values():
                collect(item)
        elif isinstance(value, list):
            for item in value:
                collect(item)

    collect(yaml.safe_load(SHIPPED.read_text(encoding="utf-8")))
    assert len(texts) > 300
    assert [text for text in texts if set(text) != {"ru", "en"}] == []
    assert [text for text in texts if "!" in text["ru"] + text["en"]] == []
    assert [text["en"] for text in texts if re.search("[а-яё]", text["en"], re.IGNORECASE)] == []


# --- what a file becomes -----------------------------------------------------------------------------------------------


def test_a_small_city_is_read_with_its_defaults() -> None:
    city = parsed(a_city())
    office = city.offices[0]
    assert office.policy == Policy(help_out_penalty_minutes=10)
    assert (office.kiosks, office.time_zone, office.ticker) == (1, None, [])
    assert city.catalogue.services[0].walk_in is True
    assert city.catalogue.services[0].daily_limit is None
    assert office.overrides["passport"].typical_minutes == 20
    assert office.closures[0].local_date.isoformat() == "2027-01-01"


def test_msgspec_alone_reads_a_file_without_problems_to_the_same_city() -> None:
    assert msgspec.convert(a_city(), Configuration) == parsed(a_city())


def test_all_stands_for_every_service_of_the_catalogue() -> None:
    city = a_city()
    city["offices"][0]["services"] = "all"
    configuration = parsed(city)
    assert configuration.offices[0].offered(configuration.catalogue) == ["passport", "consultation"]


def test_the_end_of_a_day_is_its_1440th_minute() -> None:
    assert (minute_of_day("00:00"), minute_of_day("09:30"), minute_of_day("24:00")) == (0, 570, 1440)


def test_unquoted_times_and_dates_mean_what_they_look_like() -> None:
    text = yaml.safe_dump(a_city(), allow_unicode=True)
    text = text.replace("'09:00'", "10:00").replace("09:00", "10:00").replace("'2027-01-01'", "2027-01-01")
    office = parse_configuration(text).offices[0]
    assert office.opening_hours[0].opens == "10:00"
    assert office.closures[0].local_date.isoformat() == "2027-01-01"


def test_a_part_can_be_named_once_and_repeated() -> None:
    city = a_city()
    city["offices"].append(an_office("northern") | {"closures": city["offices"][0]["closures"]})
    text = yaml.safe_dump(city, allow_unicode=True)
    assert "*id" in text
    assert len(parse_configuration(text).offices[1].closures) == 1


def test_an_office_says_what_it_books_differently() -> None:
    city = a_city()
    booking = city["catalogue"]["services"][0]["booking"] = {"grid_minutes": 10, "lead_minutes": 0}
    passport, consultation = parsed(city).catalogue.services
    office = parsed(city).offices[0]
    assert office.booking_of(passport) == ServiceBooking(grid_minutes=10, lead_minutes=0)
    assert office.booking_of(consultation) is None
    city["offices"][0]["overrides"] = {"passport": {"booking": {"lead_minutes": 90}}, "consultation": {"booking": {}}}
    office = parsed(city).offices[0]
    assert office.booking_of(passport) == ServiceBooking(grid_minutes=10, lead_minutes=90)
    assert office.booking_of(consultation) == ServiceBooking()
    assert booking["lead_minutes"] == 0


def test_what_an_office_does_not_say_of_booking_is_the_default() -> None:
    city = a_city()
    for name in ("place", "public_holidays", "booking", "lanes"):
        del city["offices"][0][name]
    office = parsed(city).offices[0]
    assert (office.place, office.public_holidays, office.booking, office.lanes) == (None, "RU", OfficeBooking(), [])
    assert parsed(a_city()).offices[0].booking == OfficeBooking(hold_minutes=7, quota_returns_minutes=None)
    assert parsed(a_city()).offices[0].place == Place(59.93, 30)


def test_more_equal_lanes_do_not_rename_the_first() -> None:
    pair, single = parsed(a_city()).offices[0].lanes
    assert pair.names() == ["Паспорта", "Паспорта 2"]
    assert single.names() == ["Зал"]


# --- form --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["0", "05", "1000", "5а", "", 5])
def test_a_desk_number_has_one_to_three_digits(number: object) -> None:
    city = a_city()
    city["offices"][0]["desks"][1]["number"] = number
    [problem] = problems_of(city)
    assert problem.startswith('offices[0].desks[1].number: ожидается номер окна в кавычках, от "1" до "999"')


@pytest.mark.parametrize("letter", ["З", "О", "Ч", "Б", "A", "а", "АВ"])
def test_a_ticket_letter_is_one_that_nobody_misreads(letter: str) -> None:
    city = a_city()
    city["catalogue"]["groups"][0]["letter"] = letter
    [problem] = problems_of(city)
    assert problem.startswith("catalogue.groups[0].letter: ожидается одна буква из А В Г Д Е К Л М Н П Р С Т У Ф Э")
    assert problem.endswith(f"а здесь «{letter}»")


@pytest.mark.parametrize("field", ["typical_minutes", "wait_norm_minutes", "booking_norm_minutes", "daily_limit"])
@pytest.mark.parametrize("value", [0, -5, True, "15", 1.5])
def test_minutes_and_limits_are_positive_whole_numbers(field: str, value: object) -> None:
    city = a_city()
    city["catalogue"]["services"][1][field] = value
    [problem] = problems_of(city)
    assert problem.startswith(f"catalogue.services[1].{field}: ожидается целое число")
    assert problem.endswith(f"а здесь «{str(value).lower()}»")


@pytest.mark.parametrize("time", ["9:00", "25:00", "24:01", "09-00", "09:60", "утром"])
def test_a_time_is_well_formed(time: str) -> None:
    city = a_city()
    city["offices"][0]["opening_hours"][0]["to"] = time
    assert problems_of(city) == [f'offices[0].opening_hours[0].to: ожидается время вида "09:00", не позже "24:00", а здесь «{time}»']


def test_a_date_is_one_that_exists() -> None:
    city = a_city()
    city["offices"][0]["closures"][0]["date"] = "2027-02-30"
    assert problems_of(city) == ["offices[0].closures[0].date: ожидается дата вида 2027-01-31, а здесь «2027-02-30»"]


def test_a_goal_is_one_of_three() -> None:
    city = a_city()
    city["catalogue"]["services"][0]["goal"] = "complain"
    assert problems_of(city) == [
        "catalogue.services[0].goal: ожидается submit (подать), ask (узнать) или collect (получить), а здесь «complain»"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ({"en": "Office"}, "offices[0].name: нет русского текста (ru)"),
        ({"ru": "  "}, "offices[0].name.ru: ожидается непустой текст, а здесь пустой текст"),
        ({"ru": 15}, "offices[0].name.ru: ожидается непустой текст, а здесь «15»"),
        ({"ru": "Да", "de": "Ja"}, "offices[0].name.de: такого языка нет, известны ru, en"),
        ("Администрация", 'offices[0].name: ожидается текст вида {ru: "…", en: "…"}, а здесь «Администрация»'),
        (None, 'offices[0].name: ожидается текст вида {ru: "…", en: "…"}, а здесь пусто'),
    ],
)
def test_a_text_is_always_there_in_russian(text: object, problem: str) -> None:
    city = a_city()
    city["offices"][0]["name"] = text
    assert problems_of(city) == [problem]


def test_a_misspelt_field_is_named_with_the_likely_one() -> None:
    city = a_city()
    city["offices"][0]["adress"] = city["offices"][0].pop("address")
    assert sorted(problems_of(city)) == [
        "offices[0].address: обязательное поле не заполнено",
        "offices[0].adress: такое поле здесь не предусмотрено, возможно, имелось в виду «address»",
    ]


def test_a_list_and_a_set_of_fields_are_not_taken_for_each_other() -> None:
    city = a_city()
    city["offices"][0] |= {"desks": "5", "policy": ["late_grace_minutes"], "overrides": []}
    assert problems_of(city) == [
        "offices[0].desks: ожидается список, пустой пишется [], а здесь «5»",
        "offices[0].overrides: ожидается набор полей, пустой пишется {}, а здесь список",
        "offices[0].policy: ожидается набор полей, а здесь список",
    ]


def test_a_policy_cannot_be_negative() -> None:
    city = a_city()
    city["offices"][0]["policy"] = {"late_grace_minutes": -1, "no_show_min_calls": 0}
    assert problems_of(city) == [
        "offices[0].policy.late_grace_minutes: ожидается целое число минут от 0 до 1440, а здесь «-1»",
        "offices[0].policy.no_show_min_calls: ожидается целое число вызовов от 1 до 10, а здесь «0»",
    ]


def test_a_chain_leads_to_other_services_of_the_catalogue_and_ends() -> None:
    city = a_city()
    code = city["catalogue"]["services"][0]["code"]
    city["catalogue"]["services"][0]["chain"] = [code, "nowhere", "nowhere"]
    assert problems_of(city) == [
        f"catalogue.services[0].chain: услуга «{code}» не может следовать за собой",
        "catalogue.services[0].chain: услуга «nowhere» не найдена",
        "catalogue.services[0].chain: услуга «nowhere» не найдена",
        "catalogue.services[0].chain: услуга «nowhere» названа дважды",
    ]


def test_the_rules_of_a_halls_day_say_what_they_take() -> None:
    city = a_city()
    city["catalogue"]["services"][0]["results"] = [{"code": "done", "name": {"ru": "Да"}}, {"code": "done", "name": {"en": "No"}}]
    city["catalogue"]["services"][0]["counts_applications"] = "иногда"
    city["offices"][0]["policy"] = {
        "accessible_needs": ["wheelchair", "wings", "wheelchair"],
        "auto_call_seconds": 0,
        "postpone_reasons": [{"code": "away", "name": {"ru": "Отошёл"}}, {"code": "away", "name": {"ru": "Ушёл"}}],
        "day_ends_minutes": 361,
        "amber_minutes": -1,
    }
    assert problems_of(city) == [
        "catalogue.services[0].results[1].code: «done» уже есть выше, а должно встречаться один раз",
        "catalogue.services[0].results[1].name: нет русского текста (ru)",
        "catalogue.services[0].counts_applications: ожидается true или false, а здесь «иногда»",
        "offices[0].policy.accessible_needs[1]: ожидается low_vision (плохо видит), hearing (плохо слышит) или wheelchair (коляска),"
        " а здесь «wings»",
        "offices[0].policy.accessible_needs[2]: «wheelchair» уже есть выше, а должно встречаться один раз",
        "offices[0].policy.auto_call_seconds: ожидается целое число секунд от 1 до 600 или null (вызывает только сотрудник), а здесь «0»",
        "offices[0].policy.postpone_reasons[1].code: «away» уже есть выше, а должно встречаться один раз",
        "offices[0].policy.day_ends_minutes: ожидается целое число минут от 0 до 360, а здесь «361»",
        "offices[0].policy.amber_minutes: ожидается целое число минут от 0 до 120, а здесь «-1»",
    ]


def test_few_shipped_services_ask_for_a_result_and_the_commonest_do_not(petersburg: Configuration) -> None:
    asking = {service.code for service in petersburg.catalogue.services if service.results}
    assert asking
    assert len(asking) < len(petersburg.catalogue.services) / 4
    assert not asking & {"residence-registration", "passport", "ready-documents", "consultation"}
    assert {each.name["ru"] for service in petersburg.catalogue.services for each in service.results} >= {"Принято", "Отказ в приёме"}


@pytest.mark.parametrize("grid", [0, 7, 45, "15", True])
def test_a_grid_divides_the_hour(grid: object) -> None:
    city = a_city()
    city["catalogue"]["services"][0]["booking"] = {"grid_minutes": grid}
    city["offices"][0]["overrides"]["passport"]["booking"] = {"grid_minutes": grid}
    form = f"ожидается число минут, на которое делится час: 5, 10, 15, 20, 30 или 60, а здесь «{str(grid).lower()}»"
    assert problems_of(city) == [
        f"catalogue.services[0].booking.grid_minutes: {form}",
        f"offices[0].overrides.passport.booking.grid_minutes: {form}",
    ]


def test_rules_of_booking_stay_within_what_the_tables_take() -> None:
    city = a_city()
    city["catalogue"]["services"][0]["booking"] = {"duration_minutes": 0, "per_application_minutes": 121, "horizon_days": 366}
    city["offices"][0]["booking"] = {"hold_minutes": 61, "offer_minutes": 4, "quota_returns_minutes": 20_161, "verify_contact": "да"}
    assert problems_of(city) == [
        "catalogue.services[0].booking.duration_minutes: ожидается целое число минут от 1 до 480, а здесь «0»",
        "catalogue.services[0].booking.per_application_minutes: ожидается целое число минут от 0 до 120, а здесь «121»",
        "catalogue.services[0].booking.horizon_days: ожидается целое число дней от 1 до 365, а здесь «366»",
        "offices[0].booking.hold_minutes: ожидается целое число минут от 1 до 60, а здесь «61»",
        "offices[0].booking.offer_minutes: ожидается целое число минут от 5 до 1440, а здесь «4»",
        "offices[0].booking.quota_returns_minutes: ожидается целое число минут от -1440 до 20160 или null (никогда), а здесь «20161»",
        "offices[0].booking.verify_contact: ожидается true или false, а здесь «да»",
    ]


def test_a_place_is_on_earth() -> None:
    city = a_city()
    city["offices"][0]["place"] = {"latitude": 159.93, "longitude": "30,36"}
    assert problems_of(city) == [
        "offices[0].place.latitude: ожидается широта в градусах, от -90 до 90, например 59.9311, а здесь «159.93»",
        "offices[0].place.longitude: ожидается долгота в градусах, от -180 до 180, например 30.3609, а здесь «30,36»",
    ]
    city["offices"][0]["place"] = {"latitude": -33.45}
    assert problems_of(city) == ["offices[0].place.longitude: обязательное поле не заполнено"]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("RU", None),
        (False, None),
        (None, None),
        ("NO", None),
        ("ZZ", "праздники страны «ZZ» не известны, пример: RU"),
        (True, 'ожидается код страны из двух латинских букв, например "RU", или false, если отделение работает и в праздники,'),
        ("ru", 'ожидается код страны из двух латинских букв, например "RU", или false, если отделение работает и в праздники,'),
    ],
)
def test_public_holidays_are_those_of_a_country_or_none(value: object, sentence: str | None) -> None:
    city = a_city()
    city["offices"][0]["public_holidays"] = value
    problems = problems_of(city)
    assert len(problems) == (sentence is not None)
    assert all(problem.startswith(f"offices[0].public_holidays: {sentence}") for problem in problems)


def test_a_lane_has_a_known_channel_and_a_sensible_count() -> None:
    city = a_city()
    city["offices"][0]["lanes"] = [a_lane("Паспорта", channel="phone", count=0)]
    assert problems_of(city) == [
        "offices[0].lanes[0].channel: ожидается both (для всех), online (для записи из дома) или hall (для зала), а здесь «phone»",
        "offices[0].lanes[0].count: ожидается целое число линий от 1 до 50, а здесь «0»",
    ]


# --- names and references ----------------------------------------------------------------------------------------------


def test_codes_letters_slugs_and_numbers_are_not_used_twice() -> None:
    city = a_city()
    city["privileges"][1]["code"] = "veteran"
    city["catalogue"]["groups"].append({"code": "papers", "letter": "А", "name": {"ru": "Ещё"}})
    city["catalogue"]["services"].append(a_service("passport", "papers"))
    city["offices"].append(an_office())
    city["offices"][0]["desks"][1]["number"] = "1"
    city["offices"][0]["zones"].append({"code": "hall", "name": {"ru": "Второй зал"}})
    twice = "уже есть выше, а должно встречаться один раз"
    assert problems_of(city) == [
        f"privileges[1].code: «veteran» {twice}",
        f"catalogue.groups[2].code: «papers» {twice}",
        f"catalogue.groups[2].letter: «А» {twice}",
        f"catalogue.services[2].code: «passport» {twice}",
        f"offices[0].zones[1].code: «hall» {twice}",
        f"offices[0].desks[1].number: «1» {twice}",
        f"offices[1].slug: «central» {twice}",
    ]


def test_a_service_belongs_to_a_group_that_exists() -> None:
    city = a_city()
    city["catalogue"]["services"][0]["group"] = "paper"
    assert problems_of(city) == ["catalogue.services[0].group: группа «paper» не найдена"]


def test_an_unknown_service_is_named_wherever_it_is_mentioned() -> None:
    city = a_city()
    office = city["offices"][0]
    for codes in (office["desks"][0]["services"], office["desks"][1]["help_out"], office["services"]):
        codes.append("x")
    office["overrides"]["x"] = {"walk_in": False}
    assert problems_of(city) == [
        "offices[0].desks[0].services: услуга «x» не найдена",
        "offices[0].desks[1].help_out: услуга «x» не найдена",
        "offices[0].services: услуга «x» не найдена",
        "offices[0].overrides: услуга «x» не найдена",
    ]


def test_a_desk_takes_only_what_its_office_offers() -> None:
    city = a_city()
    city["offices"][0]["services"] = ["passport"]
    assert problems_of(city) == [
        "offices[0].desks[0].services: услуги «consultation» нет среди услуг отделения",
        "offices[0].desks[1].help_out: услуги «consultation» нет среди услуг отделения",
    ]


def test_every_service_of_an_office_has_a_desk_and_helping_out_is_not_enough() -> None:
    city = a_city()
    city["offices"][0]["desks"][0]["services"] = ["passport"]
    assert problems_of(city) == ["offices[0].services: услугу «consultation» не принимает ни одно окно"]


def test_a_desk_without_services_has_no_use() -> None:
    city = a_city()
    city["offices"][0]["desks"][1]["services"] = []
    assert problems_of(city) == ["offices[0].desks[1].services: у окна нет ни одной услуги"]


def test_a_desk_does_not_help_out_with_its_own_service_nor_list_one_twice() -> None:
    city = a_city()
    city["offices"][0]["desks"][1] |= {"services": ["passport", "passport"], "help_out": ["passport"]}
    assert problems_of(city) == [
        "offices[0].desks[1].services: услуга «passport» названа дважды",
        "offices[0].desks[1].help_out: услуга «passport» у этого окна и так основная",
    ]


def test_lanes_have_names_of_their_own_also_where_one_stands_for_several() -> None:
    city = a_city()
    city["offices"][0]["lanes"] = [a_lane("Зал", count=3), a_lane("Зал 2"), a_lane("Зал 4"), a_lane("Зал")]
    assert problems_of(city) == [
        "offices[0].lanes[1].name: линия «Зал 2» уже есть выше, а должна встречаться один раз",
        "offices[0].lanes[3].name: линия «Зал» уже есть выше, а должна встречаться один раз",
    ]


def test_a_lane_takes_services_that_the_office_gives_and_that_are_booked() -> None:
    city = a_city()
    city["catalogue"]["services"].append(a_service("visa", "papers"))
    city["offices"][0]["lanes"] = [
        a_lane("Первая", services=["x", "passport", "visa", "passport"]),
        a_lane("Вторая", services=["consultation"]),
        a_lane("Третья", services=[]),
        a_lane("Четвёртая", services="all"),
    ]
    assert problems_of(city) == [
        "offices[0].lanes[0].services: услуга «x» не найдена",
        "offices[0].lanes[0].services: услуги «visa» нет среди услуг отделения",
        "offices[0].lanes[0].services: услуга «passport» названа дважды",
        "offices[0].lanes[1].services: у услуги «consultation» нет правил записи (booking)",
        "offices[0].lanes[2].services: у линии нет ни одной услуги",
    ]
    del city["catalogue"]["services"][0]["booking"]
    city["offices"][0]["lanes"] = [a_lane("Первая", services="all")]
    assert problems_of(city) == ["offices[0].lanes[0].services: ни у одной услуги отделения нет правил записи (booking)"]
    city["offices"][0]["overrides"]["passport"]["booking"] = {}
    assert problems_of(city) == []


def test_a_misspelt_rule_of_booking_does_not_make_its_lanes_wrong() -> None:
    city = a_city()
    service = city["catalogue"]["services"][0]
    service["bookin"] = service.pop("booking")
    assert problems_of(city) == ["catalogue.services[0].bookin: такое поле здесь не предусмотрено, возможно, имелось в виду «booking»"]


def test_desks_and_displays_stand_in_a_zone_that_exists() -> None:
    city = a_city()
    city["offices"][0]["desks"][0]["zone"] = "cellar"
    city["offices"][0]["displays"][0]["zone"] = "roof"
    assert problems_of(city) == [
        "offices[0].desks[0].zone: зона «cellar» не найдена",
        "offices[0].displays[0].zone: зона «roof» не найдена",
    ]


@pytest.mark.parametrize("name", ["Europe/Piter", "../etc/passwd", "Europe", "МСК"])
def test_a_time_zone_exists(name: str) -> None:
    city = a_city()
    city["city"]["time_zone"] = name
    city["offices"][0]["time_zone"] = name
    sentence = f"часовой пояс «{name}» не найден, пример: Europe/Moscow"
    assert problems_of(city) == [f"city.time_zone: {sentence}", f"offices[0].time_zone: {sentence}"]


# --- times -------------------------------------------------------------------------------------------------------------


def test_a_break_is_two_ranges_of_one_day() -> None:
    city = a_city()
    city["offices"][0]["opening_hours"] = [
        {"days": [1, 2], "from": "14:00", "to": "18:00"},
        {"days": [1, 2], "from": "09:00", "to": "13:00"},
        {"days": [2], "from": "13:00", "to": "14:00"},
    ]
    assert problems_of(city) == []


def test_opening_hours_of_one_day_do_not_overlap() -> None:
    city = a_city()
    city["offices"][0]["opening_hours"] = [
        {"days": [1, 2], "from": "09:00", "to": "18:00"},
        {"days": [2, 3], "from": "10:00", "to": "11:00"},
        {"days": [2], "from": "17:59", "to": "20:00"},
    ]
    assert problems_of(city) == [
        "offices[0].opening_hours[1]: часы приёма в день 2 пересекаются: до 18:00 и с 10:00",
        "offices[0].opening_hours[2]: часы приёма в день 2 пересекаются: до 18:00 и с 17:59",
    ]


def test_opening_hours_end_after_they_begin_on_days_that_exist() -> None:
    city = a_city()
    city["offices"][0]["opening_hours"] = [
        {"days": [1], "from": "18:00", "to": "09:00"},
        {"days": [], "from": "09:00", "to": "18:00"},
    ]
    assert problems_of(city) == [
        "offices[0].opening_hours[0]: приём кончается (09:00) не позже, чем начинается (18:00)",
        "offices[0].opening_hours[1].days: не назван ни один день недели",
    ]
    city["offices"][0]["opening_hours"] = [{"days": [0, 8], "from": "09:00", "to": "18:00"}]
    weekday = "ожидается день недели от 1 (понедельник) до 7 (воскресенье)"
    assert problems_of(city) == [
        f"offices[0].opening_hours[0].days[0]: {weekday}, а здесь «0»",
        f"offices[0].opening_hours[0].days[1]: {weekday}, а здесь «8»",
    ]
    city["offices"][0]["opening_hours"] = []
    assert problems_of(city) == ["offices[0].opening_hours: нет ни одного часа приёма"]


def test_a_closure_names_both_times_or_none_and_a_date_has_one() -> None:
    city = a_city()
    reason = {"ru": "Короткий день"}
    city["offices"][0]["closures"] += [
        {"date": "2027-02-22", "from": "09:00", "to": "17:00", "reason": reason},
        {"date": "2027-02-23", "from": "09:00", "reason": reason},
        {"date": "2027-03-08", "from": "17:00", "to": "09:00", "reason": reason},
        {"date": "2027-01-01", "reason": reason},
    ]
    assert problems_of(city) == [
        "offices[0].closures[2]: нужны оба времени, from и to, или ни одного (закрыто весь день)",
        "offices[0].closures[3]: приём кончается (09:00) не позже, чем начинается (17:00)",
        "offices[0].closures[4].date: 2027-01-01 уже есть выше, а должно встречаться один раз",
    ]


def test_a_lanes_hours_do_not_overlap_and_a_break_is_two_ranges() -> None:
    city = a_city()
    morning, evening = {"days": [1], "from": "09:00", "to": "13:00"}, {"days": [1], "from": "14:00", "to": "18:00"}
    city["offices"][0]["lanes"] = [
        a_lane("Первая", hours=[morning, evening]),
        a_lane("Вторая", hours=[morning, {"days": [1, 2], "from": "12:00", "to": "15:00"}]),
        a_lane("Третья", hours=[{"days": [1], "from": "15:00", "to": "09:00"}]),
        a_lane("Четвёртая", hours=[]),
    ]
    assert problems_of(city) == [
        "offices[0].lanes[1].hours[1]: часы приёма в день 1 пересекаются: до 13:00 и с 12:00",
        "offices[0].lanes[2].hours[0]: приём кончается (09:00) не позже, чем начинается (15:00)",
        "offices[0].lanes[3].hours: нет ни одного часа приёма",
    ]


def test_a_lanes_exceptions_are_dates_with_both_times_or_none() -> None:
    city = a_city()
    city["offices"][0]["lanes"] = [
        a_lane(
            "Первая",
            exceptions=[
                {"date": "2027-01-09", "from": "10:00", "to": "12:00"},
                {"date": "2027-01-09", "from": "13:00", "to": "15:00"},
                {"date": "2027-01-09", "from": "14:00", "to": "16:00"},
                {"date": "2027-01-09"},
                {"date": "2027-01-10"},
                {"date": "2027-01-10"},
                {"date": "2027-01-11", "to": "15:00"},
                {"date": "2027-01-12", "from": "15:00", "to": "15:00"},
            ],
        )
    ]
    assert problems_of(city) == [
        "offices[0].lanes[0].exceptions[2]: для 2027-01-09 выше уже сказано другое: часы пересекаются",
        "offices[0].lanes[0].exceptions[3]: для 2027-01-09 выше уже сказано другое: часы пересекаются",
        "offices[0].lanes[0].exceptions[5]: для 2027-01-10 выше уже сказано другое: часы пересекаются",
        "offices[0].lanes[0].exceptions[6]: нужны оба времени, from и to, или ни одного (закрыто весь день)",
        "offices[0].lanes[0].exceptions[7]: приём кончается (15:00) не позже, чем начинается (15:00)",
    ]
    city["offices"][0]["lanes"][0]["exceptions"] = [{"date": "2027-02-29"}]
    assert problems_of(city) == ["offices[0].lanes[0].exceptions[0].date: ожидается дата вида 2027-01-31, а здесь «2027-02-29»"]


def test_a_privilege_does_not_end_before_it_begins() -> None:
    city = a_city()
    city["privileges"][0] |= {"valid_from": "2027-01-02", "valid_to": "2027-01-01"}
    assert problems_of(city) == ["privileges[0].valid_to: срок действия кончается раньше, чем начинается"]


# --- all at once -------------------------------------------------------------------------------------------------------


def test_every_mistake_is_told_at_once_with_its_line_and_without_false_consequences() -> None:
    city = a_city()
    city["catalogue"]["services"][0]["typical_minutes"] = 0
    office = city["offices"][0]
    office["desks"][0]["services"].append("x")
    office["desks"][1]["number"] = 7
    del office["zones"][0]["code"]
    office["opening_hours"][0]["to"] = "08:00"
    text = yaml.safe_dump(city, allow_unicode=True, sort_keys=False)
    with pytest.raises(ConfigurationError) as raised:
        parse_configuration(text)
    lines = text.splitlines()
    told = [re.fullmatch(r"(.+) .строка ([0-9]+).", problem.path) for problem in raised.value.problems]
    assert [(match[1], lines[int(match[2]) - 1].strip()) for match in told if match] == [
        ("catalogue.services[0].typical_minutes", "typical_minutes: 0"),
        ("offices[0].opening_hours[0]", "- days:"),
        ("offices[0].zones[0].code", "- name:"),
        ("offices[0].desks[0].services", "services:"),
        ("offices[0].desks[1].number", "- number: 7"),
    ]
    assert str(raised.value).count("\n") == 4
    assert len(raised.value.extra["problems"]) == 5  # type: ignore[arg-type]


def test_what_cannot_be_compared_is_not_called_missing() -> None:
    city = a_city()
    city["catalogue"]["services"] = "later"
    assert problems_of(city) == ["catalogue.services: ожидается список, пустой пишется [], а здесь «later»"]
    city = a_city()
    city["catalogue"]["services"][0]["code"] = "Passport"
    [problem] = problems_of(city)
    assert problem.startswith("catalogue.services[0].code: ожидается код")
    city = a_city()
    city["offices"][0]["desks"][0]["services"] = "all"
    assert problems_of(city) == ["offices[0].desks[0].services: ожидается список, пустой пишется [], а здесь «all»"]


# --- reading the text --------------------------------------------------------------------------------------------------


def test_a_field_written_twice_is_a_mistake_and_not_silently_the_last_one() -> None:
    text = yaml.safe_dump(a_city(), allow_unicode=True).replace("slug: central", "slug: central\n  slug: northern")
    assert problems_in(text) == ["offices[0].slug: поле написано дважды"]


@pytest.mark.parametrize("text", ["", "# пока пусто\n", "- a\n", "просто текст"])
def test_a_file_that_is_not_a_set_of_fields_says_so(text: str) -> None:
    [problem] = problems_in(text)
    assert problem.startswith("файл: ожидается набор полей, а здесь ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("city:\n  code: a\n bad: 1\n", 3),
        ("city: {\n", 2),
        ("a: *nowhere\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: !!python/object:os.system x\n", 1),
        ("a: !!int x\n", 1),
        ("a: !!timestamp x\n", 1),
        ("? [a]\n: 1\n", 1),
        ("\x07", 1),
        ("[" * 5000, 1),
    ],
)
def test_what_is_not_yaml_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_configuration(text)
    [(path, sentence, _)] = raised.value.problems
    assert path == f"файл (строка {line})"
    assert sentence.startswith("файл не читается как YAML (")


def test_a_list_that_contains_itself_ends_in_sentences() -> None:
    assert problems_in("city: &a [*a]\ncatalogue: {groups: &b [*b], services: []}\noffices: []\n") == [
        "city: ожидается набор полей, а здесь список",
        "catalogue.groups[0]: ожидается набор полей, а здесь список",
    ]


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 9_999) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_stands_in_any_place_the_answer_is_a_city_or_sentences(data: st.DataObject) -> None:
    """One place of a sound file is replaced by anything: nothing but ConfigurationError may come of it, and where the parser
    is content, msgspec is too."""
    city = a_city()
    place: Any = city
    while True:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(anything)
        break
    if problems_of(city) == []:
        assert msgspec.convert(city, Configuration) == parsed(city)


def test_a_few_lines_that_repeat_each_other_are_no_city() -> None:
    """Each line is a hundred of the one before: written out they would be more than any machine can read."""
    lines = ["a0: &a0 [x]", *(f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 100)}]" for number in range(1, 12))]
    with pytest.raises(ConfigurationError) as refused:
        parse_configuration("\n".join(lines))
    assert "повторений" in str(refused.value)


def test_a_wrong_file_is_told_its_first_two_hundred_mistakes_and_no_more() -> None:
    wrong = "city: 1\ncatalogue: 1\noffices:\n- &a {" + ", ".join(f"k{number}: 1" for number in range(200)) + "}\n" + "- *a\n" * 100
    with pytest.raises(ConfigurationError) as refused:
        parse_configuration(wrong)
    assert 200 <= len(refused.value.problems) < 2_000
