import pytest
from checked import CHECKED

from cosmos_datasets.registry import get_source
from cosmos_datasets.source import Source


@pytest.fixture(params=CHECKED)
def source(request: pytest.FixtureRequest) -> Source:
    return get_source(request.param)
