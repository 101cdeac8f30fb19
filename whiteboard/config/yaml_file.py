"""The configuration file as nested raw values, or what is wrong with it as a document."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from whiteboard.config.parsing import got
from whiteboard.config.settings import OPTIONS


class BadFile(Exception):
    """The file cannot be used; the text says why, without the file's name."""


def read_yaml(path: Path) -> dict[str, Any]:
    """The document in `path`, in the shape of the other sources; {} for an empty one. Raises BadFile."""
    try:
        document = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise BadFile(f"cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise BadFile(f"is no YAML: {where}{error.problem or error.context}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadFile(f"is no YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise BadFile("is nested too deeply; settings need two levels") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadFile(f"expected a mapping of keys{got(document)}")
    return _without_empty(document)


class _Loader(yaml.SafeLoader):
    """Refuses what a file of settings has no use for and YAML's usual loaders take.

    A key that is given twice, of which they silently keep the last. An alias: a few of them make a
    document of any size, or one that contains itself.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            alias: yaml.AliasEvent = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                problem=f"alias *{alias.anchor} is not supported; write the value out where it belongs",
                problem_mark=alias.start_mark,  # type: ignore[arg-type]
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key, _ in reversed(node.value):
            if keys.count(key.value) > 1:
                raise yaml.constructor.ConstructorError(
                    problem=f"key {key.value!r} is given twice", problem_mark=key.start_mark
                )
        return super().construct_mapping(node, deep)


def split_list(text: str) -> list[str]:
    """The items of a list that is written as one text, with commas."""
    return [item.strip() for item in text.split(",") if item.strip()]


def _without_empty(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Keys are texts; `key:` with nothing after it is no key; a text where a list belongs is split at commas."""
    lists = {option.key for option in OPTIONS if option.is_list}
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            kept[str(key)] = _without_empty(value)
        elif isinstance(value, str) and key in lists:
            kept[key] = split_list(value)
        elif value is not None:
            kept[str(key)] = value
    return kept
