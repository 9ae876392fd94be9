"""``demarc schema``: the JSON Schema of the JSON report."""

from __future__ import annotations

import json

import click


@click.command()
@click.option(
    "--of",
    type=click.Choice(["report", "diff"]),
    default="report",
    show_default=True,
    help="The JSON of 'demarc analyze', or that of 'demarc diff'.",
)
def schema(of: str) -> None:
    """Print the JSON Schema of the JSON report.

    \b
    Examples:
      demarc schema > demarc-report-1.schema.json
      demarc schema --of diff > demarc-diff-1.schema.json
    """
    if of == "diff":
        from analyzer.compare.difference import Difference

        document = Difference.model_json_schema(mode="serialization")
    else:
        from analyzer.model.diagnosis import Diagnosis

        document = Diagnosis.model_json_schema(mode="serialization")
    click.echo(json.dumps(document, indent=2, sort_keys=True))
