"""What the Snakefile calls: one truth for Snakemake and DVC.

`link` wraps the run. Before Snakemake looks at its files, what DVC knows is taken over, and what DVC's cache holds is
fetched instead of computed; after the run, also an interrupted one, what it made is handed over to dvc.lock. When
nothing was touched since the last time, neither asks DVC anything.
"""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from invariscope import plan
from invariscope.errors import UserError
from invariscope.provenance import exchange, guard
from invariscope.provenance.gpus import count_gpus
from invariscope.provenance.orphans import ENGINE
from invariscope.provenance.versions import made_with
from invariscope.validation import keep_params, load_params

Params = Mapping[str, Any]
RATE_LIMIT = (100, 1)  # jobs and seconds: what Snakemake has if nobody says otherwise
READERS = ("create_report", "summary", "list_changes")  # look at Snakemake's records without running anything


def open_params() -> dict[str, Any]:
    """params.yaml, validated; a mistake in it, or a file that it names and is missing, ends Snakemake with one line."""
    with one_line_errors():
        params = load_params()
        for missing in plan.missing_weights(params):
            raise UserError(f"params.yaml: {missing}: no such file; put the network's state dict there")
        for missing in plan.missing_modules(params):
            raise UserError(f"params.yaml: {missing}: no such module in this folder, nor among what is installed")
        for missing in plan.missing_class_files(params):
            raise UserError(f"params.yaml: {missing}: no such file; put the list of the network's classes there")
        keep_params(params)
        return params


def link(workflow: Any, params: Params) -> None:
    """Tie this Snakemake process to DVC, and its jobs to the GPUs that there are.

    Jobs on cluster nodes have a Snakemake process of their own: those are left alone.
    """
    os.environ[ENGINE] = str(os.getpid())
    # The steps run with the Python that runs Snakemake, whether its environment is activated or not.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    if not workflow.is_main_process:
        return
    run = workflow.execute

    def execute(*, executor_plugin: Any, **options: Any) -> Any:
        kind = executor_plugin.common_settings
        if kind.local_exec:
            limit_gpus(workflow)
            drop_rate_limit(workflow)
        go = lambda: run(executor_plugin=executor_plugin, **options)  # noqa: E731
        with one_line_errors():
            if kind.touch_exec or not dvc_is_there():
                return go()
            return look(workflow, params, go) if kind.dryrun_exec else run_linked(workflow, params, go)

    workflow.execute = execute
    workflow.create_report = describing(workflow, params, workflow.create_report)
    for name in READERS:
        setattr(workflow, name, looking(workflow, params, getattr(workflow, name)))


def run_linked(workflow: Any, params: Params, run: Callable[[], Any]) -> Any:
    """Run Snakemake between taking over what DVC knows and handing over what was made."""
    with guard.alone():
        start = exchange.take_over(workflow, params)
        try:
            with guard.announced_to_dvc():
                return run()
        finally:
            exchange.hand_over(workflow, params, start)


def look(workflow: Any, params: Params, show: Callable[[], Any]) -> Any:
    """Show what would be done, or was, in the light of what DVC knows; nothing is fetched or removed."""
    if dvc_is_there():
        owner = guard.owner()
        if owner is None:
            exchange.take_over(workflow, params, look_only=True)
        else:
            exchange.say(f"{owner} is running in this folder: what follows may be about to change.")
    return show()


def looking(workflow: Any, params: Params, method: Callable[..., Any]) -> Callable[..., Any]:
    def reader(*arguments: Any, **options: Any) -> Any:
        with one_line_errors():
            return look(workflow, params, lambda: method(*arguments, **options))

    return reader


def describing(workflow: Any, params: Params, method: Callable[..., Any]) -> Callable[..., Any]:
    """Tell the first page of the report, which sees `config` alone, what it is a report of, and what made it."""

    def reporter(*arguments: Any, **options: Any) -> Any:
        workflow.config.update(
            studies=params["studies"], explorer=bool(plan.traversed_layers(params)), made_with=made_with()
        )
        return method(*arguments, **options)

    return reporter


def dvc_is_there() -> bool:
    """Whether DVC can work here: it wants its folder, and git or leave to do without. Else Snakemake runs alone."""
    config = Path(".dvc/config")
    if find_spec("dvc") is None or not config.is_file():
        return False
    here = Path.cwd()
    return any((folder / ".git").exists() for folder in (here, *here.parents)) or "no_scm" in config.read_text()


def limit_gpus(workflow: Any) -> None:
    """No more GPU jobs at once than there are GPUs, unless the user said how many; without any, as many as cores."""
    count = count_gpus()
    if count and "gpu" not in workflow.global_resources:
        from snakemake.resources import Resource

        workflow.global_resources["gpu"] = Resource("gpu", count)


def drop_rate_limit(workflow: Any) -> None:
    """Start local jobs as soon as there is room, unless the user said how many at once.

    Snakemake's default, 100 a second, is for clusters and never reached here. But for it the scheduler looks at all
    jobs again a second after each look, for every job that has ended (a new chain of timers each): measured at the end
    of a run of 120 jobs, a quarter of a core.
    """
    settings = workflow.scheduling_settings
    limit = settings.max_jobs_per_timespan
    if limit is not None and (limit.max_jobs, limit.timespan) == RATE_LIMIT:
        settings.max_jobs_per_timespan = None


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End Snakemake with one line where it would print a stack trace."""
    try:
        yield
    except UserError as error:
        exchange.say(f"error: {error}")
        sys.exit(1)
