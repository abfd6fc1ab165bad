"""Figures of a classifier's training."""


# Seconds each: on a cluster they are drawn where Snakemake runs, rather than each waiting in the queue.
localrules:
    plot_training,


rule plot_training:
    """Learning curve and confusion of a classifier."""
    input:
        history="results/{study}/{classifier}/training/history.parquet",
        confusion="results/{study}/{classifier}/training/confusion.parquet",
        code=code_of("plot_training"),
    output:
        learning_curve=[
            report(
                "results/{study}/{classifier}/training/learning_curve.png",
                caption="../report/learning_curve.rst",
                category="{study}",
                subcategory="Classifiers",
                labels={"classifier": "{classifier}", "figure": "learning curve"},
            ),
            "results/{study}/{classifier}/training/learning_curve.pdf",
        ],
        confusion_matrix=[
            report(
                "results/{study}/{classifier}/training/confusion.png",
                caption="../report/confusion.rst",
                category="{study}",
                subcategory="Classifiers",
                labels={"classifier": "{classifier}", "figure": "confusion"},
            ),
            "results/{study}/{classifier}/training/confusion.pdf",
        ],
    log:
        "logs/plot_training/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_training/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_training"
        " {wildcards.study} {wildcards.classifier} --history {input.history}"
        " --confusion {input.confusion} --learning-curve {output.learning_curve}"
        " --confusion-matrix {output.confusion_matrix} --log {log}"
