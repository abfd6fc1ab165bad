"""Generative networks of a study's images: latents, and decoders that make images of them."""


rule train_autoencoder:
    """Train a plain autoencoder, and reconstruct a test image of each class."""
    input:
        data="data/{study}.parquet",
        code=code_of("train_autoencoder"),
    output:
        model="results/{study}/generative/autoencoder/model.safetensors",
        history="results/{study}/generative/autoencoder/history.parquet",
        metrics="results/{study}/generative/autoencoder/metrics.json",
        reconstructions="results/{study}/generative/autoencoder/reconstructions.parquet",
    log:
        "logs/train_autoencoder/{study}.log",
    benchmark:
        "benchmarks/jobs/train_autoencoder/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=6000,
        runtime=120,
    params:
        values=parameters("train_autoencoder"),
    shell:
        "PYTHONPATH=src python -m invariscope train_autoencoder"
        " {wildcards.study} --data {input.data} --model {output.model}"
        " --history {output.history} --metrics {output.metrics}"
        " --reconstructions {output.reconstructions} --log {log}"
