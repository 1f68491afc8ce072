"""The browser sees what is wrong with a page, or nothing else here says anything."""

import pytest

from tests.system import wait_for

GOOD = "<!doctype html><html lang=en><title>Good</title><main><h1>Good</h1><p>Text.</p></main></html>"
BAD = GOOD.replace(
    "<p>Text.</p>", "<p style='color:#ddd;background:#fff'>Pale</p><img src='data:image/gif;base64,R0lG'>"
)


def test_a_good_page_is_accessible(browser_page, assert_accessible):
    browser_page.set_content(GOOD)
    assert_accessible(browser_page)


def test_pale_text_and_images_without_words_are_found(browser_page, assert_accessible):
    browser_page.set_content(BAD)
    with pytest.raises(pytest.fail.Exception, match=r"^not accessible: color-contrast: p; image-alt: img$"):
        assert_accessible(browser_page)


def test_errors_in_the_console_and_thrown_ones_are_heard(browser_page, console_errors):
    browser_page.set_content("<script>console.error('said'); setTimeout(() => { throw new Error('thrown') })</script>")
    wait_for(lambda: browser_page.evaluate("1") and len(console_errors) == 2, what="two errors")
    assert [error.split(" (")[0] for error in console_errors] == ["said", "thrown"]
    console_errors.clear()
