# `make` builds .venv and runs the default studies; `make test` builds it and runs the tests. Nothing else is needed.
PYTHON ?= python3
CORES ?= all
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: run report test test-faults test-slurm test-slurm-faults lint smoke lock clean

run: .venv/.complete
	snakemake --cores $(CORES)
	snakemake --report report.html

# All figures with their captions, the workflow, run times and versions in one file.
report: .venv/.complete
	snakemake --report report.html

test: .venv/.complete
	pytest -n auto --dist worksteal

test-faults: .venv/.complete
	pytest -m faults -n auto

# Need root and Debian's packages: a SLURM cluster is started on this machine, and stopped again. With faults it is harmed
# in every way, and has the default studies to do at toy sizes: half an hour.
test-slurm-faults: SELECTED = -m faults
test-slurm test-slurm-faults: .venv/.complete
	trap 'tests/slurm/cluster.sh down' EXIT; \
	tests/slurm/cluster.sh up && INVARISCOPE_CLUSTER=1 pytest $(SELECTED) tests/slurm

lint: .venv/.complete
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	mypy
	snakemake --lint

smoke: .venv/.complete
	python -m tests.smoke

lock: .venv/.complete
	uv pip compile --quiet --universal --python-version 3.11 --extra workflow --extra slurm --extra dev \
		--constraint constraints.txt --generate-hashes --no-emit-index-url --no-annotate --no-header --output-file requirements.lock pyproject.toml

# --compile-bytecode: without it every one of the many short jobs would parse torch's sources again.
.venv/.complete: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "invariscope needs Python 3.11 or newer; set PYTHON=/path/to/python3")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet uv
	uv pip install --quiet --python .venv/bin/python --require-hashes --compile-bytecode -r requirements.lock
	uv pip install --quiet --python .venv/bin/python --no-deps --editable .
	touch $@

clean:
	rm -rf .venv .snakemake .cache .checkpoints logs
