"""The example pipelines are valid by their published schemas, and their steps run.

The steps run in a folder that holds what a fresh clone would hold, with demarc from its wheel.
"""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from fixtures.build import scenario, tree, write
from tests.meta.installed import Installed
from tests.needs import package, require

PIPELINES = Path(__file__).parents[2] / "docs" / "pipelines"
#: The files and the schemas that check-jsonschema brings along for them. Azure's own schema has
#: expressions that only the older form of JavaScript's takes.
SCHEMAS = {
    "github-actions.yml": ["--builtin-schema", "vendor.github-workflows"],
    "azure-pipelines.yml": [
        "--builtin-schema", "vendor.azure-pipelines", "--regex-variant", "nonunicode",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_valid_by_its_schema(name: str, tmp_path: Path) -> None:
    package("check_jsonschema")
    check = [sys.executable, "-m", "check_jsonschema", *SCHEMAS[name]]
    done = subprocess.run([*check, str(PIPELINES / name)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = tmp_path / name
    text = (PIPELINES / name).read_text(encoding="utf-8")
    broken.write_text(text.replace("steps:", "stepps:"), encoding="utf-8")
    done = subprocess.run([*check, str(broken)], capture_output=True, text=True)
    assert done.returncode == 1, "the schema is looked at"


def _steps(name: str) -> list[dict[str, Any]]:
    document = yaml.safe_load((PIPELINES / name).read_text(encoding="utf-8"))
    steps = document.get("steps") or document["jobs"]["analyze"]["steps"]
    assert isinstance(steps, list)
    return steps


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository in which somebody left a bundle with work for the customer."""
    fault = {"name": "webhook-blocks-kube-system"}
    world = scenario({"name": "ci", "pools": {"system": 1}, "faults": [fault]})
    (tmp_path / "bundles").mkdir()
    write(tree(world), tmp_path / "bundles" / "latest.tar")
    return tmp_path


def _run(script: str, there: Installed, wheels: Path, cwd: Path) -> int:
    """Run a step as a runner does: bash, and the first command that fails ends it."""
    require("bash")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    done = there.call(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd,
                      **offline)  # fmt: skip
    if done.returncode not in (0, 1):
        raise AssertionError(f"{script}\n{done.stdout}{done.stderr}")
    return done.returncode


def _scripts(name: str, key: str) -> Iterator[str]:
    yield from (step[key] for step in _steps(name) if key in step)


def _findings(sarif: Path) -> int:
    return len(json.loads(sarif.read_text(encoding="utf-8"))["runs"][0]["results"])


def _failed(junit: Path) -> int:
    return len(list(xml.parse(junit).getroot().iter("failure")))


def test_the_steps_of_github_run(installed: Installed, wheelhouse: Path, clone: Path) -> None:
    scripts = _scripts("github-actions.yml", "run")
    codes = [_run(script, installed, wheelhouse, clone) for script in scripts]
    assert codes == [0, 0, 1], "installed; whole; and the analysis stops the pipeline"
    steps = [step for step in _steps("github-actions.yml") if "uses" in step]
    published = {step["uses"].partition("@")[0]: step.get("with", {}) for step in steps}
    sarif = clone / published["github/codeql-action/upload-sarif"]["sarif_file"]
    assert _findings(sarif) > 0
    kept = {path.name for path in clone.glob(published["actions/upload-artifact"]["path"])}
    assert kept == {"demarc.html", "demarc.json", "demarc.sarif", "demarc.xml"}


def test_the_steps_of_azure_run(installed: Installed, wheelhouse: Path, clone: Path) -> None:
    places = {"Build.SourcesDirectory": clone, "Build.ArtifactStagingDirectory": clone / "staged"}

    def filled(text: str) -> str:
        for name, place in places.items():
            text = text.replace(f"$({name})", str(place))
        return text

    scripts = _scripts("azure-pipelines.yml", "script")
    codes = [_run(filled(script), installed, wheelhouse, clone) for script in scripts]
    assert codes == [0, 0, 1]
    tasks = [step for step in _steps("azure-pipelines.yml") if "task" in step]
    (tests,) = [step["inputs"] for step in tasks if step["task"].startswith("PublishTestResults")]
    assert _failed(Path(filled(tests["searchFolder"])) / tests["testResultsFiles"]) > 0
    artifacts = {
        step["inputs"]["ArtifactName"]: Path(filled(step["inputs"]["PathtoPublish"]))
        for step in tasks
        if step["task"].startswith("PublishBuildArtifacts")
    }
    assert _findings(artifacts["CodeAnalysisLogs"] / "demarc.sarif") > 0
    assert (artifacts["demarc"] / "demarc.html").is_file()
