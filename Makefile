# The one interface to this repository: `make help` lists what it can do.

SHELL := /bin/sh
.SHELLFLAGS := -euc
.DEFAULT_GOAL := help

.PHONY: help setup build guests schema demo test verify lint deny advisories fmt sim fuzz bench \
    extremes clean install

# Where cargo puts wask. Guests are always in target/guests, where the tests look for them.
WASK := $(or $(CARGO_TARGET_DIR),target)/release/wask
# In CI a lock file that is not up to date is an error.
LOCKED := $(if $(CI),--locked)

TOOLCHAIN := guest-sdk/toolchain
GUESTS := examples/log-report/guest examples/word-count/guest tests/guests
for-each-guest = for dir in $(GUESTS); do $(1); done

# What `make demo` reads: of the crates that the build downloaded, those whose names begin with c
# or t (cranelift, capnp, clap, tokio, tracing and their like), some 30 MB.
CARGO_HOME ?= $(HOME)/.cargo
DEMO_FILES ?= $(CARGO_HOME)/registry/src/*/[ct]*/**/*.rs
DEMO_TOP ?= 20

# A program that checks dependencies, and its version where it has to be installed.
CARGO_DENY := cargo-deny 0.20.2
CARGO_FUZZ := cargo-fuzz 0.13.2

# For `make sim`: how many simulated clusters, and the seed of the first.
RUNS ?= 2000
SEED ?= 1

# For `make fuzz`: how long each target runs, and which ones; all where none is named.
SECONDS ?= 60
TARGET ?= $(basename $(notdir $(wildcard tests/fuzz/fuzz_targets/*.rs)))

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

setup: ## Find what this machine lacks and install it
	@$(TOOLCHAIN)/setup

build: ## Build wask, optimized: target/release/wask
	cargo build --release $(LOCKED) -p wask-cli

guests: setup ## Build all guests into target/guests
	@$(call for-each-guest,$(TOOLCHAIN)/cargo-guest $$dir $(LOCKED))
	@cp -p tests/guests/wat/* examples/*/guest/*.wat target/guests/

schema: ## Generate Rust from the Cap'n Proto schema (needs the capnp compiler)
	cargo run --quiet $(LOCKED) -p wask-schema --example generate

demo: build guests ## Count the words of real source files on a cluster
	$(WASK) map target/guests/word_count.wasm count-words \
	    --files '$(DEMO_FILES)' --reduce merge >target/demo.wave
	@# WAVE: [("be", 2), ("to", 2)]. No word holds a space, so `), (` is always between two pairs.
	@sed -e 's/^\[("//; s/)\]$$//; s/), ("/\n/g' target/demo.wave | sed -e 's/", / /' | \
	    LC_ALL=C sort -k 2,2nr | head -n $(DEMO_TOP) | awk '{ printf "%9d  %s\n", $$2, $$1 }'

test: guests ## Run all tests
	cargo build $(LOCKED) --workspace --all-targets
	@for dir in $(filter examples/%,$(GUESTS)); do \
	    cargo test $(LOCKED) --manifest-path $$dir/Cargo.toml --target-dir target/guest-tests; done
	cargo test $(LOCKED) --workspace --doc
	@# nextest takes no doctests, hence the line above.
	if cargo nextest --version >/dev/null 2>&1; \
	    then cargo nextest run $(LOCKED) --workspace; \
	    else cargo test $(LOCKED) --workspace --lib --bins --tests; fi

verify: ## Run all that a change must pass; changes no file
	cargo fmt --all --check
	@$(call for-each-guest,(cd $$dir && cargo fmt --check))
	@$(MAKE) --no-print-directory deny lint test

lint: ## Run clippy on everything
	cargo clippy $(LOCKED) --workspace --all-targets -- -D warnings
	cargo clippy $(LOCKED) -p wask-client --no-default-features -- -D warnings
	@$(call for-each-guest,cargo clippy $(LOCKED) --manifest-path $$dir/Cargo.toml \
	    --target-dir target/guest-tests --all-targets -- -D warnings)

deny: ## Check licences and sources of what is linked, and what is banned
	@deny=$$(tests/tools/cargo-tool $(CARGO_DENY)); $$deny --locked check bans licenses sources

advisories: ## Look for known vulnerabilities in what is linked (needs the network)
	@deny=$$(tests/tools/cargo-tool $(CARGO_DENY)); \
	$$deny --locked check advisories || { \
	    echo "make: either one was found, which stands above, or the list of known ones could" \
	        "not be fetched: then nothing was checked, so try again with a network" >&2; exit 1; }

fmt: ## Format all Rust code
	cargo fmt --all
	@$(call for-each-guest,(cd $$dir && cargo fmt))

sim: ## Run simulated clusters, tell what happened, find planted bugs: make sim RUNS=2000 SEED=1
	cargo run --release $(LOCKED) -p wask-sim -- --runs $(RUNS) --seed $(SEED) --coverage
	cargo run --release $(LOCKED) -p wask-sim -- --planted

fuzz: ## Feed hostile bytes to all readers: make fuzz SECONDS=60 TARGET=
	@tests/tools/fuzz "$$(tests/tools/cargo-tool $(CARGO_FUZZ))" $(SECONDS) $(TARGET)

bench: guests ## Measure wask beside the bare engine
	@# Without the simulator, which has the cores count their transitions.
	cargo build --release $(LOCKED) --workspace --exclude wask-sim --bins --examples
	@$(dir $(WASK))wask-bench

extremes: guests ## Measure signs of life while the largest graphs, messages and fleets are borne
	cargo build --release $(LOCKED) --workspace --exclude wask-sim --bins
	@$(dir $(WASK))wask-extremes

clean: ## Remove all that was built
	cargo clean

install: ## Install wask into cargo's bin folder
	cargo install --path host/cli --locked
