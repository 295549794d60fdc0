"""The documents: what is made of the pages is as the pages are, and no link leads nowhere."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("core/**/*.md")]
MOST_BYTES = 1_500_000  # of all pictures of pages


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """What ``make docs`` runs."""
    spec = importlib.util.spec_from_file_location("page_docs", ROOT / ".ci" / "page_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_documents_of_the_pages_are_as_make_docs_writes_them(maker: ModuleType) -> None:
    wanted = maker.files()
    assert {file.name for file in maker.FOLDER.glob("*.md")} == {file.name for file in wanted}
    for file, text in wanted.items():
        assert file.read_text("utf-8") == text, "make docs"


def test_every_page_has_its_picture_and_all_of_them_are_small(maker: ModuleType) -> None:
    pictures = {file.stem: file for file in maker.FOLDER.glob("*.webp")}
    assert set(pictures) == set(maker.pages()), "make docs"
    assert sum(file.stat().st_size for file in pictures.values()) < MOST_BYTES
    for file in pictures.values():
        with Image.open(file) as picture:
            assert picture.width == 1280


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_link_leads_nowhere(file: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", file.read_text("utf-8")):
        where = link.partition("#")[0]
        assert "://" in link or not where or (file.parent / where).exists(), link
