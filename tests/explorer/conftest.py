"""An explorer that is built once."""

import pytest

from tests.explorer.small import Explorer, build


@pytest.fixture(scope="session")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Explorer:
    return build(tmp_path_factory.mktemp("explorer"))
