# make help lists the targets.

SWIFT   ?= swift
SCRATCH ?= .build
PREFIX  ?= /usr/local
DESTDIR ?=

# The Swift run-time library is linked in: the binary starts faster and runs on a machine without
# the toolchain.
RELEASE = $(SWIFT) build --scratch-path $(SCRATCH) -c release --static-swift-stdlib --product shoal
BINARY  = $(SCRATCH)/release/shoal

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build demo test test-units test-interoperation test-tree lint bench install \
  clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
	  || sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile

setup: ## install the Debian packages that building and testing need
	@Scripts/bootstrap test

build: ## build the release binary
	@Scripts/bootstrap build
	$(RELEASE)

demo: build ## share a folder, fetch it by magnet link and compare, all on this machine
	@SHOAL_BINARY=$(BINARY) Scripts/demo

test: setup build test-units test-interoperation ## build, then run every test

test-units: ## run the tests that need nothing but this package
	$(SWIFT) test --scratch-path $(SCRATCH) --skip InteroperationTests

test-interoperation: ## run real clients and trackers against shoal in a network namespace
	$(SWIFT) build --scratch-path $(SCRATCH) --build-tests
	SHOAL_BINARY=$(abspath $(BINARY)) Scripts/with-namespace \
	  $(SWIFT) test --scratch-path $(SCRATCH) --skip-build --filter InteroperationTests

test-tree: build ## share and fetch the Swift toolchain's folder and thousands of small files
	@SHOAL_BINARY=$(BINARY) Scripts/real-tree

lint: ## check the format of every source
	$(SWIFT) format lint --strict -r Sources Tests Package.swift

bench: build ## measure a transfer between two processes on this machine
	@SHOAL_BINARY=$(BINARY) Benchmarks/transfer

install: build ## install the binary and the tracker's service below PREFIX (/usr/local)
	install -D -m 755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/shoal
	install -D -m 644 tracker/shoal-tracker.service \
	  $(DESTDIR)$(PREFIX)/lib/systemd/system/shoal-tracker.service

clean: ## remove everything that was built
	rm -rf $(SCRATCH)
