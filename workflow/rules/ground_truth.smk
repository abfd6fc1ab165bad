"""Ground truth: networks known to have an invariance or to lack it, and what every method says of them."""


rule train_twins:
    """Train a twin: a classifier in whose training images one factor never varies, or all do, once a seed."""
    input:
        code=code_of_twins("train_twins"),
    output:
        models="results/{study}/ground_truth/twins/{twin}/models.safetensors",
        history="results/{study}/ground_truth/twins/{twin}/history.parquet",
    log:
        "logs/train_twins/{study}/{twin}.log",
    benchmark:
        "benchmarks/jobs/train_twins/{study}/{twin}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        values=parameters("train_twins"),
    shell:
        "PYTHONPATH=src python -m invariscope train_twins"
        " {wildcards.study} {wildcards.twin} --models {output.models} --history {output.history} --log {log}"


rule measure_twins:
    """Ask a twin directly what it ignores of each factor: behaviour, screening, Lie derivative, Goodfellow's score."""
    input:
        data="data/{study}.parquet",
        models="results/{study}/ground_truth/twins/{twin}/models.safetensors",
        code=code_of_twins("measure_twins"),
    output:
        scores="results/{study}/ground_truth/twins/{twin}/measured.parquet",
    log:
        "logs/measure_twins/{study}/{twin}.log",
    benchmark:
        "benchmarks/jobs/measure_twins/{study}/{twin}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        values=parameters("measure_twins"),
    shell:
        "PYTHONPATH=src python -m invariscope measure_twins"
        " {wildcards.study} {wildcards.twin} --data {input.data} --models {input.models}"
        " --scores {output.scores} --log {log}"


rule extract_twins:
    """Learn what a twin ignores of each factor: filter-GAN traversals of its layers, and an invariant transformer."""
    input:
        data="data/{study}.parquet",
        models="results/{study}/ground_truth/twins/{twin}/models.safetensors",
        code=code_of_twins("extract_twins"),
    output:
        scores="results/{study}/ground_truth/twins/{twin}/extracted.parquet",
    log:
        "logs/extract_twins/{study}/{twin}.log",
    benchmark:
        "benchmarks/jobs/extract_twins/{study}/{twin}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(480),
    params:
        values=parameters("extract_twins"),
    shell:
        "PYTHONPATH=src python -m invariscope extract_twins"
        " {wildcards.study} {wildcards.twin} --data {input.data} --models {input.models}"
        " --scores {output.scores} --log {log}"


rule compare_methods:
    """Put all methods' scores of all twins side by side: who tells twins apart, who agrees, and the verdict."""
    input:
        parts=made_by_twins("measured.parquet", "extracted.parquet"),
        code=code_of("compare_methods"),
    output:
        factors="results/{study}/ground_truth/factors.parquet",
        differences="results/{study}/ground_truth/differences.parquet",
        auc="results/{study}/ground_truth/auc.parquet",
        roc="results/{study}/ground_truth/roc.parquet",
        agreement="results/{study}/ground_truth/agreement.parquet",
        metrics="results/{study}/ground_truth/metrics.json",
        verdict="results/{study}/ground_truth/verdict.md",
    log:
        "logs/compare_methods/{study}.log",
    benchmark:
        "benchmarks/jobs/compare_methods/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        values=parameters("compare_methods"),
    shell:
        "PYTHONPATH=src python -m invariscope compare_methods"
        " {wildcards.study} --parts {input.parts} --factors {output.factors}"
        " --differences {output.differences} --auc {output.auc} --roc {output.roc} --agreement {output.agreement}"
        " --metrics {output.metrics} --verdict {output.verdict} --log {log}"
