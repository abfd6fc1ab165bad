"""Data sets."""


rule prepare_data:
    """Draw or import a study's images: one Parquet table with labels, splits and known factors."""
    input:
        classes=classes_of,
        code=code_with_source("prepare_data"),
    output:
        data="data/{study}.parquet",
    log:
        "logs/prepare_data/{study}.log",
    benchmark:
        "benchmarks/jobs/prepare_data/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        values=parameters("prepare_data"),
    shell:
        "PYTHONPATH=src python -m invariscope prepare_data {wildcards.study} --data {output.data} --log {log}"
