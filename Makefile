# The commands of the house. Flags for the program run: make run ARGS="--port 8080"
SHELL := /bin/sh
BUILD := cargo build --profile live
SETUP := deploy/setup
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check prove bench assets release

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: assets ## build and start everything on this machine: gateway, dashboard, embedded ClickHouse, demo provider
	@WEIR_CHDB_LIB=$$($(SETUP)/engine.sh) && $(BUILD) -p weir -p weir-clickhouse && \
	if [ -n "$$WEIR_CHDB_LIB" ]; then export WEIR_CHDB_LIB; else unset WEIR_CHDB_LIB; fi && \
	exec target/live/weir up --data .weir $(ARGS)

test: assets ## every test, on the real programs
	@$(BUILD) -p weir -p weir-clickhouse
	@$(SETUP)/with.sh cargo test --workspace --profile live

check: assets ## format, lints, licences, then every test
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --profile live -- -D warnings
	@$(SETUP)/deny.sh
	@$(MAKE) --no-print-directory test

prove: assets ## the long forms of the tests: many kills, many publishes, many rows
	@$(BUILD) -p weir -p weir-clickhouse
	@WEIR_PROVE=1 $(SETUP)/with.sh cargo test -p weir-tests -p weir-clickhouse --profile live -- --nocapture --test-threads 1
	@WEIR_FUZZ_SECONDS=600 $(SETUP)/with.sh cargo test -p weir-wire --profile live fuzz -- --nocapture

bench: assets ## what a request costs, against nginx where there is one
	@$(BUILD) -p weir -p weir-clickhouse
	@$(SETUP)/with.sh cargo run --quiet --profile live -p weir-tests --bin bench -- $(ARGS)

assets: ## the dashboard's third-party files
	@$(SETUP)/assets.sh

release: assets ## the programs for others, made for the traffic they will see, as one archive under target/
	@programs=$$($(SETUP)/release.sh) && archive=target/weir-$$(uname -s | tr A-Z a-z)-$$(uname -m).tar.gz && \
	tar -czf $$archive -C $$programs weir weir-clickhouse -C $(CURDIR) LICENSE NOTICE && ls $$archive
