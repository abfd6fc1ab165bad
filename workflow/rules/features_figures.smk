"""Figures of feature visualisation: images of units and classes, and what the latent space holds."""


# Seconds each: on a cluster they are drawn where Snakemake runs, rather than each waiting in the queue.
localrules:
    plot_features,
    plot_feature_sheet,
    plot_latents,


rule plot_features:
    """Images of units and classes by every method, how far each goes, and who recognises them."""
    input:
        objectives="results/{study}/{classifier}/features/objectives.parquet",
        transfer="results/{study}/{classifier}/features/transfer.parquet",
        code=code_of("plot_features"),
    output:
        channels=report(
            "results/{study}/{classifier}/features/feature_channels.png",
            caption="../report/feature_channels.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "channels"},
        ),
        classes=report(
            "results/{study}/{classifier}/features/feature_classes.png",
            caption="../report/feature_classes.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "classes"},
        ),
        values=[
            report(
                "results/{study}/{classifier}/features/feature_values.png",
                caption="../report/feature_values.rst",
                category="{study}",
                subcategory="Feature visualisation",
                labels={"classifier": "{classifier}", "figure": "values reached"},
            ),
            "results/{study}/{classifier}/features/feature_values.pdf",
        ],
        variety=report(
            "results/{study}/{classifier}/features/feature_variety.png",
            caption="../report/feature_variety.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "variety"},
        ),
        judges=[
            report(
                "results/{study}/{classifier}/features/feature_transfer.png",
                caption="../report/feature_transfer.rst",
                category="{study}",
                subcategory="Feature visualisation",
                labels={"classifier": "{classifier}", "figure": "who recognises them"},
            ),
            "results/{study}/{classifier}/features/feature_transfer.pdf",
        ],
    log:
        "logs/plot_features/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_features/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_features"
        " {wildcards.study} {wildcards.classifier} --objectives {input.objectives}"
        " --transfer {input.transfer} --channels {output.channels}"
        " --classes {output.classes} --values {output.values}"
        " --variety {output.variety} --judges {output.judges} --log {log}"


rule plot_feature_sheet:
    """Channels of a layer by every method."""
    input:
        objectives="results/{study}/{classifier}/features/objectives.parquet",
        code=code_of("plot_feature_sheet"),
    output:
        sheet=report(
            "results/{study}/{classifier}/features/sheets/{group}.png",
            caption="../report/feature_sheet.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "all methods, {group}"},
        ),
    log:
        "logs/plot_feature_sheet/{study}/{classifier}/{group}.log",
    benchmark:
        "benchmarks/jobs/plot_feature_sheet/{study}/{classifier}/{group}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_feature_sheet"
        " {wildcards.study} {wildcards.classifier} {wildcards.group}"
        " --objectives {input.objectives} --sheet {output.sheet} --log {log}"


rule plot_latents:
    """Search and ascent in the latent space, what they cost, and why the paper's ascent failed."""
    input:
        data="data/{study}.parquet",
        latents="results/{study}/{classifier}/features/latent_search.parquet",
        curves="results/{study}/{classifier}/features/latent_curves.parquet",
        paths="results/{study}/{classifier}/features/latent_paths.parquet",
        variants="results/{study}/{classifier}/features/ascent_variants.parquet",
        gradients="results/{study}/{classifier}/features/gradients.parquet",
        code=code_of("plot_latents"),
    output:
        ascent=report(
            "results/{study}/{classifier}/features/latent_ascent.png",
            caption="../report/latent_ascent.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "latent ascent"},
        ),
        classes=report(
            "results/{study}/{classifier}/features/latent_classes.png",
            caption="../report/latent_classes.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "best latents of classes"},
        ),
        channels=report(
            "results/{study}/{classifier}/features/latent_channels.png",
            caption="../report/latent_channels.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "best latents of channels"},
        ),
        cost=[
            report(
                "results/{study}/{classifier}/features/latent_cost.png",
                caption="../report/latent_cost.rst",
                category="{study}",
                subcategory="Feature visualisation",
                labels={"classifier": "{classifier}", "figure": "search against ascent"},
            ),
            "results/{study}/{classifier}/features/latent_cost.pdf",
        ],
        mends=[
            report(
                "results/{study}/{classifier}/features/latent_mends.png",
                caption="../report/latent_mends.rst",
                category="{study}",
                subcategory="Feature visualisation",
                labels={"classifier": "{classifier}", "figure": "why the paper's ascent fails"},
            ),
            "results/{study}/{classifier}/features/latent_mends.pdf",
        ],
        layers=[
            report(
                "results/{study}/{classifier}/features/latent_gradients.png",
                caption="../report/latent_gradients.rst",
                category="{study}",
                subcategory="Feature visualisation",
                labels={"classifier": "{classifier}", "figure": "gradients by layer"},
            ),
            "results/{study}/{classifier}/features/latent_gradients.pdf",
        ],
    log:
        "logs/plot_latents/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_latents/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_latents"
        " {wildcards.study} {wildcards.classifier} --data {input.data}"
        " --latents {input.latents} --curves {input.curves} --paths {input.paths}"
        " --variants {input.variants} --gradients {input.gradients}"
        " --ascent {output.ascent} --classes {output.classes}"
        " --channels {output.channels} --cost {output.cost} --mends {output.mends}"
        " --layers {output.layers} --log {log}"
