"""Whoever edits flags in the database, by whatever way, can leave nothing there that makes no sense, or unsaid."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from hypothesis import example, given
from hypothesis import strategies as st

from reliakit_django.stored.checking import drafted, findings
from reliakit_django.stored.composing import Row
from reliakit_django.stored.models import Edit, Revision, StoredFlag, StoredSegment

pytestmark = pytest.mark.usefixtures("database")


def _flag(key="beta", definition="percentage: 10", **switches):
    flag = StoredFlag(key=key, definition=definition, **switches)
    flag.save(by="ann", reason="a try")
    return flag


def _refused(flag):
    with pytest.raises(ValidationError) as refused:
        flag.save()
    return refused.value.message_dict


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ("percentage: 10\nruels: []", "line 2: ruels"),
        ("rules:\n  - if: {plan: {equal: pro}}", "line 2: rules[0].if.plan.equal: there is no operator"),
        ("rules:\n  - if: {segment: staff}", 'line 2: rules[0].if.segment: there is no segment "staff"'),
        ("percentage: 101", "line 1: percentage: expected a percentage from 0 to 100"),
        ('{"percentage": 10,\n "percentage": 20}', "line 2: percentage: written twice"),
        ("description: {", "the document ends where a value is expected"),
        ("owner: x\ndescription: }", "line 2: "),
        ("10", "line 1: expected a flag such as {percentage: 10}, got 10"),
        ("description: a\x00b", "line 1: "),
        ("description: \ud800", "UTF-8"),
        pytest.param("description: " + "x" * 2_100_000, "larger than 2 MiB", id="too large"),
        ("", "nothing is written here"),
        ("# nothing but a remark", "nothing is written here"),
    ],
)
def test_an_edit_that_makes_no_sense_is_not_saved_and_told_with_its_line(definition, told):
    """Otherwise a typing mistake would be found out by the workers, and by nobody who could mend it."""
    _flag("another", "percentage: 5\nowner: growth")
    found = _refused(StoredFlag(key="beta", definition=definition))
    assert told in found["definition"][0], found
    assert not StoredFlag.objects.filter(key="beta").exists()
    assert Revision.number("default") == 1


def test_a_flag_that_is_sound_stays_as_it_was_where_an_edit_is_refused():
    """Otherwise the next start would find half of an edit."""
    flag = _flag()
    flag.definition = "percentage: ten"
    assert "definition" in _refused(flag)
    assert StoredFlag.objects.get().definition == "percentage: 10"
    assert Edit.objects.count() == 1


def test_what_others_refer_to_can_not_be_deleted():
    """Otherwise deleting one row would take flags out of force that nobody has looked at."""
    segment = StoredSegment(key="staff", definition="{email: {ends_with: '@example.com'}}")
    segment.save(by="ann")
    flag = _flag("beta", "rules: [{if: {segment: staff}}]")
    with pytest.raises(ValidationError, match=r"flags\.beta"):
        segment.delete()
    flag.delete(by="bob")
    segment.delete(by="bob")
    assert [edit.action for edit in Edit.objects.all()] == ["deleted", "deleted", "added", "added"]


def test_a_flag_keeps_its_key():
    """Otherwise code that asks for it would silently get its default."""
    flag = _flag()
    flag.key = "gamma"
    assert "key" in _refused(flag)


@pytest.mark.parametrize("key", ["", "a b", "-a", "a\n", "x" * 201])
def test_a_key_that_the_format_does_not_know_is_refused(key):
    """Otherwise the whole document would be refused by every worker."""
    assert _refused(StoredFlag(key=key, definition="{}"))


def test_nothing_is_edited_many_at_once():
    """Otherwise what `update` writes would neither be checked nor be in the history."""
    _flag()
    for edit in (
        lambda: StoredFlag.objects.update(definition="nonsense"),
        lambda: StoredFlag.objects.bulk_create([StoredFlag(key="a", definition="{}")]),
        lambda: StoredFlag.objects.bulk_update([StoredFlag.objects.get()], ["definition"]),
        lambda: Edit.objects.update(who="nobody"),
        lambda: Edit.objects.all().delete(),
        lambda: Edit.objects.get().delete(),
        lambda: Edit.objects.get().save(),
    ):
        with pytest.raises(TypeError):
            edit()
    StoredFlag.objects.all().delete()
    assert Edit.objects.count() == 2


def test_the_history_says_who_what_and_why():
    """Otherwise nobody could tell who has moved their users, or go back."""
    flag = _flag()
    flag.definition, flag.percentage = "percentage: 10\nowner: growth", 20
    flag.save(by="bob", reason="more of them")
    last = Edit.objects.all()[0]
    assert (last.who, last.reason, last.action, last.revision) == ("bob", "more of them", "changed", 2)
    assert last.before == {"definition": "percentage: 10", "killed": False, "percentage": None}
    assert last.after == {"definition": "percentage: 10\nowner: growth", "killed": False, "percentage": 20}
    assert StoredFlag.objects.get().owner == "growth"


def test_saving_what_is_there_is_no_edit():
    """Otherwise the history would be full of nothing, and every worker would reload for it."""
    _flag().save(by="bob")
    assert Edit.objects.count() == 1
    assert Revision.number("default") == 1


def test_an_edit_and_its_entry_come_and_go_together():
    """Otherwise the history would tell of what never was, or not of what was."""
    with transaction.atomic():
        _flag()
        transaction.set_rollback(True)
    assert not Edit.objects.exists()
    assert not StoredFlag.objects.exists()
    assert Revision.number("default") == 0


def test_switches_win_over_the_definition():
    """Otherwise a kill switch would not kill."""
    flag = _flag("beta", "allowlist: [ann]\npercentage: 10", percentage=100)
    with drafted([flag.row]) as kit:
        assert kit.enabled("beta", "anybody")
    flag.killed = True
    with drafted([flag.row]) as kit:
        assert not kit.enabled("beta", "ann")


def test_a_percentage_that_the_definition_has_no_place_for_is_told_where_it_was_entered():
    """Otherwise somebody would search a definition in which nothing is wrong."""
    found = _refused(StoredFlag(key="beta", definition="otherwise: on", percentage=20))
    assert list(found) == ["percentage"]
    assert "expected one of percentage, split and otherwise" in found["percentage"][0]


def test_first_edits_of_several_hands_are_all_counted(database):
    """Otherwise one of two who begin at once would get an error, or workers would miss an edit."""
    begin, failed = threading.Barrier(4), []

    def edit(number: int) -> None:
        begin.wait(10)
        try:
            _flag(f"flag-{number}", "{}")
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    assert Revision.number("default") == Edit.objects.count() == 4


def test_edits_that_would_contradict_each_other_wait_for_each_other():
    """Otherwise two edits, each right by itself, would leave what is wrong."""
    StoredSegment(key="staff", definition="{email: {ends_with: '@example.com'}}").save()
    begun, ended, refused = threading.Event(), threading.Event(), []

    def use() -> None:
        begun.wait(10)
        try:
            _flag("beta", "rules: [{if: {segment: staff}}]")
        except ValidationError as error:
            refused.append(error)
        finally:
            ended.set()
            connections.close_all()

    other = threading.Thread(target=use)
    other.start()
    with transaction.atomic():
        StoredSegment.objects.get().delete()
        begun.set()
        assert not ended.wait(0.3), "it did not wait"
    other.join(20)
    assert len(refused) == 1
    assert not StoredFlag.objects.exists()


LINES = st.text(
    st.sampled_from("ab:-{}[]#&*!|>'\"%@`,? \t\n\r\x85\u2028\u2029é") | st.characters(), max_size=60
)


@given(LINES)
@example("percentage: 1\u2028store: redis://elsewhere")
@example("percentage: 1\n...\nstore: redis://elsewhere")
@example("percentage: 1\n---\nstore: redis://elsewhere")
@example("description: |\n  x\nowner: y")
@example('description: "x')
def test_no_definition_reaches_beyond_its_own_key(definition):
    """Otherwise whoever may edit one flag could edit the store, or the flags of others."""
    given_rows = [
        Row("flags", "a", "owner: first"),
        Row("flags", "beta", definition),
        Row("flags", "c", "owner: last"),
    ]
    if findings(given_rows, given_rows[1]):
        return
    with drafted(given_rows) as kit:
        assert set(kit.flags) == {"a", "beta", "c"}
        assert kit.flags["a"] == {"owner": "first"}
        assert kit.flags["c"] == {"owner": "last"}
        assert kit.revision == "edit-0"


@given(LINES, st.integers(0, 3))
def test_a_line_that_is_told_is_one_of_the_definition(definition, before):
    """Otherwise the line would be one of a document that nobody has seen."""
    others = [Row("flags", f"a{number}", "owner: x\nkind: ops") for number in range(before)]
    row = Row("flags", "beta", definition)
    for message in findings([*others, row], row).get("definition", []):
        if message.startswith("line "):
            assert (
                1 <= int(message.split(":")[0].removeprefix("line ")) <= definition.rstrip().count("\n") + 9
            )
