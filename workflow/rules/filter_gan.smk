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
        mem_mb=growing(6000),
        runtime=growing(240),
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
        mem_mb=growing(8000),
        runtime=growing(240),
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
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        values=parameters("measure_filters"),
    shell:
        "PYTHONPATH=src python -m invariscope measure_filters"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer} --model {input.model}"
        " --generator {input.generator} --mds {output.mds} --filters {output.filters}"
        " --metrics {output.metrics} --log {log}"


rule compare_presets:
    """Train the presets of a layer's filter-GAN: accuracy against spread, beside plain noise."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        history="results/{study}/{classifier}/filter_gan/{layer}/history.parquet",
        code=code_with_architecture("compare_presets"),
    output:
        comparison="results/{study}/{classifier}/filter_gan/{layer}/presets.parquet",
        metrics="results/{study}/{classifier}/filter_gan/{layer}/presets.json",
    log:
        "logs/compare_presets/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/compare_presets/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(480),
    params:
        values=parameters("compare_presets"),
    shell:
        "PYTHONPATH=src python -m invariscope compare_presets"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer} --data {input.data}"
        " --model {input.model} --history {input.history} --comparison {output.comparison}"
        " --metrics {output.metrics} --log {log}"


rule traverse_latents:
    """Find images that give the same activations under other filters of the layer."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        generator="results/{study}/{classifier}/filter_gan/{layer}/generator.safetensors",
        code=code_with_architecture("traverse_latents"),
    output:
        traversal="results/{study}/{classifier}/filter_gan/{layer}/traversal.parquet",
        metrics="results/{study}/{classifier}/filter_gan/{layer}/traversal.json",
    log:
        "logs/traverse_latents/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/traverse_latents/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        values=parameters("traverse_latents"),
    shell:
        "PYTHONPATH=src python -m invariscope traverse_latents"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer} --data {input.data}"
        " --model {input.model} --generator {input.generator} --traversal {output.traversal}"
        " --metrics {output.metrics} --log {log}"


rule compare_layers:
    """Compare what the traversals of a classifier's layers change: pixels, or geometry?"""
    input:
        traversals=traversals_of,
        code=code_of("compare_layers"),
    output:
        attributes="results/{study}/{classifier}/filter_gan/attributes.parquet",
        comparison="results/{study}/{classifier}/filter_gan/layers.parquet",
        metrics="results/{study}/{classifier}/filter_gan/layers.json",
    log:
        "logs/compare_layers/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/compare_layers/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        values=parameters("compare_layers"),
    shell:
        "PYTHONPATH=src python -m invariscope compare_layers"
        " {wildcards.study} {wildcards.classifier} --traversals {input.traversals}"
        " --attributes {output.attributes} --comparison {output.comparison}"
        " --metrics {output.metrics} --log {log}"


rule augment_training:
    """Train on few images, with traversal images added: does accuracy rise?"""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        generator="results/{study}/{classifier}/filter_gan/{layer}/generator.safetensors",
        code=code_with_architecture("augment_training"),
    output:
        accuracy="results/{study}/{classifier}/filter_gan/{layer}/augmentation.parquet",
        examples="results/{study}/{classifier}/filter_gan/{layer}/augmentation_examples.parquet",
        metrics="results/{study}/{classifier}/filter_gan/{layer}/augmentation.json",
    log:
        "logs/augment_training/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/augment_training/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(480),
    params:
        values=parameters("augment_training"),
    shell:
        "PYTHONPATH=src python -m invariscope augment_training"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer} --data {input.data}"
        " --model {input.model} --generator {input.generator} --accuracy {output.accuracy}"
        " --examples {output.examples} --metrics {output.metrics} --log {log}"
