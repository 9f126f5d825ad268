"""A home folder for each test."""

from pathlib import Path

import pytest
from homes import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Empty, and nobody's."""
    return Home(tmp_path)
