"""Local jobs need no rate limit, which costs Snakemake's scheduler more with every job that has ended."""

from types import SimpleNamespace

import pytest
from snakemake.cli import get_argument_parser
from snakemake.settings.types import MaxJobsPerTimespan

from invariscope.provenance import engine


@pytest.mark.parametrize(("text", "dropped"), [(None, True), ("100/1s", True), ("3/1m", False)])
def test_only_snakemakes_own_default_is_dropped(text: str | None, dropped: bool) -> None:
    limit = MaxJobsPerTimespan.parse_choice(text or get_argument_parser().get_default("max_jobs_per_timespan"))
    workflow = SimpleNamespace(scheduling_settings=SimpleNamespace(max_jobs_per_timespan=limit))
    engine.drop_rate_limit(workflow)
    assert (workflow.scheduling_settings.max_jobs_per_timespan is None) == dropped
