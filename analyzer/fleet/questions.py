"""Ready-made questions: ``data/questions.yaml``."""

from __future__ import annotations

from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict


class Question(BaseModel):
    """A question: its id, what it asks, what the answer means, and the SQL. ``page``: shown there.

    ``shown`` is how many rows the page takes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    says: str
    page: bool = False
    shown: int = 25
    sql: str


@cache
def questions() -> tuple[Question, ...]:
    """All of them, in the order of the file, which is that of the page."""
    text = resources.files("analyzer.fleet").joinpath("data/questions.yaml").read_text("utf-8")
    return tuple(Question.model_validate(item) for item in yaml.safe_load(text)["questions"])
