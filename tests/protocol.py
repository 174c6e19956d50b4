"""The TypeScript of the scene's schema: ``python -m tests.protocol`` writes it from ``tfwidget/scene/protocol.py``.

Invariant: each type of the schema has one interface or type of the same name, with the same words.
"""

import ast
import inspect
from pathlib import Path

from tfwidget.scene import protocol

TARGET = Path(__file__).parent.parent / "labextension" / "src" / "protocol.ts"
_HEADER = "Written by `python -m tests.protocol` from tfwidget/scene/protocol.py, where changes belong."
_NAMES = {"int": "number", "float": "number", "str": "string", "bool": "boolean", "object": "unknown", "None": "null"}


def typescript() -> str:
    """The schema as a TypeScript module."""
    module = ast.parse(inspect.getsource(protocol))
    parts = [_comment(f"{ast.get_docstring(module)}\n\n{_HEADER}", "")]
    for statement, after in zip(module.body, [*module.body[1:], None], strict=True):
        words = _words(after)
        match statement:
            case ast.ClassDef():
                parts.append(_interface(statement))
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int(value))):
                parts.append(f"{_comment(words, '')}export const {name} = {value};\n")
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                parts.append(f"{_comment(words, '')}export type {name} = {_type(value)};\n")
    return "\n".join(parts)


def _interface(definition: ast.ClassDef) -> str:
    lines = [f"{_comment(ast.get_docstring(definition), '')}export interface {definition.name} {{\n"]
    for statement, after in zip(definition.body, [*definition.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            annotation, mark = statement.annotation, ""
            if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "NotRequired":
                annotation, mark = annotation.slice, "?"
            lines.append(f"{_comment(_words(after), '  ')}  {statement.target.id}{mark}: {_type(annotation)};\n")
    return "".join([*lines, "}\n"])


def _words(statement: ast.stmt | None) -> str | None:
    """The docstring that follows a name."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str(words))):
            return inspect.cleandoc(words)
    return None


def _comment(words: str | None, indent: str) -> str:
    if not words:
        return ""
    lines = words.replace("``", "`").splitlines()
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return "".join([f"{indent}/**\n", *(f"{indent} * {line}".rstrip() + "\n" for line in lines), f"{indent} */\n"])


def _type(annotation: ast.expr) -> str:
    match annotation:
        case ast.Constant(value=None):
            return "null"
        case ast.Constant(value=str(value)):
            return f"'{value}'"
        case ast.Name(id=name):
            return _NAMES.get(name, name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{_type(left)} | {_type(right)}"
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            return " | ".join(
                _type(choice) for choice in (choices.elts if isinstance(choices, ast.Tuple) else [choices])
            )
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            inner = _type(item)
            return f"({inner})[]" if " | " in inner else f"{inner}[]"
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=items)):
            return f"[{', '.join(_type(item) for item in items)}]"
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, value])):
            return f"Record<{_type(key)}, {_type(value)}>"
    msg = f"tests.protocol cannot say {ast.unparse(annotation)} in TypeScript: add a case to `_type`."
    raise NotImplementedError(msg)


if __name__ == "__main__":
    TARGET.write_text(typescript())
