# make help lists the targets.

SWIFT   ?= swift
SCRATCH ?= .build
PREFIX  ?= /usr/local
DESTDIR ?=

# The Swift run-time library is linked in: the binary starts faster and runs on a machine without
# the toolchain.
RELEASE = $(SWIFT) build --scratch-path $(SCRATCH) -c release --static-swift-stdlib --product shoal
BINARY  = $(SCRATCH)/release/shoal

# Where each shell looks for what it completes.
SHARE       = $(DESTDIR)$(PREFIX)/share
COMPLETIONS = bash-completion/completions/shoal zsh/site-functions/_shoal \
  fish/vendor_completions.d/shoal.fish

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build dist install clean demo demo-tracker lint
.PHONY: test test-units test-interoperation test-simulations test-replays test-hostile test-flood-short
.PHONY: test-ring test-tree test-chord test-faults test-flood test-kill test-kill-tracker test-asan test-tsan
.PHONY: fuzz fuzz-short
.PHONY: bench bench-transfer bench-client bench-tracker bench-swarm

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
	  || sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile

setup: ## install the Debian packages that building and testing need
	@Scripts/bootstrap test

build: ## build the release binary
	@Scripts/bootstrap build
	$(RELEASE)

# The same objects, linked against archives instead of shared libraries.
ARCHIVES = $(abspath $(SCRATCH))/dist-libraries

dist: ## make one binary that needs nothing but the C library, and its archive, in dist/
	@Scripts/bootstrap dist
	@Scripts/dist-libraries $(ARCHIVES)
	$(RELEASE) --pkg-config-path $(ARCHIVES)/lib/pkgconfig -Xlinker -L$(ARCHIVES)/lib
	@Scripts/dist $(BINARY) dist

demo: build ## share a folder, fetch it by magnet link and compare, all on this machine
	@SHOAL_BINARY=$(BINARY) Scripts/demo

demo-tracker: build ## run a private tracker with two members and a live swarm to look at
	@SHOAL_BINARY=$(BINARY) Scripts/demo-tracker

test: setup build test-units test-simulations test-hostile test-interoperation test-flood-short test-ring ## build, then run every test

test-units: ## run the tests that need nothing but this package
	$(SWIFT) test --scratch-path $(SCRATCH) --skip InteroperationTests

test-simulations: build ## run every scenario of the simulator over RUNS seeds (60)
	$(SWIFT) build --scratch-path $(SCRATCH) --product shoal
	@SHOAL_BINARY=$(abspath $(BINARY)) DEBUG_BINARY=$(abspath $(SCRATCH)/debug/shoal) \
	  Scripts/simulations

test-replays: build ## compare 200 runs of 50 peers, twice in release and once in debug (seven minutes)
	$(SWIFT) build --scratch-path $(SCRATCH) --product shoal
	@SHOAL_BINARY=$(abspath $(BINARY)) DEBUG_BINARY=$(abspath $(SCRATCH)/debug/shoal) Scripts/replays

test-interoperation: ## run real clients and trackers against shoal in a network namespace
	$(SWIFT) build --scratch-path $(SCRATCH) --build-tests
	SHOAL_BINARY=$(abspath $(BINARY)) Scripts/with-namespace \
	  $(SWIFT) test --scratch-path $(SCRATCH) --skip-build --filter InteroperationTests

HOSTILE ?=

test-hostile: build ## run the binary against hostile input (a minute; HOSTILE=--long for all of it)
	@SHOAL_BINARY=$(abspath $(BINARY)) Scripts/with-namespace python3 Tests/Hostile/run.py $(HOSTILE)

test-faults: ## fail every single call on the disk of create and get, and look what is left
	SHOAL_FAULTS=all $(SWIFT) test --scratch-path $(SCRATCH) --filter FaultTests

# A peer's cost in bytes is not measured while the sanitizer pads memory. A loop and what it drives
# hold each other for as long as the process lives: leaks are the fuzz entries' to find.
test-asan: ## run the unit tests under the address sanitizer
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --scratch-path $(SCRATCH)/asan --sanitize address \
	  --skip 'InteroperationTests|CommandLineTests|TrackerMemory'

test-tsan: ## run the tests of what runs on several threads under the thread sanitizer
	TSAN_OPTIONS="halt_on_error=0 suppressions=$(abspath Tests/thread-sanitizer.suppressions)" \
	  $(SWIFT) test --scratch-path $(SCRATCH)/tsan --sanitize thread \
	  --filter 'NetworkingTests|StorageTests|SessionTests'

KILLS ?= 100

test-kill-tracker: ## kill a tracker KILLS times while peers and members announce, and look what it forgot
	SHOAL_KILLS=$(KILLS) $(SWIFT) test --scratch-path $(SCRATCH) --filter 'TrackerKillTests'

# Connections at once, and the seconds for which they are kept up, twice.
CONNECTIONS ?= 5000
SECONDS     ?= 10

test-flood: build ## flood a seed with CONNECTIONS that say nothing, and measure an honest one's
	@Scripts/bootstrap test
	@Tests/Support/flood $(BINARY) $(CONNECTIONS) $(SECONDS)

test-flood-short: build ## the same with 1000, for three seconds
	@Tests/Support/flood $(BINARY) 1000 3

test-ring: build ## run twenty nodes of a ring, share and fetch, hide, flood and kill some, and a closed one (two minutes)
	@Scripts/bootstrap test
	@Scripts/with-namespace Tests/Support/ring $(BINARY)
	@Scripts/with-namespace Tests/Support/closed-ring $(BINARY)

# Random schedules of small rings.
SCHEDULES ?= 100000

test-chord: ## try SCHEDULES random lives of small rings, a hundred thousand in ten minutes
	SHOAL_RING_SCHEDULES=$(SCHEDULES) $(SWIFT) test --scratch-path $(SCRATCH) -c release \
	  -Xswiftc -enable-testing --filter ChordLogicTests

test-tree: build ## share and fetch the Swift toolchain's folder and thousands of small files
	@SHOAL_BINARY=$(BINARY) Scripts/real-tree

test-kill: build ## kill get (KILLS times) and seed (half as often) at random moments
	@SHOAL_BINARY=$(BINARY) Scripts/kill-soak --kills $(KILLS) --seeder-kills $$(($(KILLS) / 2))

# Every module instrumented: two builds beside the usual one, linked by the toolchain's own linker,
# because Debian's stumbles over what the sanitizers add.
FUZZERS      = $(SCRATCH)/fuzz
BUILD_FUZZER = SHOAL_FUZZING=1 $(SWIFT) build -c release --product Fuzz -Xswiftc -use-ld=lld
EXECUTIONS  ?= 10000000
TARGETS     ?=

fuzz: ## feed every decoder EXECUTIONS inputs, all else a tenth of them (TARGETS="…" chooses)
	$(BUILD_FUZZER) --scratch-path $(FUZZERS)/checked -Xswiftc -sanitize=fuzzer,address
	$(BUILD_FUZZER) --scratch-path $(FUZZERS)/plain -Xswiftc -sanitize=fuzzer
	@SHOAL_FUZZER=$(abspath $(FUZZERS)/checked/release/Fuzz) \
	  SHOAL_FUZZER_PLAIN=$(abspath $(FUZZERS)/plain/release/Fuzz) \
	  Scripts/fuzz $(EXECUTIONS) $(abspath $(FUZZERS)/corpus) $(TARGETS)

fuzz-short: ## the same with 20 000 inputs each: a minute once it is built
	@$(MAKE) --no-print-directory fuzz EXECUTIONS=20000

lint: ## check the format of every source
	$(SWIFT) format lint --strict -r Sources Tests Fuzzing Package.swift

# Parts to measure again; without it, all.
ONLY ?=

bench: dist ## measure beside other clients and write docs/BENCHMARKS.md (half an hour; ONLY=part,…)
	@Scripts/bootstrap bench
	@SHOAL_BINARY=$(abspath dist/shoal) Scripts/with-namespace Benchmarks/compare \
	  $(if $(ONLY),--only $(ONLY))

bench-transfer: build ## measure a transfer between two processes on this machine
	@SHOAL_BINARY=$(BINARY) Benchmarks/transfer

bench-swarm: setup build ## measure a swarm behind limited uplinks beside libtorrent
	@SHOAL_BINARY=$(BINARY) Benchmarks/swarm

bench-client: build ## measure hybrid metainfo, rate limits and streaming (ten minutes)
	@Scripts/bootstrap bench
	@SHOAL_BINARY=$(abspath $(BINARY)) Benchmarks/hybrid
	@SHOAL_BINARY=$(abspath $(BINARY)) Benchmarks/rates
	@SHOAL_BINARY=$(abspath $(BINARY)) Benchmarks/stream

bench-tracker: setup build ## measure announces beside opentracker
	@SHOAL_BINARY=$(BINARY) Benchmarks/tracker

bench-ring: build ## measure lookups and idle traffic of two hundred nodes on this machine (ten minutes)
	@Scripts/with-namespace Benchmarks/ring $(BINARY)

install: build ## install the binary, its manual, completions and service below PREFIX (/usr/local)
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/shoal
	@mkdir -p $(addprefix $(SHARE)/,man/man1 $(dir $(COMPLETIONS)))
	$(BINARY) help --man > $(SHARE)/man/man1/shoal.1
	$(BINARY) completion bash > $(SHARE)/$(word 1,$(COMPLETIONS))
	$(BINARY) completion zsh > $(SHARE)/$(word 2,$(COMPLETIONS))
	$(BINARY) completion fish > $(SHARE)/$(word 3,$(COMPLETIONS))
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/systemd/system \
	  tracker/shoal-tracker.service tracker/shoal-tracker.socket

clean: ## remove everything that was built
	rm -rf $(SCRATCH) dist
