"""What the sources show, beside what this run does."""


# Seconds of work: not worth a job of a cluster.
localrules:
    compare_papers,


rule compare_papers:
    """A page with a row for every figure and number of the sources, theirs beside ours."""
    input:
        results=plan.papers_files(PARAMS),
        code=code_of("compare_papers"),
    output:
        text="results/papers/papers.md",
        page=report(
            "results/papers/papers.html",
            caption="../report/papers.rst",
            category="Sources",
            labels={"figure": "theirs and ours"},
        ),
    log:
        "logs/compare_papers.log",
    benchmark:
        "benchmarks/jobs/compare_papers.tsv"
    conda:
        "../envs/library.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    shell:
        "PYTHONPATH=src python -m invariscope compare_papers"
        " --results {input.results} --text {output.text} --page {output.page} --log {log}"
