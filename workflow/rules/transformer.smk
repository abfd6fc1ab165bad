"""Invariant Transformer Net: large transformations, learned, that a classifier does not notice."""


rule train_transformer:
    """Train transformers of space and colour against a frozen classifier."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        code=code_with_architecture("train_transformer"),
    output:
        transformer="results/{study}/{classifier}/transformer/transformer.safetensors",
        history="results/{study}/{classifier}/transformer/history.parquet",
    log:
        "logs/train_transformer/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/train_transformer/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        values=parameters("train_transformer"),
    shell:
        "PYTHONPATH=src python -m invariscope train_transformer"
        " {wildcards.study} {wildcards.classifier} --data {input.data}"
        " --model {input.model} --transformer {output.transformer}"
        " --history {output.history} --log {log}"


rule evaluate_transformer:
    """Judge the learned transformations on test images, beside random ones of equal displacement."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        transformer="results/{study}/{classifier}/transformer/transformer.safetensors",
        code=code_with_architecture("evaluate_transformer"),
    output:
        evaluation="results/{study}/{classifier}/transformer/evaluation.parquet",
        transformations="results/{study}/{classifier}/transformer/transformations.parquet",
        examples="results/{study}/{classifier}/transformer/examples.parquet",
        metrics="results/{study}/{classifier}/transformer/metrics.json",
    log:
        "logs/evaluate_transformer/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/evaluate_transformer/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(60),
    params:
        values=parameters("evaluate_transformer"),
    shell:
        "PYTHONPATH=src python -m invariscope evaluate_transformer"
        " {wildcards.study} {wildcards.classifier} --data {input.data}"
        " --model {input.model} --transformer {input.transformer}"
        " --evaluation {output.evaluation} --transformations {output.transformations}"
        " --examples {output.examples} --metrics {output.metrics} --log {log}"
