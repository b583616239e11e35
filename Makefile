# Recipes equal CI: `.ci/run` calls `make check test`.
.DEFAULT_GOAL := help
SHELL := /bin/sh
CARGO ?= cargo
# The folder cargo builds into: CI and some developers keep it outside the clone.
TARGET := $(shell $(CARGO) metadata --format-version 1 --no-deps 2>/dev/null | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')

.PHONY: help run test prove check fmt bench gen tools

help: ## Show these recipes
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

run: ## Build and start Parlor with demo data on port 3000
	$(CARGO) run --release -p parlor -- serve --demo

tools:
	@command -v cargo-nextest >/dev/null || $(CARGO) install --locked cargo-nextest
	@command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny

test: tools ## Install what tests need, run all of them (long proofs in short form)
	scripts/install-test-deps.sh
	scripts/with-postgres.sh $(CARGO) nextest run --workspace

prove: tools ## Run the long proofs in full
	scripts/install-test-deps.sh
	PROVE=full scripts/with-postgres.sh $(CARGO) nextest run -p parlor --test it --no-capture -E 'test(/^survive::/)'

check: tools ## Format, lints, licences and arrows, documentation
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) deny --log-level error check bans licenses sources
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet

fmt: ## Format the code
	$(CARGO) fmt --all

bench: ## Build release and measure, on this machine in one run
	scripts/install-bench-deps.sh
	$(CARGO) build --release -p parlor -p parlor-bench
	$(TARGET)/release/parlor-bench $(BENCH_ARGS)

gen: ## Renew the generated files that are committed
	$(CARGO) run -q -p parlor -- config print --defaults > docs/parlor.example.toml
	UPDATE_GENERATED=1 $(CARGO) nextest run -p parlor-edge --test openapi
