"""``demarc schema``: the JSON Schema of the JSON report."""

from __future__ import annotations

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of the JSON report.

    \b
    Example:
      demarc schema > demarc-report-1.schema.json
    """
    from analyzer.model.diagnosis import Diagnosis

    document = Diagnosis.model_json_schema(mode="serialization")
    click.echo(json.dumps(document, indent=2, sort_keys=True))
