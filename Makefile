# Commands for developers. `make` without a target lists them. Each target installs what it needs on its first run.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
TOOLS := $(VENV)/.installed

# In cargo's folder, so that `cargo clean` removes it.
FUZZER := target/tools/bin/cargo-fuzz
FUZZER_VERSION := 0.13.2

SPA_TOOLS := spa/node_modules/.installed
DYNALITE := tests/dynalite/node_modules/.installed
SPA_BUILT := spa/node_modules/.built
SPA_SOURCES := $(shell find spa -type d \( -name node_modules -o -name dist -o -name demo-dist \) -prune -o -type f -print)

# The processor of this machine, and that of the deployed functions.
HOST_ARCH := $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
ARCH ?= arm64
RUST_TARGET = $(if $(filter arm64,$(ARCH)),aarch64,x86_64)-unknown-linux-gnu

# The project's tools come before those of the machine: `sam build` looks for cargo-lambda on the PATH.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHON
export SAM_CLI_TELEMETRY := 0
# `sam validate` needs a region, but calls no service.
export AWS_REGION ?= eu-west-1
# Python compiles a module of the tools at its first use, and keeps the result.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

# Set-up

.PHONY: doctor
doctor: ## Check that this machine has what the project needs
	@tools/doctor

.PHONY: setup
setup: $(TOOLS) $(SPA_TOOLS) $(DYNALITE) ## Install the project's tools (the other targets do this too)

# Some machines set PIP_USER. In a virtual environment it makes pip fail. Most of the installed modules are never used: compiling all
# of them would take a third of the time.
$(TOOLS): requirements-dev.txt | doctor
	@echo '==> Installing the tools of requirements-dev.txt into $(VENV)'
	$(PYTHON) -m venv --clear $(VENV)
	PIP_USER=0 $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement $<
	@touch $@

$(SPA_TOOLS): spa/package-lock.json | doctor
	@echo '==> Installing the packages of spa/package-lock.json into spa/node_modules'
	cd spa && npm ci --no-audit --no-fund
	@touch $@

# One package has an install script. It is for tables on disk, which the tests do not use.
$(DYNALITE): tests/dynalite/package-lock.json | doctor
	@echo '==> Installing dynalite, a DynamoDB emulator, into tests/dynalite/node_modules'
	cd tests/dynalite && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

# A debug build is enough: it only starts cargo and the targets.
$(FUZZER): | doctor
	@echo '==> Installing cargo-fuzz into target/tools'
	cargo install --quiet --locked --debug --root target/tools cargo-fuzz --version $(FUZZER_VERSION)

$(SPA_BUILT): $(SPA_TOOLS) $(SPA_SOURCES)
	cd spa && npm run build
	@touch $@

# Run

.PHONY: dev
dev: $(SPA_BUILT) ## Run everything on this machine; DYNABIND_CREDENTIAL=federated uses no secret; LIVE=1 SECRET=sp.json CATALOG=c.json uses the real Power BI
	cargo build --locked --workspace --bin devstack
	target/debug/devstack$(if $(LIVE), --live --secret "$(SECRET)" --catalog "$(CATALOG)" $(ARGS), $(if $(DYNABIND_CREDENTIAL),--credential $(DYNABIND_CREDENTIAL)))

.PHONY: browser
browser: $(SPA_TOOLS) ## Open the demo page of a running `make dev` in Chrome or Chromium, embedded report included
	cd spa && npm run --silent browser

# Check

.PHONY: lint
lint: lint-rust lint-dependencies lint-spelling ## Check format, lints, documentation, dependencies, spelling

# Every cargo command selects the whole workspace, so that all of them use the same features and compile each dependency once.
.PHONY: lint-rust
lint-rust: | doctor
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/libfuzzer/Cargo.toml --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items

.PHONY: lint-dependencies
lint-dependencies: $(TOOLS)
	cargo-deny --locked --log-level error check --hide-inclusion-graph bans licenses sources

.PHONY: lint-spelling
lint-spelling: $(TOOLS)
	typos

# Tests that start other programs, or wait for real time limits.
SLOW_TESTS := a_broken_catalog_was_deployed dynamodb drills faults::matrix incidents::commands local_invoke managed_instances moto \
	processes_that_need_a_token release

.PHONY: check
check: | doctor ## Check format, lints and the fast Rust tests; run this after every change
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo test --locked --workspace --lib --test it -- $(addprefix --skip ,$(SLOW_TESTS))

# Two parts run at the same time: much of the time is spent on waiting, for downloads and in browsers. Each part prints its output
# when it ends. `make test-rust test-template test-spa` runs one after the other.
.PHONY: test
test: ## Run all tests
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-rust test-spa test-template

# Compiles everything that the tests of the other targets need.
.PHONY: build-tests
build-tests: | doctor
	cargo test --locked --workspace --no-run

# The tests start moto and cargo-lambda from $(VENV), and dynalite.
.PHONY: test-rust
test-rust: build-tests $(TOOLS) $(DYNALITE)
	cargo test --locked --workspace

# Builds the functions with their default features, as they are deployed, but without optimisation. It has its own target
# directory, because its profile differs from that of `make package`.
.PHONY: test-template
test-template: export CARGO_TARGET_DIR := $(CURDIR)/target/template
test-template: export CARGO_PROFILE_RELEASE_OPT_LEVEL := 0
test-template: export CARGO_PROFILE_RELEASE_LTO := off
test-template: export CARGO_PROFILE_RELEASE_CODEGEN_UNITS := 16
test-template: export RUSTFLAGS := -D warnings
test-template: $(TOOLS)
	sam validate --lint
	sam build --build-dir target/sam --parameter-overrides Architecture=$(HOST_ARCH)

.PHONY: test-spa
test-spa: $(SPA_TOOLS)
	cd spa && npm test

.PHONY: fuzz
fuzz: $(FUZZER) ## Fuzz every target for SECONDS (60) each; TARGET=name fuzzes one, SEED=1 repeats a run
	SEED=$(SEED) tools/fuzz $(or $(SECONDS),60) $(TARGET)

# Measure

# The functions are built separately, so that they get no feature of the dependencies of the benchmarks.
.PHONY: bench
bench: | doctor ## Measure the release binaries and a bare function; writes target/bench.json
	cargo build --locked --release
	cargo build --locked --release --package bare-function
	cargo run --locked --release --package bench
	cargo bench --locked --package bench --bench catalog -- --noplot

PEERS := target/peers

.PHONY: bench-peers
bench-peers: $(PEERS)/.installed ## Measure the release binaries and equivalent functions in Python and Node
	cargo build --locked --release
	cargo run --locked --release --package bench -- --beside $(PEERS)/python --json target/bench-python.json
	cargo run --locked --release --package bench -- --beside $(PEERS)/node --json target/bench-node.json

$(PEERS)/.installed: bench/peers/python/requirements.txt bench/peers/node/package-lock.json | doctor
	@mkdir -p $(PEERS)
	$(PYTHON) -m venv --clear $(PEERS)/venv
	PIP_USER=0 $(PEERS)/venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	cd bench/peers/node && npm ci --no-audit --no-fund
	printf '#!/bin/sh\nexec %s %s\n' '$(CURDIR)/$(PEERS)/venv/bin/python' '$(CURDIR)/bench/peers/python/function.py' >$(PEERS)/python
	printf '#!/bin/sh\nNODE_EXTRA_CA_CERTS=$$SSL_CERT_FILE exec %s %s\n' "$$(command -v node)" '$(CURDIR)/bench/peers/node/function.mjs' >$(PEERS)/node
	chmod +x $(PEERS)/python $(PEERS)/node
	@touch $@

.PHONY: bench-page
bench-page: $(SPA_BUILT) ## Measure click → rendered in a browser, also with powerbi-client and powerbi-client-react; ROUNDS=7
	cd spa && npm run --silent build:stack && ROUNDS=$(or $(ROUNDS),7) node bench/page.mjs

.PHONY: scaling
scaling: | doctor ## Simulate the calls of a load to Power BI; ARGS='--users 5000 --tenants 200 --calls-per-minute 100'
	cargo run --locked --release --package bench --bin scaling -- $(ARGS)

# Build and deploy

.PHONY: build
build: $(TOOLS) ## Build the release binaries for this machine's processor, in target/lambda
	cargo lambda build --locked --release --$(subst _,-,$(HOST_ARCH))

# The catalog to deploy; `none` if the parameter Catalog names a layer, an object or a table.
CATALOG ?= layers/catalog/catalog.json
VALIDATE ?= cargo run --quiet --locked --package dynabind-cli -- catalog validate

.PHONY: package
package: $(TOOLS) ## Build the deployment package for ARCH (arm64 or x86_64), with the catalog CATALOG=FILE
	$(if $(filter none,$(CATALOG)),@rm -f layers/catalog/catalog.json,@tools/check-catalog '$(CATALOG)' $(VALIDATE))
	rustup target add $(RUST_TARGET)
	sam build --parameter-overrides Architecture=$(ARCH)
	tools/pin-architecture .aws-sam/build $(ARCH)

# The answers are kept in a copy of samconfig.toml that git ignores. ENV names a section of it; with CI set, SAM asks nothing.
SAM_CONFIG := samconfig.local.toml
DEPLOY_FLAGS = --config-file $(CURDIR)/$(SAM_CONFIG) --config-env $(or $(ENV),default)

.PHONY: deploy
deploy: package ## Deploy to AWS; asks and keeps the answers in samconfig.local.toml (ENV=section); with CI=1 asks nothing
	@test -f $(SAM_CONFIG) || cp samconfig.toml $(SAM_CONFIG)
	sam deploy $(DEPLOY_FLAGS) $(if $(CI),--no-confirm-changeset --no-fail-on-empty-changeset,--guided)

.PHONY: release
release: $(TOOLS) ## Make the release archive for ARCH in target/release-archives
	rustup target add $(RUST_TARGET)
	tools/release $(ARCH)

.PHONY: clean
clean: ## Remove everything that was built or installed
	rm -rf .aws-sam $(VENV) spa/node_modules spa/tests/react-18/node_modules spa/dist spa/packages/*/dist spa/demo-dist tests/dynalite/node_modules
	cargo clean
