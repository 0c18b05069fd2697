"""Receivers can tell our messages from anybody else's."""

import re
import time
from pathlib import Path

import pytest

from reliakit.runtime.webhooks import headers, shown, signature

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
SECRET, BODY = "correct horse battery staple", b'{"type":"rolled_back"}'


def verified():
    """Returns the function that the documents give to receivers."""
    [snippet] = re.findall(
        r"^```python\n(.*?def verified.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    names: dict = {}
    exec(snippet, names)
    return names["verified"]


def test_what_is_sent_passes_the_check_that_the_documents_give():
    """Otherwise whoever follows the documents would refuse every message."""
    assert verified()(SECRET, headers("msg_1", time.time(), BODY, SECRET), BODY)


@pytest.mark.parametrize(
    ("secret", "changed", "body"),
    [
        ("another secret of somebody", {}, BODY),
        (SECRET, {}, BODY + b" "),
        (SECRET, {"webhook-id": "msg_2"}, BODY),
        (SECRET, {"webhook-timestamp": "1800000000"}, BODY),
    ],
)
def test_what_was_changed_on_the_way_does_not(secret, changed, body):
    """Otherwise anybody who knows the address could announce a rollback."""
    sent = headers("msg_1", time.time(), BODY, SECRET)
    assert not verified()(secret, {**sent, **changed}, body)


def test_an_old_message_does_not_either():
    """Otherwise a message that somebody kept could be played again a year later."""
    assert not verified()(SECRET, headers("msg_1", time.time() - 600, BODY, SECRET), BODY)


def test_libraries_for_standard_webhooks_verify_it():
    """The example of their specification, whose key is the base64 behind whsec_."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_secret_nothing_claims_to_be_signed():
    """Otherwise a receiver would take an empty signature for a checked one."""
    assert "webhook-signature" not in headers("msg_1", 1.0, BODY, None)


def test_what_others_wrote_is_one_short_line_without_controls():
    """Otherwise a gate's reason could forge lines of a log, or colour a terminal."""
    assert shown("fine\r\nERROR forged \x1b[2J\u202e") == "fine ERROR forged �[2J�"
    assert len(shown("x" * 5000)) == 200
