# make bench       builds what is needed and compares epoll with io_uring on this machine; results in results/latest
# make test        the tests of the library and of the benchmark tool
# make bench-tool  the benchmark tool and the C limit programs, in Benchmarks/bin
# make format      all Swift code as .swift-format says, in place
# make clean

SWIFT ?= swift
PROFILE ?= quick
OUTPUT ?= results/latest
BIN := Benchmarks/bin
LIMITS := $(wildcard Benchmarks/Limits/Makefile)

.PHONY: bench bench-tool test format clean requirements

bench: bench-tool
	$(BIN)/ringipc-bench run --profile $(PROFILE) --output $(OUTPUT)

bench-tool: requirements
	$(SWIFT) build --package-path Benchmarks -c release --product ringipc-bench
	@mkdir -p $(BIN)
	@ln -sfn "$$($(SWIFT) build --package-path Benchmarks -c release --show-bin-path)/ringipc-bench" $(BIN)/ringipc-bench
	$(if $(LIMITS),$(MAKE) -C Benchmarks/Limits OUT=../bin/ringipc-limits)

test: requirements
	$(SWIFT) test
	$(SWIFT) test --package-path Benchmarks

format:
	@SWIFT="$(SWIFT)" Scripts/format

clean:
	rm -rf .build Benchmarks/.build $(BIN)

# liburing and a C compiler: installed where that is allowed, else asked for.
requirements:
	@SWIFT="$(SWIFT)" Scripts/requirements
