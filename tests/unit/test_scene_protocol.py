"""The schema, in Python and in TypeScript."""

import pytest

from tests.fixtures import FOLDER, files
from tests.protocol import TARGET, typescript
from tfwidget.scene import protocol


def test_the_typescript_is_that_of_the_schema() -> None:
    assert TARGET.read_text() == typescript(), "run: python -m tests.protocol"


def test_every_type_of_the_schema_is_public() -> None:
    names = {
        name for name in vars(protocol) if name[0].isupper() and name not in {"Literal", "NotRequired", "TypedDict"}
    }
    assert sorted(names) == sorted(protocol.__all__)


@pytest.mark.parametrize("name", ["transforms.json", "scene.json"])
def test_what_the_front_end_is_tested_with_is_made_by_this_code(name: str) -> None:
    assert (FOLDER / name).read_text() == files()[name], "run: python -m tests.fixtures"
