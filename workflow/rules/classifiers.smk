"""Classifiers: the networks that everything else asks questions about."""


rule train_classifier:
    """Train a classifier, or take given weights, and judge it on the test split."""
    input:
        data="data/{study}.parquet",
        weights=weights_of,
        code=code_with_architecture("train_classifier"),
    output:
        model="results/{study}/{classifier}/training/model.safetensors",
        history="results/{study}/{classifier}/training/history.parquet",
        class_accuracy="results/{study}/{classifier}/training/class_accuracy.parquet",
        confusion="results/{study}/{classifier}/training/confusion.parquet",
        metrics="results/{study}/{classifier}/training/metrics.json",
    log:
        "logs/train_classifier/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/train_classifier/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        values=parameters("train_classifier"),
    shell:
        "PYTHONPATH=src python -m invariscope train_classifier"
        " {wildcards.study} {wildcards.classifier} --data {input.data}"
        " --model {output.model} --history {output.history} --class-accuracy {output.class_accuracy}"
        " --confusion {output.confusion} --metrics {output.metrics} --log {log}"
