"""Figures of filter-GANs: training, filters, traversals, what these are worth. A job draws all that belong together."""


# Seconds each: on a cluster they are drawn where Snakemake runs, rather than each waiting in the queue.
localrules:
    plot_filter_gan,
    plot_presets,
    plot_augmentation,
    plot_layers,


rule plot_filter_gan:
    """Training curves, accuracy averaging, scaling, learned filters and traversals of a layer."""
    input:
        history="results/{study}/{classifier}/filter_gan/{layer}/history.parquet",
        accuracy="results/{study}/{classifier}/filter_gan/{layer}/accuracy.parquet",
        mds="results/{study}/{classifier}/filter_gan/{layer}/mds.parquet",
        filters="results/{study}/{classifier}/filter_gan/{layer}/filters.parquet",
        traversal="results/{study}/{classifier}/filter_gan/{layer}/traversal.parquet",
        code=code_of("plot_filter_gan"),
    output:
        training=[
            report(
                "results/{study}/{classifier}/filter_gan/{layer}/training.png",
                caption="../report/filter_gan_training.rst",
                category="{study}",
                subcategory="Filter-GAN",
                labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "training"},
            ),
            "results/{study}/{classifier}/filter_gan/{layer}/training.pdf",
        ],
        averaging=[
            report(
                "results/{study}/{classifier}/filter_gan/{layer}/accuracy.png",
                caption="../report/averaging.rst",
                category="{study}",
                subcategory="Filter-GAN",
                labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "accuracy averaging"},
            ),
            "results/{study}/{classifier}/filter_gan/{layer}/accuracy.pdf",
        ],
        scaling=[
            report(
                "results/{study}/{classifier}/filter_gan/{layer}/mds.png",
                caption="../report/mds.rst",
                category="{study}",
                subcategory="Filter-GAN",
                labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "multi-dimensional scaling"},
            ),
            "results/{study}/{classifier}/filter_gan/{layer}/mds.pdf",
        ],
        banks=report(
            "results/{study}/{classifier}/filter_gan/{layer}/filters.png",
            caption="../report/filters.rst",
            category="{study}",
            subcategory="Filter-GAN",
            labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "learned filters"},
        ),
        traversals=report(
            "results/{study}/{classifier}/filter_gan/{layer}/traversal.png",
            caption="../report/traversal.rst",
            category="{study}",
            subcategory="Filter-GAN",
            labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "invariance traversals"},
        ),
    log:
        "logs/plot_filter_gan/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/plot_filter_gan/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_filter_gan"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer}"
        " --history {input.history} --accuracy {input.accuracy} --mds {input.mds} --filters {input.filters}"
        " --traversal {input.traversal}"
        " --training {output.training} --averaging {output.averaging} --scaling {output.scaling}"
        " --banks {output.banks} --traversals {output.traversals} --log {log}"


rule plot_presets:
    """Accuracy against spread of a layer's presets, a point a checkpoint."""
    input:
        comparison="results/{study}/{classifier}/filter_gan/{layer}/presets.parquet",
        code=code_of("plot_presets"),
    output:
        presets=[
            report(
                "results/{study}/{classifier}/filter_gan/{layer}/presets.png",
                caption="../report/presets.rst",
                category="{study}",
                subcategory="Filter-GAN",
                labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "accuracy against spread"},
            ),
            "results/{study}/{classifier}/filter_gan/{layer}/presets.pdf",
        ],
    log:
        "logs/plot_presets/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/plot_presets/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_presets"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer}"
        " --comparison {input.comparison} --presets {output.presets} --log {log}"


rule plot_augmentation:
    """What traversal images are worth as training data."""
    input:
        accuracy="results/{study}/{classifier}/filter_gan/{layer}/augmentation.parquet",
        examples="results/{study}/{classifier}/filter_gan/{layer}/augmentation_examples.parquet",
        code=code_of("plot_augmentation"),
    output:
        figure=[
            report(
                "results/{study}/{classifier}/filter_gan/{layer}/augmentation.png",
                caption="../report/augmentation.rst",
                category="{study}",
                subcategory="Filter-GAN",
                labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "augmentation"},
            ),
            "results/{study}/{classifier}/filter_gan/{layer}/augmentation.pdf",
        ],
    log:
        "logs/plot_augmentation/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/plot_augmentation/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_augmentation"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer} --accuracy {input.accuracy}"
        " --examples {input.examples} --figure {output.figure} --log {log}"


rule plot_layers:
    """What the traversals of a classifier's layers change."""
    input:
        attributes="results/{study}/{classifier}/filter_gan/attributes.parquet",
        comparison="results/{study}/{classifier}/filter_gan/layers.parquet",
        code=code_of("plot_layers"),
    output:
        figure=[
            report(
                "results/{study}/{classifier}/filter_gan/attributes.png",
                caption="../report/attributes.rst",
                category="{study}",
                subcategory="Filter-GAN",
                labels={"classifier": "{classifier}", "layer": "all", "figure": "what traversals change"},
            ),
            "results/{study}/{classifier}/filter_gan/attributes.pdf",
        ],
    log:
        "logs/plot_layers/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_layers/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_layers"
        " {wildcards.study} {wildcards.classifier} --attributes {input.attributes}"
        " --comparison {input.comparison} --figure {output.figure} --log {log}"
