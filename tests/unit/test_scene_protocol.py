"""The schema, in Python and in TypeScript."""

from tests.protocol import TARGET, typescript
from tfwidget.scene import protocol


def test_the_typescript_is_that_of_the_schema() -> None:
    assert TARGET.read_text() == typescript(), "run: python -m tests.protocol"


def test_every_type_of_the_schema_is_public() -> None:
    names = {
        name for name in vars(protocol) if name[0].isupper() and name not in {"Literal", "NotRequired", "TypedDict"}
    }
    assert sorted(names) == sorted(protocol.__all__)
