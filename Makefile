# Everything a user runs. `make` alone prints this list.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# make build SOURCE=… picks the data; each source has a warehouse of its own beside the default one.
SOURCE ?= storefront
FILE ?=
EVENTS ?=
ITEMS ?=
CUSTOMERS ?=
REVIEWS ?=
ARGS ?=
ifeq ($(SOURCE),storefront)
FOOTFALL_DB ?= warehouse/footfall.duckdb
else
FOOTFALL_DB ?= warehouse/$(SOURCE).duckdb
endif
export FOOTFALL_DB
# What readers open in its place; see docs/reading_the_marts.md.
PUBLISHED := $(or $(FOOTFALL_PUBLISHED),published)/$(basename $(notdir $(FOOTFALL_DB))).duckdb
# Where marts are published to as well: make build PUBLISH=postgres://user@host/database
PUBLISH ?=
ifneq ($(PUBLISH),)
export FOOTFALL_PUBLISH_POSTGRES := $(PUBLISH)
endif
export DBT_PROFILES_DIR := $(CURDIR)

# Superset has an environment of its own: its pins are older than ours.
SUPERSET := .superset

# How many test files run side by side.
JOBS ?= 2

# make test DUCKDB=1.5.5 runs all tests that touch a database on another DuckDB, laid over the locked one.
DUCKDB ?=
ifneq ($(DUCKDB),)
OVERLAY := $(CURDIR)/.duckdb-$(DUCKDB)
export PYTHONPATH := $(OVERLAY)
endif

# What a target is asked that it cannot do is said before anything is installed or built.
SOURCES := storefront complete_journey online_retail ga4 snowplow segment custom
OF_SOURCE := build docs lineage report dashboards serve metrics superset-bundle check-superset \
	bench-scores bench-ranking-time bench-warm
OF_FILES := build docs lineage
ifneq ($(filter $(OF_SOURCE),$(MAKECMDGOALS)),)
ifneq ($(words $(filter $(SOURCES),$(SOURCE))) $(words $(SOURCE)),1 1)
$(error SOURCE is '$(SOURCE)', which is no source: use one of $(SOURCES))
endif
endif
ifneq ($(filter $(OF_FILES),$(MAKECMDGOALS)),)
ifneq ($(SOURCE),custom)
GIVEN := $(strip $(foreach name,EVENTS ITEMS CUSTOMERS REVIEWS,$(if $($(name)),$(name))))
ifneq ($(GIVEN),)
$(error $(GIVEN): only SOURCE=custom reads that, and SOURCE is $(SOURCE); FILE=… goes with online_retail, ga4, snowplow, segment)
endif
endif
ifneq ($(FILE),)
ifneq ($(filter storefront complete_journey custom,$(SOURCE)),)
$(error FILE goes with SOURCE=online_retail, ga4, snowplow or segment, and SOURCE is $(SOURCE)$(if $(filter custom,$(SOURCE)),: name its events with EVENTS=…))
endif
endif
endif

path_of = $(if $(1),$(abspath $(1)))
VARS := {footfall_source: $(SOURCE)
ifneq ($(FILE),)
VARS := $(VARS), $(SOURCE)_path: "$(call path_of,$(FILE))"
endif
# Benchmarks count events with EVENTS.
ifneq ($(EVENTS),)
ifeq ($(SOURCE),custom)
VARS := $(VARS), custom_events_path: "$(call path_of,$(EVENTS))"
endif
endif
ifneq ($(ITEMS),)
VARS := $(VARS), custom_items_path: "$(call path_of,$(ITEMS))"
endif
ifneq ($(CUSTOMERS),)
VARS := $(VARS), custom_customers_path: "$(call path_of,$(CUSTOMERS))"
endif
ifneq ($(REVIEWS),)
VARS := $(VARS), custom_reviews_path: "$(call path_of,$(REVIEWS))"
endif
VARS := $(VARS)}

.PHONY: help build test lint format docs clean lock env bench-sql bench-sources bench-times bench-pain-points bench-segments bench-journey bench-ranking bench-ranking-time bench-gpu bench-value bench-scores bench-intent report lineage metrics superset-bundle check-superset dashboards serve bench-warm bench-memory
help: ## print this list
	@echo "Footfall: customer journeys and scores inside the warehouse."
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

$(STAMP): requirements.lock pyproject.toml
	@echo "Installing the locked packages into $(VENV) (once; about 2 GB with PyTorch) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Footfall needs Python 3.11 or newer; PYTHON=… names another one.") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

env: $(STAMP) ## create the environment from the lock file

build: env ## build the warehouse: SOURCE=storefront|complete_journey|online_retail|custom …, FILE=…, EVENTS=…
	@$(BIN)/dbt build --vars '$(VARS)' $(ARGS)

# Published files must be readable with this one.
OLD_DUCKDB := $(CURDIR)/.duckdb-1.2.2

# On another DuckDB linters and the tests of code that knows no database would only say the same again.
test: env $(OVERLAY) ## run everything that checks the project (DUCKDB=1.5.5: all that touches a database, on that one)
	@$(if $(DUCKDB),,$(MAKE) --no-print-directory lint)
	@$(MAKE) --no-print-directory $(OLD_DUCKDB) || echo "An old DuckDB cannot be installed: its test is skipped."
	@$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder $(if $(DUCKDB),-m "not library") $(ARGS)

lint: env ## ruff, types, sqlfluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy & mypy=$$!; \
		FOOTFALL_DB=:memory: $(BIN)/sqlfluff lint models tests analyses --processes 2; sqlfluff=$$?; \
		wait $$mypy && exit $$sqlfluff

format: env ## mend what the formatters can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@FOOTFALL_DB=:memory: $(BIN)/sqlfluff fix models tests analyses

report: env ## draw the marts on one page, target/report.html: SOURCE=… picks the warehouse
	@$(BIN)/python -m footfall.pages.report --database "$(PUBLISHED)" --out target/report.html

# What stands beside amounts on the boards: make dashboards CURRENCY=EUR
CURRENCY ?=
PORT ?= 8080
dashboards: env ## draw the boards from the published marts, target/dashboards: SOURCE=…, CURRENCY=EUR
	@$(BIN)/python -m footfall.pages.boards render --published "$(PUBLISHED)" --currency "$(CURRENCY)"

serve: dashboards ## draw the boards and show them to this machine: PORT=8080
	@$(BIN)/python -m footfall.pages.boards serve --port $(PORT)

metrics: env ## answer the saved questions on the published marts; ARGS="query --metrics net_revenue" asks your own
	@$(BIN)/python -m footfall.adapter.metrics $(ARGS)

superset-bundle: env ## pack the Superset dashboard over the published marts, target/footfall_superset.zip [URI=…]
	@$(BIN)/python dashboards/superset/bundle.py --published "$(PUBLISHED)" $(if $(URI),--uri "$(URI)") --out target/footfall_superset.zip

check-superset: $(SUPERSET)/.installed ## import that dashboard into a real Superset, look at it and compare (about 1 GB)
	@$(SUPERSET)/bin/python dashboards/superset/check.py --published "$(PUBLISHED)"

$(SUPERSET)/.installed: dashboards/superset/requirements.txt
	@echo "Installing Superset into $(SUPERSET) (once) ..."
	@$(PYTHON) -m venv $(SUPERSET)
	@$(SUPERSET)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# A partial parse may lose what YAML says of tests, so the project is read anew.
docs: env ## write the docs site of a built warehouse, target/docs/index.html: SOURCE=…
	@$(BIN)/dbt docs generate --static --no-partial-parse --vars '$(VARS)' --quiet
	@$(BIN)/python -m footfall.pages.site write

lineage: env ## print where a column comes from: COLUMN=churn_risk.churn_probability
	@test -n "$(COLUMN)" || { echo "Name a column: make lineage COLUMN=churn_risk.churn_probability" >&2; exit 2; }
	@$(BIN)/dbt docs generate --vars '$(VARS)' --quiet
	@$(BIN)/python -m footfall.pages.site trace "$(COLUMN)"

bench-value: env ## churn, value and tiers of any orders beside baselines: FILE=orders.csv HORIZON=90 [CUT=2026-01-31]
	@$(BIN)/python benchmarks/bench_value.py $(call path_of,$(FILE)) --horizon $(or $(HORIZON),90) $(if $(CUT),--cut $(CUT)) $(ARGS)

bench-scores: env ## the same on a source, as its staging reads it: SOURCE=online_retail FILE=… HORIZON=90 CUT=…
	@$(BIN)/python benchmarks/bench_value.py $(call path_of,$(FILE)) --source $(SOURCE) --horizon $(or $(HORIZON),90) $(if $(CUT),--cut $(CUT)) $(ARGS)

bench-intent: env ## purchase intent of any event log of the contract beside baselines: FILE=events.parquet
	@$(BIN)/python benchmarks/bench_intent.py $(call path_of,$(FILE)) $(ARGS)

bench-sql: env ## the SQL part beside hand-written queries: EVENTS=10000000
	@$(BIN)/python benchmarks/bench_sql.py --events $(or $(EVENTS),10000000)

bench-sources: env ## the two real shops, rows and scores beside baselines: FILE=online_retail.parquet
	@$(BIN)/python benchmarks/bench_sources.py $(if $(FILE),--online-retail "$(FILE)") $(ARGS)

bench-times: env ## how long environment, build, second build and tests take in a fresh clone
	@$(BIN)/python benchmarks/bench_times.py $(ARGS)

bench-pain-points: env ## do pain points name what was planted, and nothing else? SEEDS=20 CUSTOMERS=2000 FIRST=201
	@$(BIN)/python benchmarks/bench_pain_points.py --seeds $(or $(SEEDS),20) --first $(or $(FIRST),201) --customers $(or $(CUSTOMERS),2000)

bench-segments: env ## segments judged 90 days on, beside RFM and k-means: FILE=path/to/online_retail.parquet
	@$(BIN)/python benchmarks/bench_segments.py $(or $(FILE),$(error FILE=… names the file of Online Retail))

bench-journey: env ## the journey marts beside retentioneering on a public click stream: EVENTS=2000000
	@$(BIN)/python benchmarks/bench_journey.py $(if $(FILE),--file "$(FILE)") --events $(or $(EVENTS),2000000) $(ARGS)

bench-ranking: env ## next item, leave one out: FILE=path [SEEDS=3]
	@test -n "$(FILE)" || { echo "Name the file of lines \`customer item item ...\`: make bench-ranking FILE=path" >&2; exit 2; }
	@$(BIN)/python benchmarks/bench_ranking.py "$(FILE)" --seeds $(or $(SEEDS),1) $(ARGS)

bench-ranking-time: env ## next purchases after a date, through dbt: SOURCE=… CUT=YYYY-MM-DD DAYS=n [NEW_ONLY=1] [SEEDS=1]
	@test -n "$(CUT)" -a -n "$(DAYS)" || { echo "Name the date and the window: make bench-ranking-time SOURCE=$(SOURCE) CUT=YYYY-MM-DD DAYS=n" >&2; exit 2; }
	@$(BIN)/python benchmarks/bench_ranking_time.py --vars '$(VARS)' --cut $(CUT) --days $(DAYS) \
		$(if $(NEW_ONLY),--new-only) --seeds $(or $(SEEDS),1) $(ARGS)

bench-warm: env ## a model fine-tuned day by day compared with one trained from scratch: SOURCE=… FILE=… CUT=YYYY-MM-DD [DAYS=28]
	@test -n "$(CUT)" || { echo "Name the first day: make bench-warm SOURCE=$(SOURCE) CUT=YYYY-MM-DD" >&2; exit 2; }
	@$(BIN)/python benchmarks/bench_warm.py --vars '$(VARS)' --cut $(CUT) --days $(or $(DAYS),28) $(ARGS)

bench-memory: env ## peak memory of training and scoring streams of made-up events: EVENTS="2500000 5000000 10000000"
	@$(BIN)/python benchmarks/bench_memory.py --events $(or $(EVENTS),2500000 5000000 10000000) $(ARGS)

bench-gpu: env ## the scorer's heavy parts on a CUDA device, beside their floors
	@$(BIN)/python benchmarks/bench_gpu.py $(ARGS)

clean: ## remove what dbt made; the warehouse stays
	@rm -rf target logs

lock: env ## write requirements.lock anew from the environment
	@{ sed -n '/^#/p' requirements.lock; $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//'; } > requirements.lock.new
	@mv requirements.lock.new requirements.lock

$(CURDIR)/.duckdb-%: | $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary duckdb --target $@ duckdb==$*
