"""Figures of a study's images. Every `*_figures.smk` makes pictures of tables, and none of its steps imports torch."""


# Seconds each: on a cluster they are drawn where Snakemake runs, rather than each waiting in the queue.
localrules:
    plot_data,


rule plot_data:
    """Example images of every class of a study."""
    input:
        data="data/{study}.parquet",
        code=code_of("plot_data"),
    output:
        samples=report(
            "results/{study}/data/samples.png",
            caption="../report/samples.rst",
            category="{study}",
            subcategory="Data",
        ),
    log:
        "logs/plot_data/{study}.log",
    benchmark:
        "benchmarks/jobs/plot_data/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_data"
        " {wildcards.study} --data {input.data} --samples {output.samples} --log {log}"
