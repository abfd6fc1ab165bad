"""Figures of the ground truth: what all methods say of twins, and the verdict as a page."""


# Seconds each: on a cluster they are drawn where Snakemake runs, rather than each waiting in the queue.
localrules:
    plot_ground_truth,


rule plot_ground_truth:
    """What all methods say of a study's twins: factor by layer, their agreement, ROC curves, the verdict as a page."""
    input:
        factors="results/{study}/ground_truth/factors.parquet",
        differences="results/{study}/ground_truth/differences.parquet",
        auc="results/{study}/ground_truth/auc.parquet",
        roc="results/{study}/ground_truth/roc.parquet",
        agreement="results/{study}/ground_truth/agreement.parquet",
        verdict="results/{study}/ground_truth/verdict.md",
        code=code_of("plot_ground_truth"),
    output:
        heat_maps=[
            report(
                "results/{study}/ground_truth/twins.png",
                caption="../report/ground_truth_twins.rst",
                category="{study}",
                subcategory="Ground truth",
                labels={"figure": "factor by layer"},
            ),
            "results/{study}/ground_truth/twins.pdf",
        ],
        correlations=[
            report(
                "results/{study}/ground_truth/agreement.png",
                caption="../report/ground_truth_agreement.rst",
                category="{study}",
                subcategory="Ground truth",
                labels={"figure": "agreement of methods"},
            ),
            "results/{study}/ground_truth/agreement.pdf",
        ],
        curves=[
            report(
                "results/{study}/ground_truth/roc.png",
                caption="../report/ground_truth_roc.rst",
                category="{study}",
                subcategory="Ground truth",
                labels={"figure": "ROC"},
            ),
            "results/{study}/ground_truth/roc.pdf",
        ],
        page=report(
            "results/{study}/ground_truth/verdict.html",
            caption="../report/ground_truth_verdict.rst",
            category="{study}",
            subcategory="Ground truth",
            labels={"figure": "verdict in words"},
        ),
    log:
        "logs/plot_ground_truth/{study}.log",
    benchmark:
        "benchmarks/jobs/plot_ground_truth/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_ground_truth"
        " {wildcards.study} --factors {input.factors} --differences {input.differences}"
        " --auc {input.auc} --roc {input.roc} --agreement {input.agreement} --heat-maps {output.heat_maps}"
        " --correlations {output.correlations} --curves {output.curves}"
        " --verdict {input.verdict} --page {output.page} --log {log}"
