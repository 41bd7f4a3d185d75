"""Write the tables of `proto/README.md` from the code: messages, errors, limits.

Usage: python -m tools.proto_tables [--check]    --check: exit 1 where the file is out of date.
"""

import ast
import importlib
import inspect
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
from msgspec import inspect as shapes

from streamtalk.proto import errors, limits
from streamtalk.proto.codec import MESSAGES
from streamtalk.proto.message import Message, Reply, Request

README = Path(__file__).resolve().parents[1] / "proto" / "README.md"
MODULES = (
    "message",
    "frames",
    "state",
    "attachment",
    "recognition",
    "endpointing",
    "synthesis",
    "playback",
    "conversation",
    "trace",
    "device",
    "directory",
    "health",
)
"""In the order of the pipeline's arrows."""


def main(arguments: list[str]) -> int:
    """Write the file anew, or only compare."""
    text = README.read_text(encoding="utf-8")
    wanted = render(text)
    if "--check" in arguments:
        if text != wanted:
            print("proto/README.md is out of date: run make golden", file=sys.stderr)
        return int(text != wanted)
    README.write_text(wanted, encoding="utf-8")
    return 0


def render(text: str) -> str:
    """The same text with everything between its markers made anew."""
    tables = {"messages": message_tables(), "errors": error_table(), "limits": limit_table()}
    for name, table in tables.items():
        begin, end = f"<!-- {name}: generated -->", f"<!-- {name}: end -->"
        head, rest = text.split(begin)
        _, tail = rest.split(end)
        text = f"{head}{begin}\n\n{table}\n\n{end}{tail}"
    return text


def message_tables() -> str:
    """One section for each module, one table for each message."""
    return "\n\n".join(_module_section(name) for name in MODULES)


def _module_section(name: str) -> str:
    module = importlib.import_module(f"streamtalk.proto.{name}")
    title = (module.__doc__ or "").splitlines()[0]
    known = set(MESSAGES.values())
    own = [item for item in vars(module).values() if isinstance(item, type)]
    kinds = [kind for kind in own if kind in known and kind.__module__ == module.__name__]
    return "\n\n".join([f"### `{name}`: {title}", *(_message_section(kind) for kind in kinds)])


def _message_section(kind: type[Message]) -> str:
    head = f"#### `{kind.__struct_config__.tag}` {_role(kind)}\n\n{inspect.getdoc(kind)}"
    rows = list(_field_rows(kind))
    if not rows:
        return f"{head}\n\nNo fields."
    return "\n".join([head, "", "| field | type | default | |", "|---|---|---|---|", *rows])


def _role(kind: type[Message]) -> str:
    if issubclass(kind, Request):
        return "request → " + ", ".join(f"`{tag}`" for tag in kind.replies)
    return "reply" if issubclass(kind, Reply) else "message"


def _field_rows(kind: type[Message]) -> Iterator[str]:
    meanings = _meanings(kind)
    info = shapes.type_info(kind)
    if not isinstance(info, shapes.StructType):
        raise TypeError(kind)
    for field in info.fields:
        if field.name == "v":
            continue
        meaning = meanings.get(field.name, "")
        yield f"| `{field.name}` | {_type(field.type)} | {_default(field)} | {meaning} |"


def _default(field: shapes.Field) -> str:
    if field.required:
        return "required"
    if field.default_factory is not msgspec.NODEFAULT:
        return f"`{field.default_factory()!r}`"
    literal = {None: "nil", True: "true", False: "false"}
    value = field.default
    known = value is None or isinstance(value, bool)
    return literal[value] if known else "`" + repr(value).replace("'", '"') + "`"


def _type(shape: shapes.Type) -> str:
    match shape:
        case shapes.UnionType():
            text = " or ".join(_type(part) for part in shape.types)
        case shapes.ListType():
            text = f"array of {_type(shape.item_type)}"
        case shapes.DictType():
            text = f"map of {_type(shape.key_type)} to {_type(shape.value_type)}"
        case shapes.LiteralType():
            text = " or ".join(f'"{value}"' for value in sorted(map(str, shape.values)))
        case _:
            text = _plain_type(shape)
    return text


def _plain_type(shape: shapes.Type) -> str:
    match shape:
        case shapes.StructType():
            return f"`{shape.cls.__struct_config__.tag}`"
        case shapes.StrType():
            return "str" + _bounds(shape)
        case shapes.IntType():
            return "uint" if shape.ge == 0 else "int"
        case shapes.FloatType():
            return "float" + (f" {shape.ge:g}–{shape.le:g}" if shape.ge is not None else "")
    return {"NoneType": "nil", "BoolType": "bool"}[type(shape).__name__]


def _bounds(shape: shapes.StrType) -> str:
    if shape.pattern:
        return " (session id)"
    return f" ≤ {shape.max_length}" if shape.max_length else ""


def _meanings(kind: type[Message]) -> dict[str, str]:
    """The string below each field, bases first, on one line."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith("streamtalk.") and issubclass(base, Message):
            found |= _attribute_docs(inspect.getmodule(base), base.__name__)
    return found


def _attribute_docs(module: ModuleType | None, name: str) -> dict[str, str]:
    if module is None:
        return {}
    tree = ast.parse(inspect.getsource(module))
    body = (
        tree.body
        if not name
        else next(
            node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name
        )
    )
    return {
        field.target.id: " ".join(note.value.value.split())
        for field, note in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
        and isinstance(note.value.value, str)
    }


def error_table() -> str:
    """Code, whether to try again, and meaning of every error, as the tree is drawn."""
    rows = [
        f"| `{kind.code}` | {'yes' if kind.retryable else 'no'} | {_first_line(kind)} |"
        for kind in _tree(errors.StreamTalkError)
    ]
    return "\n".join(["| code | retryable | |", "|---|---|---|", *rows])


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").splitlines()[0]


def _tree(root: type[errors.StreamTalkError]) -> Iterator[type[errors.StreamTalkError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child)


def limit_table() -> str:
    """Every bound of `limits.py`."""
    rows = [
        f"| `{name}` | {getattr(limits, name):,} | {meaning} |"
        for name, meaning in _attribute_docs(limits, "").items()
    ]
    return "\n".join(["| limit | value | |", "|---|---|---|", *rows])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
