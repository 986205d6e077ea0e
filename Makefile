# What a developer runs. `make` alone lists it; the first run of a target sets up what it needs.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
TOOLS := $(VENV)/.installed

# Beside cargo's own folders, so that `cargo clean` takes it along.
FUZZER := target/tools/bin/cargo-fuzz
FUZZER_VERSION := 0.13.2

SPA_TOOLS := spa/node_modules/.installed
DYNALITE := tests/dynalite/node_modules/.installed
SPA_BUILT := spa/node_modules/.built
SPA_SOURCES := $(shell find spa -type d \( -name node_modules -o -name dist -o -name demo-dist \) -prune -o -type f -print)

# Processor of this machine, and of the functions to be deployed.
HOST_ARCH := $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
ARCH ?= arm64
RUST_TARGET = $(if $(filter arm64,$(ARCH)),aarch64,x86_64)-unknown-linux-gnu

# The project's tools before the machine's: `sam build` looks for cargo-lambda on the PATH.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHON
export SAM_CLI_TELEMETRY := 0
# `sam validate` wants a region, but asks nothing of it.
export AWS_REGION ?= eu-west-1

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

# Set-up

.PHONY: doctor
doctor: ## Check that this machine has what the project needs
	@tools/doctor

.PHONY: setup
setup: $(TOOLS) $(SPA_TOOLS) $(DYNALITE) ## Install the project's tools (other targets do it by themselves)

# PIP_USER, which some machines set, has no meaning inside a virtual environment and stops pip there.
$(TOOLS): requirements-dev.txt | doctor
	@echo '==> Installing the tools of requirements-dev.txt into $(VENV)'
	$(PYTHON) -m venv --clear $(VENV)
	PIP_USER=0 $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

$(SPA_TOOLS): spa/package-lock.json | doctor
	@echo '==> Installing what the pages are built with into spa/node_modules'
	cd spa && npm ci --no-audit --no-fund
	@touch $@

# Its one package with an install script is for tables on disk, which the tests have none of.
$(DYNALITE): tests/dynalite/package-lock.json | doctor
	@echo '==> Installing a second DynamoDB for the tests into tests/dynalite/node_modules'
	cd tests/dynalite && npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

# Without optimisation: it only calls cargo and the targets.
$(FUZZER): | doctor
	@echo '==> Installing cargo-fuzz into target/tools'
	cargo install --quiet --locked --debug --root target/tools cargo-fuzz --version $(FUZZER_VERSION)

$(SPA_BUILT): $(SPA_TOOLS) $(SPA_SOURCES)
	cd spa && npm run build
	@touch $@

# Run

.PHONY: dev
dev: $(SPA_BUILT) ## Run everything on this machine: gateway, functions, stand-ins of Entra and Power BI; DYNABIND_CREDENTIAL=federated runs without a secret
	cargo run --locked --package devstack -- $(if $(DYNABIND_CREDENTIAL),--credential $(DYNABIND_CREDENTIAL))

.PHONY: browser
browser: $(SPA_TOOLS) ## Open the demo page of a running `make dev` in Chrome or Chromium, embedded report included
	cd spa && npm run --silent browser

# Check

.PHONY: lint
lint: lint-rust lint-dependencies ## Check format, lints, documentation, dependencies

# What the feature `opentelemetry` is checked with; everything else runs as it is deployed, without.
WITH_SPANS := $(addprefix --package ,dynabind token-function config-function datasets-function acceptance) \
	--features opentelemetry

.PHONY: lint-rust
lint-rust: | doctor
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/libfuzzer/Cargo.toml --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	cargo clippy --locked $(WITH_SPANS) --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items

.PHONY: lint-dependencies
lint-dependencies: $(TOOLS)
	cargo-deny --locked --log-level error check --hide-inclusion-graph bans licenses sources

.PHONY: test
test: test-rust test-template test-spa ## Run all tests

# The tests start moto and cargo-lambda from $(VENV), and dynalite.
.PHONY: test-rust
test-rust: $(TOOLS) $(DYNALITE)
	cargo test --locked --workspace
	cargo test --locked $(WITH_SPANS) spans

# In a build directory of its own, so that it leaves alone what `make package` built for another processor.
.PHONY: test-template
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

# The functions are built by themselves, so that no feature of the benchmarks' dependencies gets into them.
.PHONY: bench
bench: | doctor ## Measure the release binaries beside a bare function; writes target/bench.json
	cargo build --locked --release
	cargo build --locked --release --package bare-function
	cargo run --locked --release --package bench
	cargo bench --locked --package bench --bench catalog -- --noplot

PEERS := target/peers

.PHONY: bench-peers
bench-peers: $(PEERS)/.installed ## Measure beside functions in Python and Node that do the whole job
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

.PHONY: scaling
scaling: | doctor ## Simulate what a load asks of Power BI; ARGS='--users 5000 --tenants 200 --calls-per-minute 100'
	cargo run --locked --release --package bench --bin scaling -- $(ARGS)

# Build and deploy

.PHONY: build
build: $(TOOLS) ## Build the release binaries for this machine's processor, in target/lambda
	cargo lambda build --locked --release --$(subst _,-,$(HOST_ARCH))

.PHONY: package
package: $(TOOLS) ## Build what is deployed, for ARCH (arm64 or x86_64)
	rustup target add $(RUST_TARGET)
	sam build --parameter-overrides Architecture=$(ARCH)

.PHONY: deploy
deploy: package ## Deploy to AWS; asks for the parameters and remembers the answers in samconfig.toml
	@echo "==> Answer the question for Architecture with $(ARCH), as it was built"
	sam deploy --guided

.PHONY: clean
clean: ## Remove all that was built or installed
	rm -rf .aws-sam $(VENV) spa/node_modules spa/tests/react-18/node_modules spa/dist spa/packages/*/dist spa/demo-dist tests/dynalite/node_modules
	cargo clean
