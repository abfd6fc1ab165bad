"""Figures of Invariant Transformer Nets."""


# Seconds each: on a cluster they are drawn where Snakemake runs, rather than each waiting in the queue.
localrules:
    plot_transformer,


rule plot_transformer:
    """Training, evaluation, grids of transformed images and what was learned, of an Invariant Transformer Net."""
    input:
        history="results/{study}/{classifier}/transformer/history.parquet",
        evaluation="results/{study}/{classifier}/transformer/evaluation.parquet",
        transformations="results/{study}/{classifier}/transformer/transformations.parquet",
        examples="results/{study}/{classifier}/transformer/examples.parquet",
        code=code_of("plot_transformer"),
    output:
        training=[
            report(
                "results/{study}/{classifier}/transformer/training.png",
                caption="../report/transformer_training.rst",
                category="{study}",
                subcategory="Invariant transformer",
                labels={"classifier": "{classifier}", "figure": "training"},
            ),
            "results/{study}/{classifier}/transformer/training.pdf",
        ],
        accuracy=[
            report(
                "results/{study}/{classifier}/transformer/accuracy.png",
                caption="../report/transformer_accuracy.rst",
                category="{study}",
                subcategory="Invariant transformer",
                labels={"classifier": "{classifier}", "figure": "accuracy"},
            ),
            "results/{study}/{classifier}/transformer/accuracy.pdf",
        ],
        quantities=[
            report(
                "results/{study}/{classifier}/transformer/quantities.png",
                caption="../report/transformer_quantities.rst",
                category="{study}",
                subcategory="Invariant transformer",
                labels={"classifier": "{classifier}", "figure": "what was learned"},
            ),
            "results/{study}/{classifier}/transformer/quantities.pdf",
        ],
        alpha=report(
            "results/{study}/{classifier}/transformer/alpha.png",
            caption="../report/transformer_alpha.rst",
            category="{study}",
            subcategory="Invariant transformer",
            labels={"classifier": "{classifier}", "figure": "images over alpha"},
        ),
        beta=report(
            "results/{study}/{classifier}/transformer/beta.png",
            caption="../report/transformer_beta.rst",
            category="{study}",
            subcategory="Invariant transformer",
            labels={"classifier": "{classifier}", "figure": "images over beta"},
        ),
    log:
        "logs/plot_transformer/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_transformer/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_transformer"
        " {wildcards.study} {wildcards.classifier} --history {input.history}"
        " --evaluation {input.evaluation} --transformations {input.transformations}"
        " --examples {input.examples} --training {output.training}"
        " --accuracy {output.accuracy} --quantities {output.quantities}"
        " --alpha {output.alpha} --beta {output.beta} --log {log}"
