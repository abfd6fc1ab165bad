"""dvc.yaml, written from the resolved Snakemake DAG: the same pipeline, for DVC.

A stage is a job: its name is the rule and the wildcards, its `cmd` the rule's command, its `params` exactly the keys
that the step declares. The stage `check_pipeline` comes first: it depends on everything that shapes the pipeline, so
that `dvc repro` after a structural change writes dvc.yaml anew and says so, rather than silently building less.
"""

import contextlib
import io
import json
import os
import re
from pathlib import Path
from typing import Any

from invariscope.errors import UserError
from invariscope.files import write_text
from invariscope.provenance.sources import PACKAGE, closure
from invariscope.validation import load_params

DVC_YAML = Path("dvc.yaml")
SNAKEFILE = Path("Snakefile")
RULES = Path("workflow/rules")
CHECK = "check_pipeline"
CHECK_COMMAND = "PYTHONPATH=src python -m invariscope dvc-yaml"
HEAD = """\
# The pipeline for DVC. Written by `python -m invariscope dvc-yaml` from the Snakemake DAG: edit params.yaml and
# workflow/rules instead. A stage is a job of Snakemake, with the same command, inputs, parameters and outputs.
"""
WIDTH = 112

Stage = dict[str, Any]


def pipeline_text() -> str:
    """What dvc.yaml must be now. Raises UserError if Snakemake cannot resolve the DAG."""
    return HEAD + render(stages_of(resolve_jobs()))


def resolve_jobs() -> list[Any]:
    """Every job of the studies switched on, done or not, in the order of the rules and of their wildcards."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import DAGSettings, OutputSettings, Quietness, ResourceSettings

    quiet = OutputSettings(quiet={Quietness.ALL})
    try:
        with SnakemakeApi(quiet) as api, contextlib.redirect_stdout(io.StringIO()):
            workflow = api.workflow(resource_settings=ResourceSettings(cores=1), snakefile=SNAKEFILE)
            workflow.dag(DAGSettings(forceall=True)).printrulegraph()
    except Exception as error:
        raise UserError(
            f"Snakefile: cannot be resolved: {' '.join(str(error).split())}; `snakemake -n` says more"
        ) from error
    order = {rule.name: number for number, rule in enumerate(workflow._workflow.rules)}
    jobs = [job for job in workflow._workflow.dag.jobs if job.output]
    return sorted(jobs, key=lambda job: (order[job.rule.name], [str(value) for value in job.wildcards]))


def stages_of(jobs: list[Any]) -> dict[str, Stage]:
    """Stages by name, the check first."""
    stages = {stage_name(job): stage_of(job) for job in jobs}
    return {CHECK: check_stage(stages)} | stages


def stage_name(job: Any) -> str:
    return "-".join([job.rule.name, *map(str, job.wildcards)])


def stage_of(job: Any) -> Stage:
    return {
        "desc": (job.rule.docstring or "").strip(),
        "cmd": job.shellcmd,
        "deps": sorted(set(map(str, job.input))),
        "params": declared_keys(job),
        "outs": [str(path) for path in job.output],
    }


def declared_keys(job: Any) -> list[str]:
    """The keys of params.yaml that a job's rule declares; none if it declares no params."""
    values = job.params.get("values")
    return sorted(json.loads(values)) if values else []


def check_stage(stages: dict[str, Stage]) -> Stage:
    """The stage that notices when the others no longer match params.yaml, the rules or the imports of a step."""
    params = load_params()
    rules = [str(path) for path in sorted(RULES.glob("*.smk"))]
    code = closure(f"{PACKAGE}.steps.dvc_yaml", f"{PACKAGE}.provenance.engine", f"{PACKAGE}.plan")
    imported = [path for stage in stages.values() for path in stage["deps"] if path.endswith(".py")]
    return {
        "desc": "Is this file what params.yaml and the rules ask for? If not, write it anew and stop.",
        "cmd": CHECK_COMMAND,
        "deps": sorted({str(SNAKEFILE), *rules, *code, *imported}),
        "params": ["studies", *sorted(params["studies"])],
        "outs": [],
    }


def render(stages: dict[str, Stage]) -> str:
    """YAML with one item a line and long commands folded between words."""
    lines = ["stages:"]
    for name, stage in stages.items():
        lines += [f"  {name}:", f"    desc: {json.dumps(stage['desc'], ensure_ascii=False)}", "    cmd: >-"]
        lines += [f"      {line}" for line in folded(stage["cmd"])]
        for key in ("deps", "params", "outs"):
            if stage[key]:
                lines += [f"    {key}:", *(f"    - {item}" for item in stage[key])]
    for key, suffix, step in (("metrics", ".json", ""), ("plots", ".png", "plot_")):
        outs = [out for name, stage in stages.items() if name.startswith(step) for out in stage["outs"]]
        chosen = [f"- {out}" for out in outs if out.endswith(suffix)]
        lines += [f"{key}:", *chosen] if chosen else []
    return "\n".join(lines) + "\n"


def folded(command: str) -> list[str]:
    """A command in lines that YAML joins with single spaces again, broken before options."""
    if command.split() != command.split(" "):
        raise UserError(f"rule command {command!r}: has doubled spaces or line breaks; write it with single spaces")
    lines: list[str] = []
    for option in re.split(" (?=--)", command):
        if lines and len(lines[-1]) + len(option) < WIDTH:
            lines[-1] += f" {option}"
        else:
            lines.append(option)
    return lines


def update(check_only: bool = False) -> str | None:
    """Bring dvc.yaml up to date. Returns what changed in a few words, or None if it was right.

    With `check_only` nothing is written, and a difference raises UserError.
    """
    wanted = pipeline_text()
    present = DVC_YAML.read_text(encoding="utf-8") if DVC_YAML.exists() else ""
    if wanted == present:
        return None
    change = difference(present, wanted)
    if check_only:
        raise UserError(
            f"{DVC_YAML}: does not match params.yaml and the rules ({change}); run `python -m invariscope dvc-yaml`"
        )
    write_text(DVC_YAML, wanted)
    return change


def difference(present: str, wanted: str) -> str:
    """How two versions of the file differ, in a few words."""
    old, new = _blocks(present), _blocks(wanted)
    counts = {
        "added": len(new.keys() - old.keys()),
        "removed": len(old.keys() - new.keys()),
        "changed": sum(old[name] != new[name] for name in old.keys() & new.keys()),
    }
    words = [f"{count} {what}" for what, count in counts.items() if count]
    return f"stages: {', '.join(words)}" if words else "layout"


def _blocks(text: str) -> dict[str, str]:
    """The text of each stage by name; lenient, for a file that may have been damaged."""
    parts = re.split(r"^  ([\w-]+):\n", text.partition("\nmetrics:")[0], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def under_dvc() -> bool:
    """Whether this process is the command of a DVC stage."""
    return "DVC_STAGE" in os.environ
