"""A kit shows its flags as they are written."""

from reliakit.sources.memory import MemorySource
from tests.servers.serving import until


def test_flags_are_shown_as_they_are_written(kit_of):
    """Otherwise whoever goes by a flag's own words (an importer, an admin) would have to read the file again."""
    kit = kit_of({"flags": {"a": {"percentage": 12.5, "metadata": {"ticket": "SHOP-17"}}, "b": {}}})
    assert dict(kit.flags) == {"a": {"percentage": 12.5, "metadata": {"ticket": "SHOP-17"}}, "b": {}}
    assert kit.flags.get("c") is None


def test_flags_shown_are_those_in_force(kit_of):
    """Otherwise they would say what was true when somebody first looked."""
    source = MemorySource({"flags": {"a": {"percentage": 10}}})
    kit = kit_of(source)
    assert kit.flags["a"] == {"percentage": 10}
    kit.enabled("a", "u")
    source.set({"flags": {"a": {"percentage": 20}}})
    until(lambda: kit.flags["a"] == {"percentage": 20})


def test_metadata_of_a_flag_reaches_those_who_evaluate_it(kit_of):
    """Otherwise what a definition says beside would be read by nobody; what the format has words for wins."""
    kit = kit_of(
        {"revision": "r7", "flags": {"a": {"owner": "growth", "metadata": {"rank": 3, "owner": "me"}}}}
    )
    assert kit.evaluate("a", user="u").metadata == {"rank": 3, "owner": "growth", "version": "r7"}
