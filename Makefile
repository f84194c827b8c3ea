# Every verb of the project. A fresh machine needs Python 3.11+, git, make and a package index; the rest is installed.
PYTHON ?= python3
BIN := .venv/bin
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: .venv/installed ## everything, into .venv

.venv/installed: requirements/dev.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.12 ...")'
	@echo "installing into .venv (once)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python requirements/dev.txt
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@$(BIN)/python -m compileall -q src airflow
	@touch $@

demo: install ## the main job on the bundled simulator; leaves ./apod-demo behind
	@$(BIN)/apod demo

demo-alerts: install ## NASA down and back, a placeholder, a late day, a silent cron: who is told, in one terminal (30 seconds)
	@$(BIN)/python examples/alerts/demo.py

run: install ## the main job against the real NASA; fills ./apod-archive
	@$(BIN)/apod backfill
	@$(BIN)/apod run

airflow: install ## a real Airflow on the bundled simulator (SOURCE=nasa: live), until Ctrl-C
	@$(BIN)/python airflow/run_locally.py

# Some tests need an sshd, a PostgreSQL that speaks TLS, a pooler before it, a browser; where they cannot be had, those tests skip visibly.
system:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! { [ -x /usr/sbin/sshd ] && [ -x /usr/bin/chromium ] && [ -x /usr/sbin/pgbouncer ] && command -v npm >/dev/null && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }; then \
		echo "installing openssh-server, postgresql, pgbouncer, chromium and npm for the tests (once)"; apt-get update -qq; \
		npm=$$(command -v npm >/dev/null || echo nodejs npm); \
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssh-client openssh-server postgresql pgbouncer chromium fonts-dejavu-core $$npm >/dev/null; fi

# Their folders lie in memory where there is room (a sixth of the time went to the disk), and are gone afterwards: to see
# what a test leaves, run it by its name. Three processes on two cores: one of them waits for Airflow, or for time-outs.
# Hundreds of processes are started, and none of them shall compile what it imports: neither where that was edited since
# it was installed, nor where the surroundings say that nothing compiled is to be kept.
test: export PYTHONDONTWRITEBYTECODE =
test: check system ## every test (10 to 20 minutes on two cores)
	@$(BIN)/python -m compileall -q src airflow
	@free=$$({ df -Pk /dev/shm 2>/dev/null || true; } | awk 'END { print $$4 }'); [ "$${free:-0}" -gt 4000000 ] && place=/dev/shm || place=$${TMPDIR:-/tmp}; \
	folder=$$(mktemp -d "$$place/apod-test-XXXXXX"); trap 'rm -rf "$$folder"' EXIT; chmod 755 "$$folder"; \
	TMPDIR=$$folder $(BIN)/python -m pytest -n 3 --dist loadscope

# test_pace.py waits for time-outs.
FAST = archive dataset datasets fetching house simulator stages

test-fast: install ## what one types while working: no process, no DVC, no database (under a minute)
	@$(BIN)/python -m pytest -q -n 2 --fast --ignore tests/fetching/test_pace.py $(FAST:%=tests/%)

test-real: install ## every fault and every kill over real records, through both sources (needs ../shared; 10 minutes)
	@$(BIN)/python -m pytest -n 2 tests/real -m "whole or not whole"

test-datasets: install ## every data set that is installed, through everything that APOD goes through (3 minutes)
	@$(BIN)/python -m pytest -n 2 tests/datasets/test_every_dataset.py -m "whole or not whole"

test-hostile: install ## 20,000 worlds in which services lie, with new seeds; goes on where it stopped (an hour); HOSTILE="--dataset approaches --worlds 500"
	@$(BIN)/python tests/worlds/hostile.py $(HOSTILE)

# CeleryExecutor in an environment of its own, so that `make install` stays what it is.
.venv-celery/installed: requirements/celery.txt .venv/installed
	@echo "installing into .venv-celery (once)"
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-celery
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python .venv-celery/bin/python requirements/celery.txt
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python .venv-celery/bin/python --editable .
	@touch $@

redis:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! command -v redis-server >/dev/null; then \
		echo "installing redis-server for the tests (once)"; apt-get update -qq; \
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null; fi

test-celery: .venv-celery/installed redis ## the DAGs on CeleryExecutor: Redis, two workers, one of them killed (4 minutes)
	@.venv-celery/bin/python -m pytest tests/celery_executor

ceph:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! { command -v radosgw && command -v ceph-mon && command -v ceph-osd && command -v monmaptool; } >/dev/null; then \
		echo "installing ceph-mon, ceph-osd and radosgw for the tests (once)"; apt-get update -qq; \
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ceph-mon ceph-osd radosgw ceph-common >/dev/null; fi

test-s3: install system ceph ## the object store over a real Ceph of Debian's: refusing, full, throttling, killed, two publishers (5 minutes)
	@APOD_TEST_S3=ceph timeout 1800 $(BIN)/python -m pytest -n 2 --dist loadscope tests/objectstore

prometheus:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! { command -v promtool && [ -x /usr/bin/prometheus ]; } >/dev/null; then \
		echo "installing prometheus for the tests (once)"; apt-get update -qq; \
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus >/dev/null; fi

test-metrics: install prometheus ## rules and dashboard in a real Prometheus, over a good, a late and a failed day (1 minute)
	@$(BIN)/python -m pytest tests/monitoring

# The design document's version of Airflow, in an environment of its own; the tests are run from the usual one.
.venv-airflow-2/installed: requirements/airflow2.txt .venv/installed
	@echo "installing into .venv-airflow-2 (once)"
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-airflow-2
	@$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python .venv-airflow-2/bin/python requirements/airflow2.txt
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python .venv-airflow-2/bin/python --editable .
	@touch $@

test-airflow-2: .venv-airflow-2/installed ## the DAGs on Airflow 2.9.1, with its scheduler and triggerer (2 minutes)
	@$(BIN)/python -m pytest tests/airflow_2

test-airflow-existing: install ## the DAGs in an Airflow that is somebody's: SQLite, its own scheduler, nothing made for them (2 minutes)
	@$(BIN)/python -m pytest tests/airflow_existing

# The whole house in containers: an engine of Debian's, started by hand in a network of its own; needs root.
engine:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! { command -v debootstrap && command -v ip && command -v iptables && command -v curl && command -v podman; } >/dev/null; then \
		echo "installing debootstrap, iproute2, iptables, curl and podman for the tests (once)"; apt-get update -qq; \
		RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends debootstrap iproute2 iptables curl podman runc conmon netavark aardvark-dns catatonit >/dev/null; fi

# Images and volumes are kept in the folder that APOD_ENGINE names, else thrown away.
test-deploy: install system engine ## images, Compose and the chart's pod on real engines: built, run, killed, healed (20 minutes, as root)
	@folder=$${APOD_ENGINE:-$$(mktemp -d)}; trap '[ -n "$${APOD_ENGINE:-}" ] || rm -rf "$$folder"' EXIT; \
	APOD_ENGINE=$$folder $(BIN)/python -m pytest -x tests/deploy && \
	APOD_ENGINE=$$folder unshare --net sh -c 'ip link set lo up && exec $(BIN)/python -m pytest -x tests/deploy_pod'

# What an operator types. `make up` makes deploy/.env with new secrets where there is none.
COMPOSE = docker compose --file deploy/compose.yaml

up: ## the whole house in containers: Airflow, PostgreSQL, the mirror; keeps what it holds
	@docker compose version >/dev/null 2>&1 || { echo "Docker with Compose 2 is needed: https://docs.docker.com/engine/install/"; exit 1; }
	@$(PYTHON) deploy/make_env.py
	@$(COMPOSE) up --build --detach --wait
	@echo "Airflow: http://$$($(COMPOSE) port airflow 8080), user admin, password AIRFLOW_PASSWORD in deploy/.env; gallery: http://$$($(COMPOSE) port mirror 8000)"

down: ## stop it; volumes stay
	@$(COMPOSE) down

.venv-audit/installed: requirements/audit.txt .venv/installed
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-audit
	@$(BIN)/uv pip sync --quiet --require-hashes --python .venv-audit/bin/python requirements/audit.txt
	@touch $@

audit: .venv-audit/installed ## known weaknesses of what is pinned; fails where the index does not tell of them
	@for name in image-apod image-airflow; do .venv-audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements/$$name.txt; done
	@git ls-files | grep -vE '^requirements/|\.png$$' | xargs $(BIN)/detect-secrets-hook --baseline .secrets.baseline

made-up-secrets: install ## look at every finding first; then this tells the scan that they are made up
	@git ls-files | grep -vE '^requirements/|\.png$$' | xargs $(BIN)/detect-secrets scan >.secrets.baseline

sbom: install ## what is in both images, as CycloneDX: sbom-apod.json, sbom-airflow.json
	@$(BIN)/python deploy/sbom.py $${APOD_IMAGE:-apod-pipeline:latest} >sbom-apod.json
	@$(BIN)/python deploy/sbom.py $${AIRFLOW_IMAGE:-apod-airflow:latest} >sbom-airflow.json

check: install ## lint, types, import law
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo | tail -n 3
	@$(BIN)/python benchmarks/stamps.py

format: install ## put the code into the house's form
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

lock: install ## pin what requirements/*.in ask for, with hashes and no addresses
	@for name in uv build run image-apod airflow image-airflow dev celery airflow2 bench audit; do $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate requirements/$$name.in -o requirements/$$name.txt; done

bench: install ## speed and memory, as ratios in one run
	@$(BIN)/python benchmarks/run.py

bench-all: install wrk ## every kept record anew, growth to a hundred times APOD included (most of two hours)
	@$(BIN)/python benchmarks/run.py --growth
	@$(BIN)/python benchmarks/versions.py
	@$(BIN)/python benchmarks/mirror.py
	@$(BIN)/python benchmarks/datasets.py
	@$(BIN)/python benchmarks/pictures.py
	@$(BIN)/python benchmarks/store.py
	@$(BIN)/python benchmarks/likeness.py
	@$(BIN)/python benchmarks/dag_files.py
	@$(BIN)/python benchmarks/airflow_day.py

bench-against: install ## the last commit against COMMIT=...: both wheels in turns, medians with their interval
	@$(BIN)/python benchmarks/against.py $(COMMIT)

bench-airflow: install ## how long a DAG file is read, and one new day on Airflow against an empty DAG of the same shape
	@$(BIN)/python benchmarks/dag_files.py
	@$(BIN)/python benchmarks/airflow_day.py

bench-versions: install ## what diff, verify and a version cost at 11,400 entries
	@$(BIN)/python benchmarks/versions.py

bench-datasets: install ## close approaches: a backfill, a reading in which every row changed, and what that adds
	@$(BIN)/python benchmarks/datasets.py

wrk:
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && ! command -v wrk >/dev/null; then \
		echo "installing wrk for the measurement (once)"; apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null; fi

bench-pictures: install ## a sync of 500 pictures against its bare loops, its memory, and what one more picture costs
	@$(BIN)/python benchmarks/pictures.py

bench-store: install ## both loads at once against the longer one alone: tables, and a bucket
	@$(BIN)/python benchmarks/store.py

bench-likeness: install ## which near duplicates of pictures are found, and what is taken for one
	@$(BIN)/python benchmarks/likeness.py

bench-mirror: install wrk ## the mirror at 11,400 entries, against a bare Starlette route and against Flask
	@$(BIN)/python benchmarks/mirror.py

screenshots: install system ## docs/airflow-*.png and docs/gallery*.png, as a real browser sees a real run, and a demo
	@APOD_SCREENSHOTS=docs $(BIN)/python -m pytest -q tests/airflow/test_ui.py
	@$(BIN)/python tests/mirror/gallery_pictures.py docs

runbook: install ## performs docs/runbook.md, command by command, and writes down what was really said
	@APOD_RUNBOOK=write $(BIN)/python -m pytest -q tests/runbook

test-runbook: install ## performs docs/runbook.md and compares: what is said now with what the page says (2 minutes)
	@$(BIN)/python -m pytest -q tests/runbook

docs: install ## what is generated: docs/cli.md, docs/settings.md, docs/data-dictionary.md, parts of docs/alerts.md and docs/observing.md
	@$(BIN)/python -m apod_pipeline.cli.reference docs
	@$(BIN)/python -m apod_pipeline.extras.alerts.page docs
	@$(BIN)/python -m apod_pipeline.extras.metrics.page docs

.PHONY: ceph test-s3 prometheus test-metrics demo-alerts bench-datasets bench-pictures bench-store bench-likeness test-datasets help install demo run airflow test test-fast system test-real test-hostile test-runbook test-celery redis test-airflow-2 test-airflow-existing check format lock bench bench-all bench-against bench-airflow bench-versions bench-mirror wrk screenshots runbook docs up down engine test-deploy audit sbom made-up-secrets
