"""From a flag as written to the plan that the core compiles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from reliakit.core.bucketing import SPACE, salt, threshold
from reliakit.core.conditions import AnyOf
from reliakit.core.evaluation import Reason
from reliakit.core.flags import Plan, Rule, Serve, Share
from reliakit.core.pins import ON_OFF
from reliakit.definitions.conditions import ConditionReader
from reliakit.definitions.models import Flag, RuleSection
from reliakit.definitions.problems import Path, Problem, describe, suggestion

__all__ = ["FlagReader", "variants_of", "wanted_by"]


def variants_of(flag: Flag) -> Mapping[str, Any]:
    """Returns the values of a flag by the names of its variants."""
    return ON_OFF if flag.variants is None else flag.variants


def wanted_by(flag: Flag) -> tuple[tuple[str, str], ...]:
    """Returns the prerequisites of a flag as (flag key, variant); whether they exist is for others to say."""
    wanted = flag.prerequisites
    if isinstance(wanted, tuple):
        return tuple((key, "on") for key in wanted)
    return tuple((key, _named(variant)) for key, variant in wanted.items())


@dataclass(slots=True)
class FlagReader:
    """Plans flags and collects what is wrong with them; `revision` is what the definitions call themselves."""

    conditions: ConditionReader
    problems: list[Problem] = field(default_factory=list)
    revision: str | None = None

    def plan(self, key: str, flag: Flag) -> Plan:
        """Returns the plan of a flag; it means something only where no problem was added."""
        return _FlagPlanner(self, key, flag).plan()


@dataclass(slots=True)
class _FlagPlanner:
    reader: FlagReader
    key: str
    flag: Flag

    def plan(self) -> Plan:
        flag = self.flag
        otherwise, reason = self._everyone_else()
        return Plan(
            key=self.key,
            variants=variants_of(flag),
            off=self._off(),
            seed=salt(flag.salt or self.key),
            enabled=flag.enabled,
            prerequisites=wanted_by(flag),
            allowlist=self._allowed(),
            rules=tuple(
                self._rule(rule, self._path("rules", index)) for index, rule in enumerate(flag.rules)
            ),
            otherwise=otherwise,
            otherwise_reason=reason,
            metadata=self._metadata(),
        )

    def _metadata(self) -> Mapping[str, Any]:
        """By the names that OpenFeature has, where it has one."""
        said = {"owner": self.flag.owner, "kind": self.flag.kind, "version": self.reader.revision}
        return {**self.flag.metadata, **{name: value for name, value in said.items() if value is not None}}

    def _path(self, *rest: str | int) -> Path:
        return ("flags", self.key, *rest)

    def _wrong(self, path: Path, message: str, hint: str | None = None) -> None:
        self.reader.problems.append(Problem(path, message, hint))

    def _off(self) -> str:
        if self.flag.default is not None:
            return self.variant(self.flag.default, self._path("default"))
        return next(iter(self.flag.variants)) if self.flag.variants else "off"

    def variant(self, written: bool | str, path: Path) -> str:
        """Returns the name of the variant that was written; of an on/off flag also as true or false."""
        names = variants_of(self.flag)
        name = written
        if isinstance(written, bool) and self.flag.variants is None:
            name = "on" if written else "off"
        if isinstance(name, str) and name in names:
            return name
        if self.flag.variants is None:
            self._wrong(path, f"expected on or off, got {describe(written)}", "or give the flag `variants`")
        else:
            hint = suggestion(str(written), names) or f"the variants are {', '.join(names)}"
            self._wrong(path, f"the flag has no variant {describe(written)}", hint)
        return next(iter(names))

    def _allowed(self) -> dict[str, str]:
        allowlist = self.flag.allowlist
        if isinstance(allowlist, tuple):
            if allowlist and self.flag.variants is not None:
                hint = f"write the users by variant: {{{[*self.flag.variants][-1]}: [user_1]}}"
                self._wrong(self._path("allowlist"), "a flag with variants needs to know which one", hint)
            return dict.fromkeys(map(str, allowlist), "on")
        seen: dict[str, str] = {}
        for written, users in allowlist.items():
            path = self._path("allowlist", written)
            variant = self.variant(_switch(written, self.flag), path)
            for user in map(str, users):
                if seen.setdefault(user, variant) != variant:
                    message = f"{describe(user)} is listed for {seen[user]} and for {variant}"
                    self._wrong(path, message, "a user can have one variant")
        return seen

    def _rule(self, rule: RuleSection, path: Path) -> Rule:
        before = len(self.reader.conditions.problems)
        condition = self.reader.conditions.read(rule.if_, (*path, "if"))
        found = self.reader.conditions.problems[before:]
        del self.reader.conditions.problems[before:]
        self.reader.problems += found
        return Rule(AnyOf(()) if found else condition, self._served(rule, path))

    def _served(self, rule: RuleSection, path: Path) -> Serve:
        given = _given(rule, "value", "percentage", "split")
        if len(given) > 1:
            message = f"expected one of value, percentage and split, got {' and '.join(given)}"
            self._wrong(path, message, "keep the one that you mean")
        if rule.value is not None:
            return self.variant(rule.value, (*path, "value"))
        share = self._share(rule, path)
        if share is None and self.flag.variants is not None:
            hint = f"say which one: value: {[*self.flag.variants][-1]}"
            self._wrong(path, "a rule of a flag with variants needs `value` or `split`", hint)
        return share or "on"

    def _share(self, section: Flag | RuleSection, path: Path) -> Share | None:
        if section.percentage is not None:
            if self.flag.variants is not None:
                hint = "write `split` with a share for each variant"
                self._wrong((*path, "percentage"), "a flag with variants can't have a percentage", hint)
            return Share(("on", "off"), (threshold(section.percentage),))
        if section.split is None:
            return None
        return self._split(section.split, (*path, "split"))

    def _split(self, split: dict[str, float], path: Path) -> Share:
        names = [self.variant(_switch(name, self.flag), (*path, name)) for name in split]
        total = sum(split.values())
        if total <= 0:
            hint = "give at least one variant a share, as in {on: 10, off: 90}"
            self._wrong(path, "the shares add up to 0, so nobody would get anything", hint)
            return Share(("on", "off"), (0,))
        ends = list(accumulate(split.values()))[:-1]
        return Share(tuple(names), tuple(round(end / total * SPACE) for end in ends))

    def _everyone_else(self) -> tuple[Serve, Reason]:
        flag, path = self.flag, self._path()
        given = _given(flag, "percentage", "split", "otherwise")
        if len(given) > 1:
            message = f"expected one of percentage, split and otherwise, got {' and '.join(given)}"
            self._wrong(path, message, "keep the one that you mean")
        share = self._share(flag, path)
        if share is not None:
            return share, Reason.SPLIT
        targeted = bool(flag.allowlist or flag.rules)
        reason = Reason.DEFAULT if targeted else Reason.STATIC
        if flag.otherwise is not None:
            return self.variant(flag.otherwise, self._path("otherwise")), reason
        return (self._off() if targeted or flag.variants is not None else "on"), reason


def _given(section: Flag | RuleSection, *names: str) -> list[str]:
    return [name for name in names if getattr(section, name) is not None]


def _named(variant: bool | str) -> str:
    return ("on" if variant else "off") if isinstance(variant, bool) else variant


def _switch(written: str, flag: Flag) -> bool | str:
    """Mapping keys are text: `true: [...]` of an on/off flag means on."""
    return written == "true" if flag.variants is None and written in ("true", "false") else written
