"""Figures: tables in, pictures out. One job draws all that belong together; none imports torch."""


# Seconds each: on a cluster they are drawn where Snakemake runs, rather than each waiting in the queue.
localrules:
    plot_data,
    plot_training,
    plot_filter_gan,
    plot_presets,
    plot_augmentation,
    plot_layers,
    plot_screening,
    plot_sensitivity,
    plot_comparison,
    plot_transformer,
    plot_features,
    plot_feature_sheet,
    plot_latents,
    plot_autoencoders,
    plot_generative,
    plot_unpooling,
    plot_ground_truth,


rule plot_data:
    """Example images of every class of a study."""
    input:
        data="data/{study}.parquet",
        code=code_of("plot_data"),
    output:
        samples=report(
            "results/{study}/data/samples.png",
            caption="../report/samples.rst",
            category="{study}",
            subcategory="Data",
        ),
    log:
        "logs/plot_data/{study}.log",
    benchmark:
        "benchmarks/jobs/plot_data/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_data"
        " {wildcards.study} --data {input.data} --samples {output.samples} --log {log}"


rule plot_training:
    """Learning curve and confusion of a classifier."""
    input:
        history="results/{study}/{classifier}/training/history.parquet",
        confusion="results/{study}/{classifier}/training/confusion.parquet",
        code=code_of("plot_training"),
    output:
        learning_curve=report(
            "results/{study}/{classifier}/training/learning_curve.png",
            caption="../report/learning_curve.rst",
            category="{study}",
            subcategory="Classifiers",
            labels={"classifier": "{classifier}", "figure": "learning curve"},
        ),
        confusion_matrix=report(
            "results/{study}/{classifier}/training/confusion.png",
            caption="../report/confusion.rst",
            category="{study}",
            subcategory="Classifiers",
            labels={"classifier": "{classifier}", "figure": "confusion"},
        ),
    log:
        "logs/plot_training/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_training/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_training"
        " {wildcards.study} {wildcards.classifier} --history {input.history}"
        " --confusion {input.confusion} --learning-curve {output.learning_curve}"
        " --confusion-matrix {output.confusion_matrix} --log {log}"


rule plot_filter_gan:
    """Training curves, accuracy averaging, scaling, learned filters and traversals of a layer."""
    input:
        history="results/{study}/{classifier}/filter_gan/{layer}/history.parquet",
        accuracy="results/{study}/{classifier}/filter_gan/{layer}/accuracy.parquet",
        mds="results/{study}/{classifier}/filter_gan/{layer}/mds.parquet",
        filters="results/{study}/{classifier}/filter_gan/{layer}/filters.parquet",
        traversal="results/{study}/{classifier}/filter_gan/{layer}/traversal.parquet",
        code=code_of("plot_filter_gan"),
    output:
        training=report(
            "results/{study}/{classifier}/filter_gan/{layer}/training.png",
            caption="../report/filter_gan_training.rst",
            category="{study}",
            subcategory="Filter-GAN",
            labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "training"},
        ),
        averaging=report(
            "results/{study}/{classifier}/filter_gan/{layer}/accuracy.png",
            caption="../report/averaging.rst",
            category="{study}",
            subcategory="Filter-GAN",
            labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "accuracy averaging"},
        ),
        scaling=report(
            "results/{study}/{classifier}/filter_gan/{layer}/mds.png",
            caption="../report/mds.rst",
            category="{study}",
            subcategory="Filter-GAN",
            labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "multi-dimensional scaling"},
        ),
        banks=report(
            "results/{study}/{classifier}/filter_gan/{layer}/filters.png",
            caption="../report/filters.rst",
            category="{study}",
            subcategory="Filter-GAN",
            labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "learned filters"},
        ),
        traversals=report(
            "results/{study}/{classifier}/filter_gan/{layer}/traversal.png",
            caption="../report/traversal.rst",
            category="{study}",
            subcategory="Filter-GAN",
            labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "invariance traversals"},
        ),
    log:
        "logs/plot_filter_gan/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/plot_filter_gan/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_filter_gan"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer}"
        " --history {input.history} --accuracy {input.accuracy} --mds {input.mds} --filters {input.filters}"
        " --traversal {input.traversal}"
        " --training {output.training} --averaging {output.averaging} --scaling {output.scaling}"
        " --banks {output.banks} --traversals {output.traversals} --log {log}"


rule plot_presets:
    """Accuracy against spread of a layer's presets, a point a checkpoint."""
    input:
        comparison="results/{study}/{classifier}/filter_gan/{layer}/presets.parquet",
        code=code_of("plot_presets"),
    output:
        presets=report(
            "results/{study}/{classifier}/filter_gan/{layer}/presets.png",
            caption="../report/presets.rst",
            category="{study}",
            subcategory="Filter-GAN",
            labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "accuracy against spread"},
        ),
    log:
        "logs/plot_presets/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/plot_presets/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_presets"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer}"
        " --comparison {input.comparison} --presets {output.presets} --log {log}"


rule plot_augmentation:
    """What traversal images are worth as training data."""
    input:
        accuracy="results/{study}/{classifier}/filter_gan/{layer}/augmentation.parquet",
        examples="results/{study}/{classifier}/filter_gan/{layer}/augmentation_examples.parquet",
        code=code_of("plot_augmentation"),
    output:
        figure=report(
            "results/{study}/{classifier}/filter_gan/{layer}/augmentation.png",
            caption="../report/augmentation.rst",
            category="{study}",
            subcategory="Filter-GAN",
            labels={"classifier": "{classifier}", "layer": "{layer}", "figure": "augmentation"},
        ),
    log:
        "logs/plot_augmentation/{study}/{classifier}/{layer}.log",
    benchmark:
        "benchmarks/jobs/plot_augmentation/{study}/{classifier}/{layer}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_augmentation"
        " {wildcards.study} {wildcards.classifier} {wildcards.layer} --accuracy {input.accuracy}"
        " --examples {input.examples} --figure {output.figure} --log {log}"


rule plot_layers:
    """What the traversals of a classifier's layers change."""
    input:
        attributes="results/{study}/{classifier}/filter_gan/attributes.parquet",
        comparison="results/{study}/{classifier}/filter_gan/layers.parquet",
        code=code_of("plot_layers"),
    output:
        figure=report(
            "results/{study}/{classifier}/filter_gan/attributes.png",
            caption="../report/attributes.rst",
            category="{study}",
            subcategory="Filter-GAN",
            labels={"classifier": "{classifier}", "layer": "all", "figure": "what traversals change"},
        ),
    log:
        "logs/plot_layers/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_layers/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_layers"
        " {wildcards.study} {wildcards.classifier} --attributes {input.attributes}"
        " --comparison {input.comparison} --figure {output.figure} --log {log}"


rule plot_screening:
    """Accuracy against magnitude for every family, what classes are taken for, and the thresholds of every class."""
    input:
        curves="results/{study}/{classifier}/screening/curves.parquet",
        top_classes="results/{study}/{classifier}/screening/top_classes.parquet",
        thresholds="results/{study}/{classifier}/screening/thresholds.parquet",
        examples="results/{study}/{classifier}/screening/examples.parquet",
        code=code_of("plot_screening"),
    output:
        response_curves=report(
            "results/{study}/{classifier}/screening/curves.png",
            caption="../report/screening_curves.rst",
            category="{study}",
            subcategory="Screening",
            labels={"classifier": "{classifier}", "figure": "curves"},
        ),
        class_curves=report(
            "results/{study}/{classifier}/screening/classes.png",
            caption="../report/class_panels.rst",
            category="{study}",
            subcategory="Screening",
            labels={"classifier": "{classifier}", "figure": "classes"},
        ),
        forest=report(
            "results/{study}/{classifier}/screening/thresholds.png",
            caption="../report/thresholds.rst",
            category="{study}",
            subcategory="Screening",
            labels={"classifier": "{classifier}", "figure": "thresholds"},
        ),
        heat=report(
            "results/{study}/{classifier}/screening/heat_map.png",
            caption="../report/heat_map.rst",
            category="{study}",
            subcategory="Screening",
            labels={"classifier": "{classifier}", "figure": "heat map"},
        ),
    log:
        "logs/plot_screening/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_screening/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_screening"
        " {wildcards.study} {wildcards.classifier} --curves {input.curves}"
        " --top-classes {input.top_classes} --thresholds {input.thresholds}"
        " --examples {input.examples} --response-curves {output.response_curves}"
        " --class-curves {output.class_curves} --forest {output.forest}"
        " --heat {output.heat} --log {log}"


rule plot_sensitivity:
    """What fill and interpolation do to curves and thresholds."""
    input:
        curves="results/{study}/{classifier}/screening/sensitivity_curves.parquet",
        thresholds="results/{study}/{classifier}/screening/sensitivity.parquet",
        code=code_of("plot_sensitivity"),
    output:
        figure=report(
            "results/{study}/{classifier}/screening/sensitivity.png",
            caption="../report/sensitivity.rst",
            category="{study}",
            subcategory="Screening",
            labels={"classifier": "{classifier}", "figure": "sensitivity"},
        ),
    log:
        "logs/plot_sensitivity/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_sensitivity/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_sensitivity"
        " {wildcards.study} {wildcards.classifier} --curves {input.curves}"
        " --thresholds {input.thresholds} --figure {output.figure} --log {log}"


rule plot_comparison:
    """Thresholds of a study's classifiers beside each other, and their paired differences."""
    input:
        thresholds=screened("thresholds.parquet"),
        comparison="results/{study}/comparison/thresholds.parquet",
        code=code_of("plot_comparison"),
    output:
        forest=report(
            "results/{study}/comparison/thresholds.png",
            caption="../report/classifiers.rst",
            category="{study}",
            subcategory="Comparison",
            labels={"figure": "thresholds"},
        ),
        differences=report(
            "results/{study}/comparison/differences.png",
            caption="../report/differences.rst",
            category="{study}",
            subcategory="Comparison",
            labels={"figure": "differences"},
        ),
    log:
        "logs/plot_comparison/{study}.log",
    benchmark:
        "benchmarks/jobs/plot_comparison/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_comparison"
        " {wildcards.study} --thresholds {input.thresholds} --comparison {input.comparison}"
        " --forest {output.forest} --differences {output.differences} --log {log}"


rule plot_transformer:
    """Training, evaluation, grids of transformed images and what was learned, of an Invariant Transformer Net."""
    input:
        history="results/{study}/{classifier}/transformer/history.parquet",
        evaluation="results/{study}/{classifier}/transformer/evaluation.parquet",
        transformations="results/{study}/{classifier}/transformer/transformations.parquet",
        examples="results/{study}/{classifier}/transformer/examples.parquet",
        code=code_of("plot_transformer"),
    output:
        training=report(
            "results/{study}/{classifier}/transformer/training.png",
            caption="../report/transformer_training.rst",
            category="{study}",
            subcategory="Invariant transformer",
            labels={"classifier": "{classifier}", "figure": "training"},
        ),
        accuracy=report(
            "results/{study}/{classifier}/transformer/accuracy.png",
            caption="../report/transformer_accuracy.rst",
            category="{study}",
            subcategory="Invariant transformer",
            labels={"classifier": "{classifier}", "figure": "accuracy"},
        ),
        quantities=report(
            "results/{study}/{classifier}/transformer/quantities.png",
            caption="../report/transformer_quantities.rst",
            category="{study}",
            subcategory="Invariant transformer",
            labels={"classifier": "{classifier}", "figure": "what was learned"},
        ),
        alpha=report(
            "results/{study}/{classifier}/transformer/alpha.png",
            caption="../report/transformer_alpha.rst",
            category="{study}",
            subcategory="Invariant transformer",
            labels={"classifier": "{classifier}", "figure": "images over alpha"},
        ),
        beta=report(
            "results/{study}/{classifier}/transformer/beta.png",
            caption="../report/transformer_beta.rst",
            category="{study}",
            subcategory="Invariant transformer",
            labels={"classifier": "{classifier}", "figure": "images over beta"},
        ),
    log:
        "logs/plot_transformer/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_transformer/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_transformer"
        " {wildcards.study} {wildcards.classifier} --history {input.history}"
        " --evaluation {input.evaluation} --transformations {input.transformations}"
        " --examples {input.examples} --training {output.training}"
        " --accuracy {output.accuracy} --quantities {output.quantities}"
        " --alpha {output.alpha} --beta {output.beta} --log {log}"


rule plot_features:
    """Images of units and classes by every method, how far each goes, and who recognises them."""
    input:
        objectives="results/{study}/{classifier}/features/objectives.parquet",
        transfer="results/{study}/{classifier}/features/transfer.parquet",
        code=code_of("plot_features"),
    output:
        channels=report(
            "results/{study}/{classifier}/features/feature_channels.png",
            caption="../report/feature_channels.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "channels"},
        ),
        classes=report(
            "results/{study}/{classifier}/features/feature_classes.png",
            caption="../report/feature_classes.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "classes"},
        ),
        values=report(
            "results/{study}/{classifier}/features/feature_values.png",
            caption="../report/feature_values.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "values reached"},
        ),
        variety=report(
            "results/{study}/{classifier}/features/feature_variety.png",
            caption="../report/feature_variety.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "variety"},
        ),
        judges=report(
            "results/{study}/{classifier}/features/feature_transfer.png",
            caption="../report/feature_transfer.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "who recognises them"},
        ),
    log:
        "logs/plot_features/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_features/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_features"
        " {wildcards.study} {wildcards.classifier} --objectives {input.objectives}"
        " --transfer {input.transfer} --channels {output.channels}"
        " --classes {output.classes} --values {output.values}"
        " --variety {output.variety} --judges {output.judges} --log {log}"


rule plot_feature_sheet:
    """Channels of a layer by every method."""
    input:
        objectives="results/{study}/{classifier}/features/objectives.parquet",
        code=code_of("plot_feature_sheet"),
    output:
        sheet=report(
            "results/{study}/{classifier}/features/sheets/{group}.png",
            caption="../report/feature_sheet.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "all methods, {group}"},
        ),
    log:
        "logs/plot_feature_sheet/{study}/{classifier}/{group}.log",
    benchmark:
        "benchmarks/jobs/plot_feature_sheet/{study}/{classifier}/{group}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_feature_sheet"
        " {wildcards.study} {wildcards.classifier} {wildcards.group}"
        " --objectives {input.objectives} --sheet {output.sheet} --log {log}"


rule plot_latents:
    """Search and ascent in the latent space, what they cost, and why the paper's ascent failed."""
    input:
        data="data/{study}.parquet",
        latents="results/{study}/{classifier}/features/latent_search.parquet",
        curves="results/{study}/{classifier}/features/latent_curves.parquet",
        paths="results/{study}/{classifier}/features/latent_paths.parquet",
        variants="results/{study}/{classifier}/features/ascent_variants.parquet",
        gradients="results/{study}/{classifier}/features/gradients.parquet",
        code=code_of("plot_latents"),
    output:
        ascent=report(
            "results/{study}/{classifier}/features/latent_ascent.png",
            caption="../report/latent_ascent.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "latent ascent"},
        ),
        classes=report(
            "results/{study}/{classifier}/features/latent_classes.png",
            caption="../report/latent_classes.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "best latents of classes"},
        ),
        channels=report(
            "results/{study}/{classifier}/features/latent_channels.png",
            caption="../report/latent_channels.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "best latents of channels"},
        ),
        cost=report(
            "results/{study}/{classifier}/features/latent_cost.png",
            caption="../report/latent_cost.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "search against ascent"},
        ),
        mends=report(
            "results/{study}/{classifier}/features/latent_mends.png",
            caption="../report/latent_mends.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "why the paper's ascent fails"},
        ),
        layers=report(
            "results/{study}/{classifier}/features/latent_gradients.png",
            caption="../report/latent_gradients.rst",
            category="{study}",
            subcategory="Feature visualisation",
            labels={"classifier": "{classifier}", "figure": "gradients by layer"},
        ),
    log:
        "logs/plot_latents/{study}/{classifier}.log",
    benchmark:
        "benchmarks/jobs/plot_latents/{study}/{classifier}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_latents"
        " {wildcards.study} {wildcards.classifier} --data {input.data}"
        " --latents {input.latents} --curves {input.curves} --paths {input.paths}"
        " --variants {input.variants} --gradients {input.gradients}"
        " --ascent {output.ascent} --classes {output.classes}"
        " --channels {output.channels} --cost {output.cost} --mends {output.mends}"
        " --layers {output.layers} --log {log}"


rule plot_autoencoders:
    """Training and reconstructions of all autoencoders of a study."""
    input:
        histories=made_by_networks(plan.coders, "history.parquet"),
        reconstructions=made_by_networks(plan.coders, "reconstructions.parquet"),
        code=code_of("plot_autoencoders"),
    output:
        training=report(
            "results/{study}/generative/training.png",
            caption="../report/autoencoder_training.rst",
            category="{study}",
            subcategory="Generative networks",
            labels={"network": "autoencoders", "figure": "training"},
        ),
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
        distances=report(
            "results/{study}/generative/distances.png",
            caption="../report/generative_distances.rst",
            category="{study}",
            subcategory="Generative networks",
            labels={"network": "all", "figure": "Fréchet distance"},
        ),
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
        codes=report(
            "results/{study}/generative/codes.png",
            caption="../report/generative_codes.rst",
            category="{study}",
            subcategory="Generative networks",
            labels={"network": "autoencoders", "figure": "codes"},
        ),
        dictionary=report(
            "results/{study}/generative/basis.png",
            caption="../report/generative_basis.rst",
            category="{study}",
            subcategory="Generative networks",
            labels={"network": "sparse", "figure": "basis"},
        ),
        schedule=report(
            "results/{study}/generative/dcgan_training.png",
            caption="../report/dcgan_training.rst",
            category="{study}",
            subcategory="Generative networks",
            labels={"network": "DCGAN", "figure": "training"},
        ),
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
        training=report(
            "results/{study}/{classifier}/unpooling/training.png",
            caption="../report/unpooling_training.rst",
            category="{study}",
            subcategory="Locating objects",
            labels={"classifier": "{classifier}", "figure": "training"},
        ),
        classes=report(
            "results/{study}/{classifier}/unpooling/iou.png",
            caption="../report/unpooling_iou.rst",
            category="{study}",
            subcategory="Locating objects",
            labels={"classifier": "{classifier}", "figure": "IoU by class"},
        ),
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


rule plot_ground_truth:
    """What all methods say of a study's twins: factor by layer, their agreement, ROC curves, the verdict as a page."""
    input:
        factors="results/{study}/ground_truth/factors.parquet",
        differences="results/{study}/ground_truth/differences.parquet",
        auc="results/{study}/ground_truth/auc.parquet",
        roc="results/{study}/ground_truth/roc.parquet",
        agreement="results/{study}/ground_truth/agreement.parquet",
        verdict="results/{study}/ground_truth/verdict.md",
        code=code_of("plot_ground_truth"),
    output:
        heat_maps=report(
            "results/{study}/ground_truth/twins.png",
            caption="../report/ground_truth_twins.rst",
            category="{study}",
            subcategory="Ground truth",
            labels={"figure": "factor by layer"},
        ),
        correlations=report(
            "results/{study}/ground_truth/agreement.png",
            caption="../report/ground_truth_agreement.rst",
            category="{study}",
            subcategory="Ground truth",
            labels={"figure": "agreement of methods"},
        ),
        curves=report(
            "results/{study}/ground_truth/roc.png",
            caption="../report/ground_truth_roc.rst",
            category="{study}",
            subcategory="Ground truth",
            labels={"figure": "ROC"},
        ),
        page=report(
            "results/{study}/ground_truth/verdict.html",
            caption="../report/ground_truth_verdict.rst",
            category="{study}",
            subcategory="Ground truth",
            labels={"figure": "verdict in words"},
        ),
    log:
        "logs/plot_ground_truth/{study}.log",
    benchmark:
        "benchmarks/jobs/plot_ground_truth/{study}.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope plot_ground_truth"
        " {wildcards.study} --factors {input.factors} --differences {input.differences}"
        " --auc {input.auc} --roc {input.roc} --agreement {input.agreement} --heat-maps {output.heat_maps}"
        " --correlations {output.correlations} --curves {output.curves}"
        " --verdict {input.verdict} --page {output.page} --log {log}"
