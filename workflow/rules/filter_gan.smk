"""Filter-GAN: the filters of one layer parametrised by the latent space of a GAN, and what they are worth."""


rule train_filter_gan:
    """Train generator, discriminator and code head on the activations of one layer (Algorithm 1)."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        code=code_with_architecture("train_filter_gan"),
    output:
        generator="results/{study}/{classifier}/filter_gan/{layer}/generator.safetensors",
        history="results/{study}/{classifier}/filter_gan/{layer}/history.parquet",
    log:
        "logs/train_filter_gan/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/train_filter_gan/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=6000,
        runtime=240,
    params:
        values=parameters("train_filter_gan"),
    shell:
        "PYTHONPATH=src python -m invariscope train_filter_gan"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer} --data {input.data}"
        " --model {input.model} --generator {output.generator} --history {output.history} --log {log}"


rule average_banks:
    """Average the convolutions of generated banks and retrain what follows: is accuracy kept?"""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        generator="results/{study}/{classifier}/filter_gan/{layer}/generator.safetensors",
        code=code_with_architecture("average_banks"),
    output:
        accuracy="results/{study}/{classifier}/filter_gan/{layer}/accuracy.parquet",
        metrics="results/{study}/{classifier}/filter_gan/{layer}/accuracy.json",
    log:
        "logs/average_banks/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/average_banks/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=240,
    params:
        values=parameters("average_banks"),
    shell:
        "PYTHONPATH=src python -m invariscope average_banks"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer} --data {input.data}"
        " --model {input.model} --generator {input.generator} --accuracy {output.accuracy}"
        " --metrics {output.metrics} --log {log}"


rule measure_filters:
    """Spread of generated filters: multi-dimensional scaling, its stress, and the filters as pictures."""
    input:
        model="results/{study}/{classifier}/training/model.safetensors",
        generator="results/{study}/{classifier}/filter_gan/{layer}/generator.safetensors",
        code=code_with_architecture("measure_filters"),
    output:
        mds="results/{study}/{classifier}/filter_gan/{layer}/mds.parquet",
        filters="results/{study}/{classifier}/filter_gan/{layer}/filters.parquet",
        metrics="results/{study}/{classifier}/filter_gan/{layer}/metrics.json",
    log:
        "logs/measure_filters/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/measure_filters/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=4000,
        runtime=60,
    params:
        values=parameters("measure_filters"),
    shell:
        "PYTHONPATH=src python -m invariscope measure_filters"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer} --model {input.model}"
        " --generator {input.generator} --mds {output.mds} --filters {output.filters}"
        " --metrics {output.metrics} --log {log}"
