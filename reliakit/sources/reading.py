"""From what a source holds to a document."""

from collections.abc import Generator

from reliakit.definitions.documents import Document, read
from reliakit.definitions.layers import layered
from reliakit.definitions.problems import Problem
from reliakit.sources.protocol import Content

__all__ = ["read_content"]


def read_content(content: Content) -> Generator[None, None, tuple[Document | None, list[Problem]]]:
    """Reads what a source holds, all of its layers, cooperatively; never raises because of what is in it.

    Returns (as the generator's value):
        The document, or None where the syntax of a layer is broken; and all problems, each with its own document
        and line.
    """
    documents, problems = [], []
    for each in (content, *content.layers):
        document, found = yield from read(each.text, each.name, each.format)
        documents.append(document)
        problems += found
    sound = [document for document in documents if document is not None]
    if len(sound) < len(documents):
        return None, problems
    return (layered(sound) if content.layers else sound[0]), problems
