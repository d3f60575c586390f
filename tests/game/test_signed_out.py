"""Signing out in one tab closes the game in the others of that browser, and nowhere else."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.test import Client
from django.urls import reverse

from sticktionary.live import consumers
from sticktionary.models import Player
from tests.game.page import Page, client_of

pytestmark = pytest.mark.django_db(transaction=True)


async def tab_of(browser: Client) -> Page:
    page = Page([(b"cookie", f"{settings.SESSION_COOKIE_NAME}={browser.session.session_key}".encode())])
    await page.open()
    await page.hear_until("snapshot")
    return page


async def test_the_other_tab_is_signed_out_and_the_other_device_is_not(anna: Player) -> None:
    here, elsewhere = [await sync_to_async(client_of)(anna) for _ in range(2)]
    tab, phone = await tab_of(here), await tab_of(elsewhere)
    await sync_to_async(here.post)(reverse("account_logout"))
    assert await tab.closed() == consumers.SIGNED_OUT
    assert (await phone.move("stop_waiting"))["type"] in {"done", "refused"}
    await phone.leave()
    await tab.leave()


async def test_a_tab_from_before_the_session_was_renewed_is_signed_out_too(anna: Player) -> None:
    browser = await sync_to_async(client_of)(anna)
    tab = await tab_of(browser)
    await sync_to_async(renew)(browser)
    await sync_to_async(browser.post)(reverse("account_logout"))
    assert await tab.closed() == consumers.SIGNED_OUT
    await tab.leave()


def renew(browser: Client) -> None:
    """What a sign-up or a new password does."""
    session = browser.session
    session.cycle_key()
    browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
