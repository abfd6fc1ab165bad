"""Write dvc.yaml from the Snakemake DAG; with --check only say whether it is up to date."""

from invariscope.errors import UserError
from invariscope.provenance import pipeline


def run(*, check: bool = False) -> None:
    change = pipeline.update(check_only=check)
    if change is None:
        print(f"{pipeline.DVC_YAML} is up to date")
    elif pipeline.under_dvc():  # which read the old file: it must not go on with it
        raise UserError(f"the pipeline changed and {pipeline.DVC_YAML} was rewritten ({change}); run the same again")
    else:
        print(f"{pipeline.DVC_YAML} written ({change})")
