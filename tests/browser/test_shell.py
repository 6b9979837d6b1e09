"""The frame of every page: signing in and out, and who may see what."""

from playwright.sync_api import expect

from tests.browser.conftest import House, Visit
from tests.support.browsing import axe


def test_a_link_signs_in_and_shows_the_log(visit: Visit, house: House) -> None:
    """The key leaves the address before anything is shown, and stays in no history."""
    page = visit("carear")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    assert page.url == f"{house.url}/console#/log"
    page.go_back()
    assert "dbk_" not in page.url


def test_somebody_without_a_key_signs_in_by_hand(visit: Visit, house: House) -> None:
    """The address that they came for is kept."""
    page = visit(None)
    page.get_by_label("API key").fill(house.key("enate", "auditor"))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    assert not axe(page)
