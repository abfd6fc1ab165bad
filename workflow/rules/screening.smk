"""Threshold screening: how far each transformation can be pushed before a classifier notices."""


rule screen_transforms:
    """Classify the test images under every family and magnitude."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        code=code_with_architecture("screen_transforms"),
    output:
        responses="results/{study}/{classifier}/screening/responses.parquet",
        curves="results/{study}/{classifier}/screening/curves.parquet",
        top_classes="results/{study}/{classifier}/screening/top_classes.parquet",
        examples="results/{study}/{classifier}/screening/examples.parquet",
    log:
        "logs/screen_transforms/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/screen_transforms/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        values=parameters("screen_transforms"),
    shell:
        "PYTHONPATH=src python -m invariscope screen_transforms"
        " {wildcards.study} {wildcards.classifier} --data {input.data}"
        " --model {input.model} --responses {output.responses} --curves {output.curves}"
        " --top-classes {output.top_classes} --examples {output.examples} --log {log}"


rule find_thresholds:
    """The magnitude at which a class falls under the level, with bootstrap intervals."""
    input:
        responses="results/{study}/{classifier}/screening/responses.parquet",
        code=code_of("find_thresholds"),
    output:
        thresholds="results/{study}/{classifier}/screening/thresholds.parquet",
        metrics="results/{study}/{classifier}/screening/metrics.json",
    log:
        "logs/find_thresholds/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/find_thresholds/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        values=parameters("find_thresholds"),
    shell:
        "PYTHONPATH=src python -m invariscope find_thresholds"
        " {wildcards.study} {wildcards.classifier} --responses {input.responses}"
        " --thresholds {output.thresholds} --metrics {output.metrics} --log {log}"


rule sweep_renderings:
    """Screen a part of the test images under other fills and interpolations."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        code=code_with_architecture("sweep_renderings"),
    output:
        responses="results/{study}/{classifier}/screening/renderings.parquet",
    log:
        "logs/sweep_renderings/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/sweep_renderings/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(240),
    params:
        values=parameters("sweep_renderings"),
    shell:
        "PYTHONPATH=src python -m invariscope sweep_renderings"
        " {wildcards.study} {wildcards.classifier} --data {input.data}"
        " --model {input.model} --responses {output.responses} --log {log}"


rule find_sensitivity:
    """How far thresholds hang on fill and interpolation, paired over images."""
    input:
        responses="results/{study}/{classifier}/screening/renderings.parquet",
        code=code_of("find_sensitivity"),
    output:
        curves="results/{study}/{classifier}/screening/sensitivity_curves.parquet",
        thresholds="results/{study}/{classifier}/screening/sensitivity.parquet",
    log:
        "logs/find_sensitivity/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/find_sensitivity/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        values=parameters("find_sensitivity"),
    shell:
        "PYTHONPATH=src python -m invariscope find_sensitivity"
        " {wildcards.study} {wildcards.classifier} --responses {input.responses}"
        " --curves {output.curves} --thresholds {output.thresholds} --log {log}"


rule compare_classifiers:
    """How much further one classifier can be pushed than another, paired over images."""
    input:
        responses=screened("responses.parquet"),
        code=code_of("compare_classifiers"),
    output:
        comparison="results/{study}/comparison/thresholds.parquet",
    log:
        "logs/compare_classifiers/{study}.log",
    benchmark:
        "benchmarks/jobs/compare_classifiers/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        values=parameters("compare_classifiers"),
    shell:
        "PYTHONPATH=src python -m invariscope compare_classifiers"
        " {wildcards.study} --responses {input.responses}"
        " --comparison {output.comparison} --log {log}"
