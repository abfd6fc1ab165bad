"""DVC's side of the ledger, through DVC's own classes, in a process of its own: Snakemake never imports DVC.

`python -m invariscope.provenance.dvc_ledger` reads a request as JSON on standard input and prints the answer as JSON:

    {"do": "examine", "suspects": [paths]}   the state of every stage
    {"do": "restore", "suspects": [paths]}   the same, after fetching from DVC's cache and run cache what is there
    {"do": "commit", "stages": [names]}      record the outputs of these stages as what their commands made

A suspect is a file that was written to without a change of its modification time: DVC would trust its old checksum.
"""

import contextlib
import functools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from invariscope.files import write_text
from invariscope.provenance.inputs import md5

State = dict[str, Any]


def main() -> None:
    request = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        answer = answer_to(request)
    json.dump(answer, sys.stdout)


def answer_to(request: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked, to DVC itself, and say what came of it; what the user can mend is an `error` in words."""
    from dvc import dvcfile
    from dvc.dependency import param
    from dvc.exceptions import DvcException
    from dvc.repo import Repo, lock_repo

    dvcfile.modify_yaml = modify_whole
    param.load_path = functools.cache(param.load_path)  # or params.yaml is parsed for every stage, twice
    try:
        repo = Repo()
        with repo, lock_repo(repo):
            if request["do"] == "commit":
                return {"committed": commit(repo, set(request["stages"]))}
            forget(repo, request["suspects"])
            return {"stages": survey(repo, restore=request["do"] == "restore")}
    except DvcException as error:
        return {"error": " ".join(f"{error} {error.__cause__ or ''}".split())}
    except OSError as error:
        return {"error": f"{error.filename or 'writing'}: {error.strerror or error}; mend it and run again"}


@contextlib.contextmanager
def modify_whole(path: str, fs: Any = None) -> Iterator[Any]:
    """DVC's `modify_yaml`, but a process that is killed leaves the old file or the new one: DVC writes over the old."""
    from dvc.utils.serialize import dumps_yaml, parse_yaml_for_update

    file = Path(path)
    content = parse_yaml_for_update(file.read_text(encoding="utf-8"), path) if file.exists() else {}
    yield content
    write_text(file, dumps_yaml(content))


def in_order(repo: Any) -> Iterator[Any]:
    """The stages of dvc.yaml, each after those that it depends on."""
    from dvc.repo.reproduce import get_active_graph, plan_repro

    return (stage for stage in plan_repro(get_active_graph(repo.index.graph)) if stage.cmd)


def forget(repo: Any, paths: list[str]) -> None:
    """Make DVC read these files again instead of trusting its memory of their checksums."""
    memory = getattr(repo.state, "hashes", {})
    for path in paths:
        memory.pop(str(Path(repo.root_dir, path)), None)


# --- the state of the stages ----------------------------------------------------------------------------------------


def survey(repo: Any, restore: bool) -> dict[str, State]:
    """The state of every stage, upstream first, with `fetched`: whether the cache has what it lacks.

    With `restore` that is fetched. What is downstream of a stage that must run cannot be known before.
    """
    states: dict[str, State] = {}
    outdated: set[str] = set()
    for stage in in_order(repo):
        state = state_of(stage) | {"fetched": False}
        waits = any(dep.fs_path in outdated for dep in stage.deps)
        if stage.outs and not waits and not state["current"] and fetch(repo, stage, restore):
            state = (state_of(stage) if restore else state) | {"fetched": True}
        state["current"] = state["current"] and not waits
        if not state["current"]:
            outdated |= {out.fs_path for out in stage.outs}
        states[stage.name] = state
    return states


def state_of(stage: Any) -> State:
    """How a stage differs from what dvc.lock says of it."""
    from dvc.dependency import ParamsDependency

    deps = [dep for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    recorded = {param: value for dep in stage.params for param, value in (dep.hash_info.value or {}).items()}
    state = {
        "command_changed": stage.changed_stage(),
        "deps": {dep.def_path: dep.hash_info.value for dep in deps},
        "changed_deps": [dep.def_path for dep in deps if dep.workspace_status()],
        "params": recorded,
        "params_changed": any(dep.workspace_status() for dep in stage.params),
        "outs": {out.def_path: _word(out) for out in stage.outs},
    }
    changed = state["command_changed"] or state["changed_deps"] or state["params_changed"]
    return state | {"current": not changed and set(state["outs"].values()) <= {"same"}}


def _word(out: Any) -> str:
    """`same` as recorded, `missing`, `modified`, or `new` (never recorded)."""
    if not out.exists:
        return "missing"
    if not out.hash_info:
        return "new"
    return "modified" if out.changed_checksum() else "same"


def fetch(repo: Any, stage: Any, restore: bool) -> bool:
    """Whether the cache holds a stage's outputs for its present inputs and parameters; with `restore`, fetch them.

    As `Stage.reproduce` does it, but never runs the command, and removes nothing before all is known to be there.
    """
    from dvc.exceptions import DvcException

    try:
        entry = _recorded_run(repo, stage)
        known = repo.stage_cache._create_stage(entry, wdir=stage.wdir) if entry else None
        if known is None or not known.outs_cached():
            return False
        if [out for out in known.outs if is_damaged(out, restore)]:  # every one of them is to go
            return False
        if restore:
            for out in known.outs:
                if out.exists and out.changed_checksum():  # else the file is right already
                    out.remove()
            known.checkout()
            stage.save()
            stage.dump(update_pipeline=False)
    except (DvcException, OSError):  # an input is missing, or the cache is damaged: the job will run
        return False
    return True


def is_damaged(out: Any, remove: bool) -> bool:
    """Whether the cache's copy is not what its name says; with `remove` it goes, or it would stay in the place of a
    right one. DVC looks no further than that nobody may write to it."""
    path = Path(out.cache.oid_to_path(out.hash_info.value))
    damaged = md5(path) != out.hash_info.value
    if damaged and remove:
        path.unlink()
    return damaged


def _recorded_run(repo: Any, stage: Any) -> dict[str, Any] | None:
    """The lock entry of a run with the present inputs: dvc.lock's own, else the run cache's."""
    from dvc.stage.cache import _can_hash
    from dvc.stage.serialize import to_single_stage_lockfile

    recorded = all(out.hash_info for out in stage.outs)
    if recorded and not stage.changed_stage() and not any(dep.workspace_status() for dep in stage.deps):
        return to_single_stage_lockfile(stage)
    stage.save_deps()
    return repo.stage_cache._load(stage) if _can_hash(stage) else None


# --- recording ------------------------------------------------------------------------------------------------------


def commit(repo: Any, names: set[str]) -> list[str]:
    """What `dvc commit --force` does, for those of the stages that are not recorded as they are."""
    done = []
    for stage in in_order(repo):
        if stage.name in names and stage.changed():
            stage.save()
            stage.commit()
            done.append(stage)
    if done:
        done[0].dvcfile.dump_stages(done, update_pipeline=False)
    return [stage.name for stage in done]


if __name__ == "__main__":
    main()
