"""Between the ledgers: what DVC knows becomes Snakemake's records, what Snakemake made becomes DVC's lock entries."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invariscope.errors import UserError
from invariscope.params import PARAMS, canonical, load_yaml, lookup
from invariscope.provenance.pipeline import CHECK, DVC_YAML, declared_keys, stage_name
from invariscope.provenance.snakemake_ledger import CHANGED, SnakemakeLedger
from invariscope.provenance.snapshot import DVC_LOCK, Snapshot, digests

Params = Mapping[str, Any]
State = dict[str, Any]


@dataclass(frozen=True)
class Start:
    """How things stood before a run: the state of each stage (None: nothing was touched) and the texts' digests."""

    states: dict[str, State] | None
    texts: Mapping[str, str]


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


# --- DVC → Snakemake ------------------------------------------------------------------------------------------------


def take_over(workflow: Any, params: Params, look_only: bool = False) -> Start:
    """Bring dvc.yaml up to date, fetch what DVC's cache holds, and give Snakemake the records of what DVC vouches for.

    With `look_only` no file is written but Snakemake's records. Raises UserError if DVC cannot be asked.
    """
    snapshot = Snapshot.load()
    if snapshot is not None and snapshot.holds():
        return Start(None, snapshot.texts)
    if not look_only and not (snapshot is not None and snapshot.pipeline_holds()):
        renew_pipeline()
    texts = digests()
    if not DVC_YAML.exists():
        return Start({}, texts)
    suspects = snapshot.suspects() if snapshot else []
    states = ask_dvc({"do": "examine" if look_only else "restore", "suspects": suspects})["stages"]
    report_fetched(states, look_only)
    write_records(workflow, params, states, set(suspects), look_only)
    return Start(states, texts)


def renew_pipeline() -> None:
    """Write dvc.yaml anew if it does not match params.yaml and the rules, and say so."""
    message = run_python(["-m", "invariscope", "dvc-yaml"]).strip()
    if "written" in message:
        say(f"{message}.")


def ask_dvc(request: dict[str, Any]) -> dict[str, Any]:
    """Have DVC do something. Raises UserError with its reason if it cannot."""
    answer = json.loads(run_python(["-m", "invariscope.provenance.dvc_ledger"], json.dumps(request)))
    if "error" in answer:
        raise UserError(f"DVC: {answer['error']}")
    return answer


def run_python(arguments: list[str], text: str = "") -> str:
    """What a Python process prints. Out of reach of an interrupt on the terminal: that is meant for the jobs."""
    command = [sys.executable, *arguments]
    run = subprocess.run(
        command, env=environment(), input=text, capture_output=True, text=True, check=False, start_new_session=True
    )
    if run.returncode != 0:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"`python {' '.join(arguments)}` failed: {last}")
    return run.stdout


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(["src", os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)}


def report_fetched(states: dict[str, State], look_only: bool) -> None:
    fetched = [name for name, state in states.items() if state["fetched"]]
    if fetched:
        verb = "Would fetch" if look_only else "Fetched"
        later = ", then perhaps what depends on them" if look_only else ""
        say(f"{verb} from DVC's cache, instead of running: {', '.join(fetched)}{later}.")


def write_records(workflow: Any, params: Params, states: dict[str, State], suspects: set[str], look_only: bool) -> None:
    """Give Snakemake the record of what is as dvc.lock says, out of date or not: it decides by itself.

    Where Snakemake itself made a file later than dvc.lock knows, in a run that was killed, its own record stands. An
    output that neither left as it is has been damaged or edited: it goes, so that it is built anew.
    """
    ledger = SnakemakeLedger()
    commands = {rule.name: rule.shellcmd for rule in workflow.rules}
    for name, state in states.items():
        rule = name.partition("-")[0]
        if rule not in commands:
            continue
        for output, word in state["outs"].items():
            own = word in ("same", "modified") and output not in suspects and ledger.vouches_for(output)
            if word == "same" and (state["current"] or not own):
                ledger.describe(output, rule, **description(state, commands[rule], params))
            elif word == "modified" and not own:
                say(f"{output}: is not what was recorded, and not in DVC's cache: it is built anew.")
                if not look_only:
                    ledger.forget(output)
                    Path(output).unlink()


def description(state: State, command: str, params: Params) -> dict[str, Any]:
    """How an output was made, in Snakemake's terms; what has changed since is spelt so that it differs from now."""
    keys = state["params"]
    values = dict(keys) if state["params_changed"] else {key: lookup(params, key) for key in keys}
    return {
        "command": command + CHANGED if state["command_changed"] else command,
        "params": [canonical(values)] if keys else [],
        "deps": {
            f"{path}{CHANGED}" if path in state["changed_deps"] else path: checksum
            for path, checksum in state["deps"].items()
        },
    }


# --- Snakemake → DVC ------------------------------------------------------------------------------------------------


def hand_over(workflow: Any, params: Params, start: Start) -> None:
    """Record in dvc.lock, and so in DVC's run cache, the stages whose outputs are what their commands make now."""
    if workflow.scheduler is None or not DVC_YAML.exists():  # it failed before it knew what is up to date
        return
    edits = Edits.since(start, params)
    jobs = settled_jobs(workflow, start)
    if start.states is None and not jobs and not edits.files:
        return
    disturbed = [job for job in jobs if edits.concern(job)]
    if disturbed:
        SnakemakeLedger().distrust(str(path) for job in disturbed for path in job.output)
        names = ", ".join(sorted(map(stage_name, disturbed)))
        say(f"Parameters or code were edited during the run: not recorded, and to be run again: {names}.")
    record([stage_name(job) for job in jobs if job not in disturbed], with_check=not edits.files)
    if not edits.files:
        Snapshot.take(outputs_of_stages(start)).save()


def settled_jobs(workflow: Any, start: Start) -> list[Any]:
    """Jobs of this run's DAG whose outputs are current and that dvc.lock may not know of."""
    dag, ledger = workflow.dag, SnakemakeLedger()

    def settled(job: Any) -> bool:
        if dag.finished(job):
            return True
        return not dag.needrun(job) and not recorded(job, start) and made_by_snakemake(workflow, job, ledger)

    return [job for job in dag.jobs if job.output and settled(job)]


def recorded(job: Any, start: Start) -> bool:
    """Whether dvc.lock had the job as it is when the run began."""
    return start.states is None or start.states.get(stage_name(job), {}).get("current", False)


def made_by_snakemake(workflow: Any, job: Any, ledger: SnakemakeLedger) -> bool:
    """Whether a killed run of Snakemake made these outputs, as they are, from what there is now."""
    records = workflow.persistence
    changed = records.params_changed(job) or any(records.input_changed(job)) or any(records.code_changed(job))
    return not changed and all(Path(path).exists() and ledger.vouches_for(str(path)) for path in job.output)


def record(names: list[str], with_check: bool) -> None:
    wanted = [*names, *([CHECK] if with_check else [])]
    if wanted:
        done = [name for name in ask_dvc({"do": "commit", "stages": wanted})["committed"] if name != CHECK]
        if done:
            say(f"Recorded in dvc.lock: {len(done)} {'stage' if len(done) == 1 else 'stages'}.")


def outputs_of_stages(start: Start) -> list[str]:
    if start.states is not None:
        return [path for state in start.states.values() for path in state["outs"]]
    snapshot = Snapshot.load()
    return list(snapshot.outputs) if snapshot else []


@dataclass(frozen=True)
class Edits:
    """What was edited while Snakemake ran: its jobs may have read either version."""

    files: frozenset[str]
    before: Params
    after: Params | None

    @classmethod
    def since(cls, start: Start, params: Params) -> "Edits":
        now = digests()
        changed = {path for path in start.texts.keys() | now.keys() if start.texts.get(path) != now.get(path)}
        try:
            after = load_yaml(PARAMS)
        except UserError:
            after = None
        if after != params:
            changed.add(str(PARAMS))
        return cls(frozenset(changed - {str(DVC_LOCK)}), params, after)

    def concern(self, job: Any) -> bool:
        """Whether a job reads something that was edited."""
        return any(str(path) in self.files for path in job.input) or any(
            self._value(key) != lookup(self.before, key) for key in declared_keys(job)
        )

    def _value(self, key: str) -> Any:
        try:
            return lookup(self.after or {}, key)
        except UserError:
            return None
