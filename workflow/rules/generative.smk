"""Generative networks of a study's images: latents, and decoders that make images of them."""


rule train_autoencoder:
    """Train an autoencoder of one kind, and reconstruct a test image of each class."""
    input:
        data="data/{study}.parquet",
        code=code_of("train_autoencoder"),
    output:
        model="results/{study}/generative/{kind}/model.safetensors",
        history="results/{study}/generative/{kind}/history.parquet",
        metrics="results/{study}/generative/{kind}/metrics.json",
        reconstructions="results/{study}/generative/{kind}/reconstructions.parquet",
    log:
        "logs/train_autoencoder/{study}/{kind}.log",
    benchmark:
        "benchmarks/jobs/train_autoencoder/{study}/{kind}.tsv"
    wildcard_constraints:
        kind="|".join(plan.CODERS),
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        values=parameters("train_autoencoder"),
    shell:
        "PYTHONPATH=src python -m invariscope train_autoencoder"
        " {wildcards.study} {wildcards.kind} --data {input.data} --model {output.model}"
        " --history {output.history} --metrics {output.metrics}"
        " --reconstructions {output.reconstructions} --log {log}"


rule train_dcgan:
    """Train a DCGAN by the text's schedule, followed in the feature space of the first judge."""
    input:
        data="data/{study}.parquet",
        judge=first_generative_judge,
        code=code_with_generative_judges("train_dcgan"),
    output:
        model="results/{study}/generative/dcgan/model.safetensors",
        history="results/{study}/generative/dcgan/history.parquet",
        metrics="results/{study}/generative/dcgan/metrics.json",
    log:
        "logs/train_dcgan/{study}.log",
    benchmark:
        "benchmarks/jobs/train_dcgan/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        values=parameters("train_dcgan"),
    shell:
        "PYTHONPATH=src python -m invariscope train_dcgan"
        " {wildcards.study} --data {input.data} --judge {input.judge}"
        " --model {output.model} --history {output.history}"
        " --metrics {output.metrics} --log {log}"


rule evaluate_generative:
    """Judge all generative networks of a study: what they lose, how their codes are, how real their images."""
    input:
        data="data/{study}.parquet",
        judges=generative_judges,
        networks=made_by_networks(plan.generative_networks, "model.safetensors"),
        code=code_with_generative_judges("evaluate_generative"),
    output:
        evaluation="results/{study}/generative/evaluation.parquet",
        units="results/{study}/generative/units.parquet",
        correlations="results/{study}/generative/correlations.parquet",
        samples="results/{study}/generative/samples.parquet",
        sweeps="results/{study}/generative/sweeps.parquet",
        basis="results/{study}/generative/basis.parquet",
        metrics="results/{study}/generative/metrics.json",
    log:
        "logs/evaluate_generative/{study}.log",
    benchmark:
        "benchmarks/jobs/evaluate_generative/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(60),
    params:
        values=parameters("evaluate_generative"),
    shell:
        "PYTHONPATH=src python -m invariscope evaluate_generative"
        " {wildcards.study} --data {input.data} --judges {input.judges}"
        " --networks {input.networks} --evaluation {output.evaluation}"
        " --units {output.units} --correlations {output.correlations}"
        " --samples {output.samples} --sweeps {output.sweeps} --basis {output.basis}"
        " --metrics {output.metrics} --log {log}"


rule train_unpooling:
    """Train two mirrors of a classifier, with switches and without, to say what is where; locate on test images."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        code=code_with_source_and_architecture("train_unpooling"),
    output:
        mirrors="results/{study}/{classifier}/unpooling/model.safetensors",
        history="results/{study}/{classifier}/unpooling/history.parquet",
        iou="results/{study}/{classifier}/unpooling/iou.parquet",
        pictures="results/{study}/{classifier}/unpooling/stages.parquet",
        metrics="results/{study}/{classifier}/unpooling/metrics.json",
    log:
        "logs/train_unpooling/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/train_unpooling/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        values=parameters("train_unpooling"),
    shell:
        "PYTHONPATH=src python -m invariscope train_unpooling"
        " {wildcards.study} {wildcards.classifier} --data {input.data}"
        " --model {input.model} --mirrors {output.mirrors} --history {output.history}"
        " --iou {output.iou} --pictures {output.pictures} --metrics {output.metrics} --log {log}"
