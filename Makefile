# make bench       builds what is needed and compares epoll with io_uring on this machine; results in results/latest
# make test        all tests: of the benchmark tool, with hostile peers, of the hot path, of the library, also under both sanitizers
# make sanitize    the library's tests under ThreadSanitizer and AddressSanitizer
# make hostile     peers that break every rule, and what the others feel of it; report in results/latest
# make soak        full load with kills for MINUTES=1, every frame accounted for; report in results/latest
# make bench-tool  the benchmark tool and the C limit programs, in Benchmarks/bin
# make format      all Swift code as .swift-format says, in place
# make clean

SWIFT ?= swift
PROFILE ?= quick
OUTPUT ?= results/latest
MINUTES ?= 1
TRIALS ?= 5
BIN := Benchmarks/bin
LIMITS := $(wildcard Benchmarks/Limits/Makefile)

.PHONY: bench hostile soak bench-tool test sanitize format clean requirements

bench: bench-tool
	$(BIN)/ringipc-bench run --profile $(PROFILE) --output $(OUTPUT)

hostile: bench-tool
	Tests/Hostile/report.py $(BIN)/ringipc-bench $(OUTPUT) --trials $(TRIALS)

soak: bench-tool
	$(BIN)/ringipc-bench soak run --seconds $$(($(MINUTES) * 60)) --output $(OUTPUT)

bench-tool: requirements
	$(SWIFT) build --package-path Benchmarks -c release --product ringipc-bench
	@mkdir -p $(BIN)
	@ln -sfn "$$($(SWIFT) build --package-path Benchmarks -c release --show-bin-path)/ringipc-bench" $(BIN)/ringipc-bench
	$(if $(LIMITS),$(MAKE) -C Benchmarks/Limits OUT=../bin/ringipc-limits)

# The plain run of the library's tests comes last: what it prints at the end counts them.
test: requirements
	$(SWIFT) test --package-path Benchmarks
	Tests/Hostile/check.py "$$($(SWIFT) build --package-path Benchmarks --show-bin-path)/ringipc-bench"
	Scripts/check-hotpath
	$(MAKE) sanitize
	$(SWIFT) test

# Each sanitizer has a build of its own. Leaks are not looked for: the Swift runtime keeps some memory on purpose.
sanitize: requirements
	TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/thread-sanitizer.supp" $(SWIFT) test --sanitize=thread --scratch-path .build-thread
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --sanitize=address --scratch-path .build-address

format:
	@SWIFT="$(SWIFT)" Scripts/format

clean:
	rm -rf .build .build-thread .build-address Benchmarks/.build $(BIN)

# liburing and a C compiler: installed where that is allowed, else asked for.
requirements:
	@SWIFT="$(SWIFT)" Scripts/requirements
