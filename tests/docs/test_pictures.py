"""The pictures are those of the code as it is."""

from xml.etree import ElementTree as ET

from docs._site.phases import phases
from docs._site.pictures import FOLDER, drawn
from reliakit.rollouts.phases import TRANSITIONS, Phase
from tests.docs.pages import DOCS


def test_the_pictures_are_as_they_would_be_drawn_now() -> None:
    """Otherwise a release would do what its picture says it can't. `python -m docs._site.pictures` draws them."""
    assert {path.stem: path.read_text() for path in FOLDER.glob("*.svg")} == drawn()


def test_the_phases_have_every_transition() -> None:
    """Otherwise the picture would leave out a way that a release can take."""
    words = {part.strip() for text in texts(phases()) for part in text.split(",")}
    assert {phase.value for phase in Phase} <= words
    assert {trigger.value for row in TRANSITIONS.values() for trigger in row} <= words


def test_every_picture_says_what_it_shows() -> None:
    """Otherwise those who can't see it would get nothing."""
    pages = "\n".join(page.read_text() for page in DOCS.glob("*.md"))
    for name, text in drawn().items():
        assert ET.fromstring(text).get("aria-label")
        assert f"](pictures/{name}.svg)" in pages, name


def texts(picture: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(picture).iter() if node.tag.endswith("text")]
