# make bench       builds what is needed and compares epoll with io_uring on this machine; results in results/latest
# make test        all tests: of the benchmark tool, of the hot path, under injected faults, of the library, also under both sanitizers
# make inject      only the tests in which real system calls fail
# make sanitize    the library's tests under ThreadSanitizer and AddressSanitizer
# make bench-tool  the benchmark tool and the C limit programs, in Benchmarks/bin
# make fuzz        libFuzzer with AddressSanitizer on all that reads foreign bytes; SECONDS=n or RUNS=n (executions) for each target
# make format      all Swift code as .swift-format says, in place
# make clean

SWIFT ?= swift
PROFILE ?= quick
OUTPUT ?= results/latest
BIN := Benchmarks/bin
LIMITS := $(wildcard Benchmarks/Limits/Makefile)

.PHONY: bench bench-tool test inject simulate fuzz sanitize format clean requirements

bench: bench-tool
	$(BIN)/ringipc-bench run --profile $(PROFILE) --output $(OUTPUT)

bench-tool: requirements
	$(SWIFT) build --package-path Benchmarks -c release --product ringipc-bench
	@mkdir -p $(BIN)
	@ln -sfn "$$($(SWIFT) build --package-path Benchmarks -c release --show-bin-path)/ringipc-bench" $(BIN)/ringipc-bench
	$(if $(LIMITS),$(MAKE) -C Benchmarks/Limits OUT=../bin/ringipc-limits)

# The plain run of the library's tests comes last: what it prints at the end counts them.
test: requirements
	$(SWIFT) test --package-path Benchmarks
	Scripts/check-hotpath
	$(MAKE) inject
	$(MAKE) sanitize
	$(SWIFT) test

inject: requirements
	$(SWIFT) test --package-path Tests/Injected

# Each sanitizer has a build of its own. Leaks are not looked for: the Swift runtime keeps some memory on purpose.
sanitize: requirements
	TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/thread-sanitizer.supp" $(SWIFT) test --sanitize=thread --scratch-path .build-thread
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --sanitize=address --scratch-path .build-address

fuzz: requirements
	@SWIFT="$(SWIFT)" SECONDS="$(SECONDS)" RUNS="$(RUNS)" Scripts/fuzz

format:
	@SWIFT="$(SWIFT)" Scripts/format

clean:
	rm -rf .build .build-* Benchmarks/.build Fuzz/.build Tests/Injected/.build $(BIN)

# liburing and a C compiler: installed where that is allowed, else asked for.
requirements:
	@SWIFT="$(SWIFT)" Scripts/requirements
