"""Figures of the screening: of each classifier, and of all of a study side by side."""


# Seconds each: on a cluster they are drawn where Snakemake runs, rather than each waiting in the queue.
localrules:
    plot_screening,
    plot_sensitivity,
    plot_comparison,


rule plot_screening:
    """Accuracy against magnitude for every family, what classes are taken for, and the thresholds of every class."""
    input:
        curves="results/{study}/{classifier}/screening/curves.parquet",
        top_classes="results/{study}/{classifier}/screening/top_classes.parquet",
        thresholds="results/{study}/{classifier}/screening/thresholds.parquet",
        examples="results/{study}/{classifier}/screening/examples.parquet",
        code=code_of("plot_screening"),
    output:
        response_curves=[
            report(
                "results/{study}/{classifier}/screening/curves.png",
                caption="../report/screening_curves.rst",
                category="{study}",
                subcategory="Screening",
                labels={"classifier": "{classifier}", "figure": "curves"},
            ),
            "results/{study}/{classifier}/screening/curves.pdf",
        ],
        class_curves=[
            report(
                "results/{study}/{classifier}/screening/classes.png",
                caption="../report/class_panels.rst",
                category="{study}",
                subcategory="Screening",
                labels={"classifier": "{classifier}", "figure": "classes"},
            ),
            "results/{study}/{classifier}/screening/classes.pdf",
        ],
        forest=[
            report(
                "results/{study}/{classifier}/screening/thresholds.png",
                caption="../report/thresholds.rst",
                category="{study}",
                subcategory="Screening",
                labels={"classifier": "{classifier}", "figure": "thresholds"},
            ),
            "results/{study}/{classifier}/screening/thresholds.pdf",
        ],
        heat=[
            report(
                "results/{study}/{classifier}/screening/heat_map.png",
                caption="../report/heat_map.rst",
                category="{study}",
                subcategory="Screening",
                labels={"classifier": "{classifier}", "figure": "heat map"},
            ),
            "results/{study}/{classifier}/screening/heat_map.pdf",
        ],
    log:
        "logs/plot_screening/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_screening/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_screening"
        " {wildcards.study} {wildcards.classifier} --curves {input.curves}"
        " --top-classes {input.top_classes} --thresholds {input.thresholds}"
        " --examples {input.examples} --response-curves {output.response_curves}"
        " --class-curves {output.class_curves} --forest {output.forest}"
        " --heat {output.heat} --log {log}"


rule plot_sensitivity:
    """What fill and interpolation do to curves and thresholds."""
    input:
        curves="results/{study}/{classifier}/screening/sensitivity_curves.parquet",
        thresholds="results/{study}/{classifier}/screening/sensitivity.parquet",
        code=code_of("plot_sensitivity"),
    output:
        figure=[
            report(
                "results/{study}/{classifier}/screening/sensitivity.png",
                caption="../report/sensitivity.rst",
                category="{study}",
                subcategory="Screening",
                labels={"classifier": "{classifier}", "figure": "sensitivity"},
            ),
            "results/{study}/{classifier}/screening/sensitivity.pdf",
        ],
    log:
        "logs/plot_sensitivity/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_sensitivity/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_sensitivity"
        " {wildcards.study} {wildcards.classifier} --curves {input.curves}"
        " --thresholds {input.thresholds} --figure {output.figure} --log {log}"


rule plot_comparison:
    """Thresholds of a study's classifiers beside each other, and their paired differences."""
    input:
        thresholds=screened("thresholds.parquet"),
        comparison="results/{study}/comparison/thresholds.parquet",
        code=code_of("plot_comparison"),
    output:
        forest=[
            report(
                "results/{study}/comparison/thresholds.png",
                caption="../report/classifiers.rst",
                category="{study}",
                subcategory="Comparison",
                labels={"figure": "thresholds"},
            ),
            "results/{study}/comparison/thresholds.pdf",
        ],
        differences=[
            report(
                "results/{study}/comparison/differences.png",
                caption="../report/differences.rst",
                category="{study}",
                subcategory="Comparison",
                labels={"figure": "differences"},
            ),
            "results/{study}/comparison/differences.pdf",
        ],
    log:
        "logs/plot_comparison/{study}.log",
    benchmark:
        "benchmarks/jobs/plot_comparison/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_comparison"
        " {wildcards.study} --thresholds {input.thresholds} --comparison {input.comparison}"
        " --forest {output.forest} --differences {output.differences} --log {log}"
