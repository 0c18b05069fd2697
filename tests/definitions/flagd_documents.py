"""Random flagd documents and contexts, as Hypothesis strategies."""

from typing import Any

from hypothesis import strategies as st

__all__ = ["contexts", "documents", "logic"]

NAMES = ("on", "off", "true", "false", "1", "red", "blue", "3.0")
PATHS = (
    "plan", "email", "age", "groups", "groups.0", "user.name", "user.tags.1", "user", "version", "beta", "nothing",
    "targetingKey", "$flagd.flagKey", "$flagd.timestamp", "$flagd", "groups.length", "email.0", "length", "current",
    "accumulator", "0", "",
)  # fmt: skip
TEXTS = (
    "", "a", "pro", "team", "user@example.com", "1", "3.5", " 2 ", "inf", "nan", "1e3", "true", "null", "red",
    "@example.com", "1.2.3", "2.0.0-rc.1", "v1.2", "V2", "1", "1.2.3+b5", "a.b", "äöü", "😀", "[object Object]", "a,b",
)  # fmt: skip
VERSIONS = ("1.2.3", "1.2.4", "2.0.0", "2.0.0-rc.1", "v1.2", "V2", "1", "x", "1.2.3+b5", "1.02.3", "1.2.3.4")
SIGNS = ("=", "!=", "<", "<=", ">", ">=", "^", "~", "==")
ANY = ("==", "===", "!=", "!==", "<", "<=", ">", ">=", "!", "!!", "+", "-", "*", "/", "%", "min", "max", "in", "cat",
       "substr", "merge", "log", "var", "missing", "missing_some", "if", "?:", "and", "or", "fractional", "sem_ver",
       "starts_with", "ends_with", "map", "filter", "reduce", "all", "some", "none")  # fmt: skip
LOOPS = ("map", "filter", "reduce", "all", "some", "none")

texts = st.sampled_from(TEXTS) | st.text(max_size=4)
numbers = st.sampled_from((0, 1, -1, 2, 50, 100, 0.5, -0.5, 1.0, 3.0, 1e20, 2**31)) | st.integers(-1000, 1000)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("a", "name", "tags", "0")), inner)
    ),
    max_leaves=4,
)
names = st.sampled_from(NAMES)


def _call(operator: Any, *given: Any) -> Any:
    return st.tuples(*given).map(lambda arguments: {operator: list(arguments)})


@st.composite
def _calls(draw: Any, inner: Any, names_of_evaluators: tuple[str, ...]) -> Any:
    """An operator as people write it; or, one time in six, any operator with anything."""
    kind = draw(st.integers(0, 11))
    paths = st.sampled_from(PATHS).map(lambda path: {"var": path})
    if kind <= 1:
        given = draw(st.lists(inner, max_size=4) | inner)
        operator = draw(st.sampled_from(ANY))
        return {operator: given}
    if kind == 2:
        return {"if": draw(st.lists(inner, min_size=2, max_size=5))}
    if kind == 3:
        return draw(_call(draw(st.sampled_from(ANY[:8])), paths | inner, inner))
    if kind == 4:
        return draw(_call(draw(st.sampled_from(LOOPS)), paths | st.lists(inner, max_size=3), inner, scalars))
    if kind == 5:
        return draw(
            _call(
                "sem_ver",
                st.sampled_from(VERSIONS) | paths,
                st.sampled_from(SIGNS),
                st.sampled_from(VERSIONS),
            )
        )
    if kind == 6:
        return draw(_call(draw(st.sampled_from(("starts_with", "ends_with", "in"))), paths, inner))
    if kind == 7:
        return draw(_fractional(inner))
    if kind == 8 and names_of_evaluators:
        return {"$ref": draw(st.sampled_from(names_of_evaluators))}
    if kind == 9:
        return {"substr": [draw(paths | inner), draw(numbers), draw(numbers)]}
    path = draw(st.sampled_from(PATHS))
    return {"var": draw(st.sampled_from((path, [path], [path, "red"], [path, None])))}


@st.composite
def _fractional(draw: Any, inner: Any) -> Any:
    weights = st.integers(0, 100) | st.sampled_from((-5, 2**31 - 1, 2**31, 0.5, 50.0, True, "1"))
    fraction = (
        st.tuples(names, weights).map(list)
        | names.map(lambda name: [name])
        | st.tuples(inner, inner).map(list)
    )
    plain = st.tuples(names, st.integers(0, 100)).map(list)
    fractions = draw(st.lists(plain, min_size=1, max_size=4) | st.lists(fraction, max_size=4))
    first = draw(
        st.sampled_from(([], [{"var": "email"}], [{"cat": [{"var": "$flagd.flagKey"}, {"var": "plan"}]}]))
    )
    return {"fractional": first + fractions}


def logic(evaluators: tuple[str, ...] = ()) -> Any:
    """Targeting, or a part of it."""
    leaves = names | scalars | st.sampled_from(PATHS).map(lambda path: {"var": path})
    return st.recursive(
        leaves, lambda inner: _calls(inner, evaluators) | st.lists(inner, max_size=3), max_leaves=12
    )


@st.composite
def _targeting(draw: Any, evaluators: tuple[str, ...]) -> Any:
    """Targeting that ends in variants, as people write it, three times in four; or any logic."""
    if not draw(st.integers(0, 3)):
        return draw(
            logic(evaluators).filter(lambda written: isinstance(written, dict)) | st.sampled_from((None, {}))
        )
    end = names | _fractional(names) | st.none()
    branches = [part for _ in range(draw(st.integers(1, 3))) for part in (draw(logic(evaluators)), draw(end))]
    return {"if": branches + draw(st.lists(end, max_size=1))}


@st.composite
def _flags(draw: Any, evaluators: tuple[str, ...]) -> Any:
    kinds = st.sampled_from((st.booleans(), texts, st.integers(-5, 5), st.floats(-2, 2), values, values))
    chosen = draw(kinds)
    flag: dict[str, Any] = {
        "state": draw(st.sampled_from(("ENABLED",) * 7 + ("DISABLED",))),
        "variants": draw(st.dictionaries(names | st.just(""), chosen, min_size=1, max_size=2))
        | dict.fromkeys(draw(st.sampled_from(((), NAMES))), draw(chosen)),
    }
    default = draw(names | st.none() | st.sampled_from((*flag["variants"], "", True, False)))
    if default is not None or draw(st.booleans()):
        flag["defaultVariant"] = default
    if draw(st.integers(0, 4)):
        flag["targeting"] = draw(_targeting(evaluators))
    if draw(st.booleans()):
        flag["metadata"] = draw(
            st.dictionaries(st.sampled_from("abc"), st.booleans() | numbers | texts, max_size=2)
        )
    return flag


@st.composite
def documents(draw: Any) -> dict[str, Any]:
    """A valid document. An evaluator refers only to later ones: flagd resolves them in their order, once."""
    evaluators: dict[str, Any] = {}
    later: tuple[str, ...] = ()
    for name in ("third", "second", "first")[: draw(st.integers(0, 3))]:
        # flagd reads a text in an evaluator as the replacement of a regular expression, where a backslash is special.
        plain = logic(later).filter(
            lambda written: isinstance(written, dict) and "\\" not in repr_of(written)
        )
        evaluators = {name: draw(plain), **evaluators}
        later = (name, *later)
    flags = {f"f{number}": draw(_flags(later)) for number in range(draw(st.integers(1, 3)))}
    document: dict[str, Any] = {"flags": flags}
    if evaluators:
        document["$evaluators"] = evaluators
    if draw(st.booleans()):
        document["metadata"] = draw(
            st.dictionaries(st.sampled_from("abcd"), st.booleans() | texts, max_size=3)
        )
    return document


def repr_of(written: Any) -> str:
    """The JSON text of a part of a document."""
    import json

    return json.dumps(written)


def contexts() -> Any:
    """A targeting key, which may be missing, and attributes."""
    attributes = st.fixed_dictionaries(
        {},
        optional={
            "plan": st.sampled_from(("pro", "team", "free")) | scalars,
            "email": st.sampled_from(("user@example.com", "ä@example.com", "")) | scalars,
            "age": numbers | texts,
            "groups": st.lists(scalars, max_size=4) | values,
            "user": values,
            "version": st.sampled_from(VERSIONS) | values,
            "beta": st.booleans(),
            "$flagd": scalars,
            "length": scalars,
        },
    )
    return st.tuples(
        st.none() | st.sampled_from(("", "user-1", "user-2", "ü")) | st.text(max_size=5), attributes
    )
