"""Tying a provider to an account and signing in by it in Chromium: our strict policy lets the person out to the provider and back."""

import pytest
from playwright.async_api import expect

from queue_service.db import Database
from queue_service.settings import OidcSettings
from queue_service.staff.provider import Provider
from queue_service.staff.signer import FixedSecret
from tests.browser.conftest import DESK, PHONE, OpenPage
from tests.browser.test_accessibility import violations
from tests.staff.oidc_provider import CLIENT_ID, CLIENT_SECRET, a_real_provider
from tests.support.factories import PASSWORD, a_clerk, an_office
from tests.support.service import Service


async def test_a_clerk_ties_the_provider_and_comes_back_by_it(
    service: Service, database: Database, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, clerk = service.base_url, await a_clerk(database, await an_office(database))
    callback = f"{base}/account/oidc/callback"
    with a_real_provider(callback) as issuer:
        settings = OidcSettings(issuer, CLIENT_ID, CLIENT_SECRET, "Городской вход")
        monkeypatch.setitem(service.app.state._state, "oidc", Provider(settings, FixedSecret(CLIENT_SECRET), callback))
        await service.http.get(f"{issuer}/as/anna")
        page = await open_page(f"{base}/desk/login", DESK)
        await page.context.add_cookies([{"name": "queue_session", "value": clerk.token, "url": base}])
        await page.goto(f"{base}/account")
        await page.fill("[name=link_password]", PASSWORD)
        await page.get_by_role("button", name="Привязать вход").click()
        await expect(page.get_by_text("Теперь можно входить и так.")).to_be_visible()
        await page.context.clear_cookies(name="queue_session")
        await page.goto(f"{base}/desk/login")
        assert await violations(page) == []
        await page.get_by_role("link", name="Войти через Городской вход").click()
        await expect(page.get_by_text(clerk.name)).to_be_visible()
        await service.http.get(f"{issuer}/as/somebody")
        await page.context.clear_cookies()
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await page.goto(f"{base}/account/oidc/start")
        await expect(page.get_by_role("alert")).to_contain_text("не привязан ни к одной учётной записи")
        assert await violations(page) == []
