"""Feature visualisation: images that units of a classifier answer to most."""


rule search_latents:
    """Search an autoencoder's latent box for what classes and channels answer to most, and climb there."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        autoencoder="results/{study}/generative/autoencoder/model.safetensors",
        judges=judges_of,
        code=code_with_judges("search_latents"),
    output:
        latents="results/{study}/{classifier}/features/latent_search.parquet",
        curves="results/{study}/{classifier}/features/latent_curves.parquet",
        paths="results/{study}/{classifier}/features/latent_paths.parquet",
        metrics="results/{study}/{classifier}/features/latents.json",
    log:
        "logs/search_latents/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/search_latents/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        values=parameters("search_latents"),
    shell:
        "PYTHONPATH=src python -m invariscope search_latents"
        " {wildcards.study} {wildcards.classifier} --data {input.data} --model {input.model}"
        " --autoencoder {input.autoencoder} --judges {input.judges}"
        " --latents {output.latents} --curves {output.curves}"
        " --paths {output.paths} --metrics {output.metrics} --log {log}"


rule diagnose_ascent:
    """Find out why the paper's ascent in the latent space fails: one mend at a time, gradients layer by layer."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        autoencoder="results/{study}/generative/autoencoder/model.safetensors",
        latents="results/{study}/{classifier}/features/latent_search.parquet",
        code=code_with_architecture("diagnose_ascent"),
    output:
        variants="results/{study}/{classifier}/features/ascent_variants.parquet",
        gradients="results/{study}/{classifier}/features/gradients.parquet",
        metrics="results/{study}/{classifier}/features/diagnosis.json",
    log:
        "logs/diagnose_ascent/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/diagnose_ascent/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(4000),
        runtime=growing(60),
    params:
        values=parameters("diagnose_ascent"),
    shell:
        "PYTHONPATH=src python -m invariscope diagnose_ascent"
        " {wildcards.study} {wildcards.classifier} --data {input.data} --model {input.model}"
        " --autoencoder {input.autoencoder} --latents {input.latents}"
        " --variants {output.variants} --gradients {output.gradients}"
        " --metrics {output.metrics} --log {log}"


rule visualize_features:
    """Make images of units and classes by every method, beside the data set's own, and ask who knows them."""
    input:
        data="data/{study}.parquet",
        model="results/{study}/{classifier}/training/model.safetensors",
        latents="results/{study}/{classifier}/features/latent_search.parquet",
        decoders=made_by_networks(plan.decoders, "model.safetensors"),
        judges=judges_of,
        code=code_with_judges("visualize_features"),
    output:
        objectives="results/{study}/{classifier}/features/objectives.parquet",
        transfer="results/{study}/{classifier}/features/transfer.parquet",
        metrics="results/{study}/{classifier}/features/metrics.json",
    log:
        "logs/visualize_features/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/visualize_features/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        gpu=1,
        mem_mb=growing(6000),
        runtime=growing(120),
    params:
        values=parameters("visualize_features"),
    shell:
        "PYTHONPATH=src python -m invariscope visualize_features"
        " {wildcards.study} {wildcards.classifier} --data {input.data}"
        " --model {input.model} --latents {input.latents} --decoders {input.decoders}"
        " --judges {input.judges} --objectives {output.objectives}"
        " --transfer {output.transfer} --metrics {output.metrics} --log {log}"
