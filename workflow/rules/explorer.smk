"""The traversal explorer: one page for the layers of all studies."""


rule build_explorer:
    """A page to walk the traversals of all layers on: images, their changes, classes, residuals, attributes."""
    input:
        data=traversed_data(),
        traversals=all_traversals(),
        assets=multiext("src/invariscope/explorer/", "index.html", "explorer.css", "explorer.js"),
        code=code_of("build_explorer"),
    output:
        page="results/explorer/index.html",
        scripts=plan.explorer_files(PARAMS, ".js"),
        sheets=plan.explorer_files(PARAMS, ".png"),
    log:
        "logs/build_explorer.log",
    benchmark:
        "benchmarks/jobs/build_explorer.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=20,
    shell:
        "PYTHONPATH=src python -m invariscope build_explorer"
        " --data {input.data} --traversals {input.traversals} --page {output.page}"
        " --scripts {output.scripts} --sheets {output.sheets} --log {log}"
