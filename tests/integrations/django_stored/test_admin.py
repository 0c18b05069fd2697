"""Flags in the admin, as those who use it see them."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from reliakit_django.stored.models import Edit, StoredFlag, StoredSegment

pytestmark = pytest.mark.usefixtures("database")


def _client(name, *permissions):
    """A member of staff with these permissions; with all of them where none is named."""
    user = User.objects.create_user(name, password="x", is_staff=True, is_superuser=not permissions)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin():
    return _client("ann")


@pytest.fixture
def flag():
    made = StoredFlag(key="beta", definition="rules:\n  - if: {plan: pro}\n")
    made.save(by="import")
    return made


def _page(name, *args):
    return reverse(f"admin:reliakit_stored_{name}", args=args)


def _text(response):
    return unescape(response.content.decode())


def test_an_edit_is_saved_with_its_author_and_reason(admin, flag):
    """Otherwise the history would have edits of nobody."""
    said = {"definition": "percentage: 25", "percentage": "", "reason": "half of the half"}
    response = admin.post(_page("storedflag_change", flag.pk), said)
    assert response.status_code == 302, _text(response)
    assert StoredFlag.objects.get().definition == "percentage: 25"
    last = Edit.objects.all()[0]
    assert (last.who, last.reason, last.action) == ("ann", "half of the half", "changed")


def test_a_mistake_is_shown_at_the_field_with_its_line(admin):
    """Otherwise whoever has made it would have to search for it."""
    said = {"key": "beta", "definition": "owner: growth\npercentages: 10", "percentage": ""}
    response = admin.post(_page("storedflag_add"), said)
    [error] = response.context_data["adminform"].form.errors["definition"]
    assert error.startswith("line 2: percentages: ")
    assert 'did you mean "percentage"?' in error
    assert "line 2: percentages" in _text(response)
    assert not StoredFlag.objects.exists()


def test_what_breaks_others_is_shown(admin):
    """Otherwise a segment could not be saved, and nobody would be told why."""
    StoredFlag(key="alpha", definition="percentage: 10").save()
    StoredFlag(key="beta", definition="prerequisites: [alpha]").save()
    flag = StoredFlag.objects.get(key="alpha")
    said = {"definition": "variants: {a: 1, b: 2}", "percentage": ""}
    response = admin.post(_page("storedflag_change", flag.pk), said)
    assert "flags.beta.prerequisites" in str(response.context_data["adminform"].form.errors)


def test_who_may_only_toggle_edits_the_switches_and_nothing_else(flag):
    """Otherwise those on call would need the right to rewrite every flag, or could not stop one."""
    client = _client("bob", "view_storedflag", "toggle_storedflag")
    page = _page("storedflag_change", flag.pk)
    assert "textarea" not in re.findall(r"<(textarea)[^>]*name=.definition.", _text(client.get(page)))
    said = {"definition": "{}", "key": "gamma", "killed": "on", "percentage": "", "reason": "it burns"}
    assert client.post(page, said).status_code == 302
    found = StoredFlag.objects.get()
    assert (found.key, found.definition, found.killed) == ("beta", flag.definition.rstrip("\n") + "\n", True)
    assert Edit.objects.all()[0].who == "bob"
    assert client.get(_page("storedflag_add")).status_code == 403
    assert client.post(_page("storedflag_delete", flag.pk), {"post": "yes"}).status_code == 403


def test_who_may_only_toggle_is_told_what_is_wrong_with_a_switch(flag):
    """Otherwise their page would fail at a definition that they can't edit."""
    flag.definition = "otherwise: on"
    flag.save()
    client = _client("bob", "view_storedflag", "toggle_storedflag")
    response = client.post(_page("storedflag_change", flag.pk), {"percentage": "10"})
    assert "expected one of percentage, split and otherwise" in str(
        response.context_data["adminform"].form.errors
    )


def test_who_may_only_view_changes_nothing(flag):
    """Otherwise a permission would be no more than a word."""
    client = _client("eve", "view_storedflag")
    page = _page("storedflag_change", flag.pk)
    assert client.get(page).status_code == 200
    assert client.post(page, {"killed": "on"}).status_code == 403
    action = {"action": "switch_off", "_selected_action": [flag.pk]}
    client.post(_page("storedflag_changelist"), action)
    assert not StoredFlag.objects.get().killed


def test_flags_are_switched_off_from_the_list(flag):
    """Otherwise stopping ten of them would take ten pages."""
    client = _client("bob", "view_storedflag", "toggle_storedflag")
    page = _page("storedflag_changelist")
    client.post(page, {"action": "switch_off", "_selected_action": [flag.pk]})
    assert StoredFlag.objects.get().killed
    client.post(page, {"action": "switch_on", "_selected_action": [flag.pk]})
    assert not StoredFlag.objects.get().killed
    assert [edit.who for edit in Edit.objects.all()] == ["bob", "bob", "import"]


def test_a_segment_in_use_is_shown_as_protected(admin):
    """Otherwise the page would promise a deletion that can't be."""
    segment = StoredSegment(key="staff", definition="{plan: staff}")
    segment.save()
    StoredFlag(key="beta", definition="rules: [{if: {segment: staff}}]").save()
    page = _page("storedsegment_delete", segment.pk)
    assert "flags.beta.rules[0].if.segment" in _text(admin.get(page))
    admin.post(page, {"post": "yes"})
    assert StoredSegment.objects.exists()
    StoredFlag.objects.get().delete()
    assert admin.post(page, {"post": "yes"}).status_code == 302
    assert not StoredSegment.objects.exists()
    assert Edit.objects.all()[0].who == "ann"


def test_the_history_of_a_flag_shows_what_differs_and_can_not_be_changed(admin, flag):
    """Otherwise one could not tell what to go back to, or trust it."""
    flag.definition = "rules:\n  - if: {plan: team}\n"
    flag.save(by="bob", reason="teams instead")
    response = admin.get(_page("storedflag_history", flag.pk), follow=True)
    assert "teams instead" in _text(response)
    edit = Edit.objects.all()[0]
    page = _text(admin.get(_page("edit_change", edit.pk)))
    assert "-  - if: {plan: pro}" in page
    assert "+  - if: {plan: team}" in page
    assert admin.post(_page("edit_change", edit.pk), {"who": "nobody"}).status_code == 403
    assert admin.get(_page("edit_add")).status_code == 403
    assert admin.post(_page("edit_delete", edit.pk), {"post": "yes"}).status_code == 403


def test_a_user_is_tried_against_what_is_saved_and_what_is_not(admin, flag):
    """Otherwise one would learn from real users what an edit does."""
    said = {"definition": "rules:\n  - if: {plan: team}\n", "percentage": ""}
    asked = {"try_user": "ann", "try_context": '{"plan": "team"}'}
    response = admin.post(_page("storedflag_try", flag.pk), {**said, **asked})
    assert response.context_data["saved"].startswith("beta = False (DEFAULT")
    assert response.context_data["unsaved"].startswith("beta = True (TARGETING_MATCH")
    assert "rule 1 holds" in _text(response)
    assert StoredFlag.objects.get().definition == flag.definition


def test_a_flag_is_tried_before_it_is_there(admin):
    """Otherwise a new flag would have to be in force before anybody knew what it does."""
    said = {"key": "beta", "definition": "allowlist: [ann]", "percentage": "", "try_user": "ann"}
    response = admin.post(_page("storedflag_try_new"), said)
    assert response.context_data["saved"] is None
    assert response.context_data["unsaved"].startswith("beta = True (TARGETING_MATCH")
    assert not StoredFlag.objects.exists()


@pytest.mark.parametrize("context", ["{", "[1]", "plan"])
def test_a_context_that_is_none_is_told(admin, flag, context):
    """Otherwise the answer would be about somebody else."""
    page = _page("storedflag_try", flag.pk)
    response = admin.post(page, {"definition": "{}", "percentage": "", "try_context": context})
    assert "The context is no JSON" in response.context_data["error"]


def test_a_trial_of_a_mistake_says_what_is_wrong(admin, flag):
    """Otherwise one would have to try to save it."""
    said = {"definition": "percentage: ten", "percentage": "", "try_user": "ann"}
    response = admin.post(_page("storedflag_try", flag.pk), said)
    assert response.context_data["unsaved"].startswith(
        "definition: line 1: percentage: expected a percentage"
    )


def test_trying_needs_the_right_to_see_flags(flag):
    """Otherwise any member of staff could read all of them."""
    client = _client("eve", "view_user")
    assert client.post(_page("storedflag_try", flag.pk), {"try_user": "ann"}).status_code == 403


def test_what_is_shown_is_no_markup(admin, flag):
    """Otherwise whoever names a user could run scripts as whoever looks."""
    asked = {"definition": "{}", "percentage": "", "try_user": "<script>alert(1)</script>"}
    assert b"<script>alert(1)" not in admin.post(_page("storedflag_try", flag.pk), asked).content
    flag.definition = "description: <script>alert(1)</script>"
    flag.save()
    edit = Edit.objects.all()[0]
    assert b"<script>alert(1)" not in admin.get(_page("edit_change", edit.pk)).content
    assert b"<script>alert(1)" not in admin.get(_page("storedflag_changelist")).content


def test_the_page_of_a_flag_offers_to_try_it(admin, flag):
    """Otherwise nobody would find it."""
    assert _page("storedflag_try", flag.pk) in _text(admin.get(_page("storedflag_change", flag.pk)))
    assert _page("storedflag_try_new") in _text(admin.get(_page("storedflag_add")))
