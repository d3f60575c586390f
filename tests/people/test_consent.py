from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.test import Client

from sticktionary.domain.people import accounts, consent
from sticktionary.models import Consent, Player
from tests.people.conftest import client_of


def test_a_new_text_is_asked_about_before_playing(player: Player, settings: Any) -> None:
    client = client_of(player)
    assert client.get("/play/").status_code == 200
    in_force = settings.CONSENT_VERSION
    settings.CONSENT_VERSION = "2030-01"
    assert accounts.has_consented(player) is False
    response = client.get("/play/", follow=True)
    assert response.request["PATH_INFO"] == "/agree/"
    assert list(client.post("/agree/", {}).context["form"].errors) == ["consent"]
    assert client.post("/agree/", {"consent": "on"})["Location"] == "/play/"
    assert client.get("/play/").status_code == 200
    assert list(player.consents.order_by("pk").values_list("version", flat=True)) == [in_force, "2030-01"]


def test_the_record_says_which_words(player: Player) -> None:
    record = Consent.objects.get(player=player)
    assert record.text_sha256 == sha256(consent.text_of("en").encode()).hexdigest()


def test_agreeing_twice_is_agreeing_once(player: Player) -> None:
    accounts.give_consent(player_id=player.pk, language="en")
    assert player.consents.count() == 1


def test_each_edition_has_its_text(db: None) -> None:
    pages = {language: consent.text_of(language) for language in ("en", "zh")}
    assert "CC BY 4.0" in pages["en"]
    assert "16" in pages["zh"]
    assert pages["en"] != pages["zh"]
    page = Client().get("/agreement/", headers={"accept-language": "zh"}).content.decode()
    assert pages["zh"] in page


def test_who_has_to_agree_can_still_take_their_data_and_leave(player: Player, settings: Any) -> None:
    settings.CONSENT_VERSION = "2030-01"
    client = client_of(player)
    assert client.get("/me/").status_code == client.get("/me/delete/").status_code == 200
