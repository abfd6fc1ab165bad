"""Figures of generative networks, and of where a classifier sees what it claims."""


# Seconds each: on a cluster they are drawn where Snakemake runs, rather than each waiting in the queue.
localrules:
    plot_autoencoders,
    plot_generative,
    plot_unpooling,


rule plot_autoencoders:
    """Training and reconstructions of all autoencoders of a study."""
    input:
        histories=made_by_networks(plan.coders, "history.parquet"),
        reconstructions=made_by_networks(plan.coders, "reconstructions.parquet"),
        code=code_of("plot_autoencoders"),
    output:
        training=[
            report(
                "results/{study}/generative/training.png",
                caption="../report/autoencoder_training.rst",
                category="{study}",
                subcategory="Generative networks",
                labels={"network": "autoencoders", "figure": "training"},
            ),
            "results/{study}/generative/training.pdf",
        ],
        pairs=report(
            "results/{study}/generative/reconstructions.png",
            caption="../report/reconstructions.rst",
            category="{study}",
            subcategory="Generative networks",
            labels={"network": "autoencoders", "figure": "reconstructions"},
        ),
    log:
        "logs/plot_autoencoders/{study}.log",
    benchmark:
        "benchmarks/jobs/plot_autoencoders/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_autoencoders"
        " {wildcards.study} --histories {input.histories}"
        " --reconstructions {input.reconstructions} --training {output.training}"
        " --pairs {output.pairs} --log {log}"


rule plot_generative:
    """How real the images of generative networks are, how their codes are, and what they draw."""
    input:
        evaluation="results/{study}/generative/evaluation.parquet",
        units="results/{study}/generative/units.parquet",
        correlations="results/{study}/generative/correlations.parquet",
        samples="results/{study}/generative/samples.parquet",
        sweeps="results/{study}/generative/sweeps.parquet",
        basis="results/{study}/generative/basis.parquet",
        history="results/{study}/generative/dcgan/history.parquet",
        code=code_of("plot_generative"),
    output:
        distances=[
            report(
                "results/{study}/generative/distances.png",
                caption="../report/generative_distances.rst",
                category="{study}",
                subcategory="Generative networks",
                labels={"network": "all", "figure": "Fréchet distance"},
            ),
            "results/{study}/generative/distances.pdf",
        ],
        sheet=report(
            "results/{study}/generative/samples.png",
            caption="../report/generative_samples.rst",
            category="{study}",
            subcategory="Generative networks",
            labels={"network": "all", "figure": "samples"},
        ),
        latents=report(
            "results/{study}/generative/sweeps.png",
            caption="../report/generative_sweeps.rst",
            category="{study}",
            subcategory="Generative networks",
            labels={"network": "all", "figure": "latent sweeps"},
        ),
        codes=[
            report(
                "results/{study}/generative/codes.png",
                caption="../report/generative_codes.rst",
                category="{study}",
                subcategory="Generative networks",
                labels={"network": "autoencoders", "figure": "codes"},
            ),
            "results/{study}/generative/codes.pdf",
        ],
        dictionary=report(
            "results/{study}/generative/basis.png",
            caption="../report/generative_basis.rst",
            category="{study}",
            subcategory="Generative networks",
            labels={"network": "sparse", "figure": "basis"},
        ),
        schedule=[
            report(
                "results/{study}/generative/dcgan_training.png",
                caption="../report/dcgan_training.rst",
                category="{study}",
                subcategory="Generative networks",
                labels={"network": "DCGAN", "figure": "training"},
            ),
            "results/{study}/generative/dcgan_training.pdf",
        ],
    log:
        "logs/plot_generative/{study}.log",
    benchmark:
        "benchmarks/jobs/plot_generative/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        values=parameters("plot_generative"),
    shell:
        "PYTHONPATH=src python -m invariscope plot_generative"
        " {wildcards.study} --evaluation {input.evaluation} --units {input.units}"
        " --correlations {input.correlations} --samples {input.samples}"
        " --sweeps {input.sweeps} --basis {input.basis} --history {input.history}"
        " --distances {output.distances} --sheet {output.sheet}"
        " --latents {output.latents} --codes {output.codes}"
        " --dictionary {output.dictionary} --schedule {output.schedule} --log {log}"


rule plot_unpooling:
    """Where a classifier's mirrors see what they claim: training, IoU by class, maps at growing resolution, scenes."""
    input:
        history="results/{study}/{classifier}/unpooling/history.parquet",
        iou="results/{study}/{classifier}/unpooling/iou.parquet",
        pictures="results/{study}/{classifier}/unpooling/stages.parquet",
        code=code_of("plot_unpooling"),
    output:
        training=[
            report(
                "results/{study}/{classifier}/unpooling/training.png",
                caption="../report/unpooling_training.rst",
                category="{study}",
                subcategory="Locating objects",
                labels={"classifier": "{classifier}", "figure": "training"},
            ),
            "results/{study}/{classifier}/unpooling/training.pdf",
        ],
        classes=[
            report(
                "results/{study}/{classifier}/unpooling/iou.png",
                caption="../report/unpooling_iou.rst",
                category="{study}",
                subcategory="Locating objects",
                labels={"classifier": "{classifier}", "figure": "IoU by class"},
            ),
            "results/{study}/{classifier}/unpooling/iou.pdf",
        ],
        stages=report(
            "results/{study}/{classifier}/unpooling/stages.png",
            caption="../report/unpooling_stages.rst",
            category="{study}",
            subcategory="Locating objects",
            labels={"classifier": "{classifier}", "figure": "growing resolution"},
        ),
        scenes=report(
            "results/{study}/{classifier}/unpooling/scenes.png",
            caption="../report/unpooling_scenes.rst",
            category="{study}",
            subcategory="Locating objects",
            labels={"classifier": "{classifier}", "figure": "two objects"},
        ),
    log:
        "logs/plot_unpooling/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_unpooling/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_unpooling"
        " {wildcards.study} {wildcards.classifier} --history {input.history}"
        " --iou {input.iou} --pictures {input.pictures} --training {output.training}"
        " --classes {output.classes} --stages {output.stages} --scenes {output.scenes} --log {log}"
