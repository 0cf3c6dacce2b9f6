# make bench       builds what is needed and compares epoll with io_uring on this machine; results in results/latest
# make test        all tests: of the benchmark tool, with hostile peers, with Qt programs, of the hot path, under injected and simulated faults, of the library,
#                  also under both sanitizers
# make inject      only the tests in which real system calls fail
# make simulate    SEEDS=n runs of the core over a simulated kernel with faults; SEED=n repeats one, with every call
# make planted     mistakes planted in the core, and how soon the simulation finds each
# make sanitize    the library's tests under ThreadSanitizer and AddressSanitizer
# make hostile     peers that break every rule, and what the others feel of it; report in results/latest
# make soak        full load with kills for MINUTES=1, every frame accounted for; report in results/latest
# make bench-tool  the benchmark tool and the C limit programs, in Benchmarks/bin
# make micro       times of single parts: parser, encoder, receive buffers, statistics (ordo-one/benchmark)
# make peers       other libraries under the same work, those that are installed, in Benchmarks/bin/peers
# make qt          conversations with real Qt programs, for each Qt that is installed: every form of messages, both directions, every end;
#                  and Qt's own tests of local sockets with one of the two sides being ours
# make fuzz        libFuzzer with AddressSanitizer on all that reads foreign bytes; SECONDS=n or RUNS=n (executions) for each target
# make format      all Swift code as .swift-format says, in place
# make clean

SWIFT ?= swift
PROFILE ?= quick
OUTPUT ?= results/latest
MINUTES ?= 1
TRIALS ?= 5
SEEDS ?= 10000
BIN := Benchmarks/bin
LIMITS := $(wildcard Benchmarks/Limits/Makefile)

.PHONY: bench hostile soak bench-tool micro peers qt test inject simulate planted fuzz sanitize format clean requirements

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

micro: requirements
	$(SWIFT) package --package-path Benchmarks/Micro benchmark run --scale

peers:
	@SWIFT="$(SWIFT)" Scripts/requirements peers
	$(MAKE) -C Benchmarks/Peers OUT=../bin/peers SWIFT="$(SWIFT)"

qt:
	@SWIFT="$(SWIFT)" Scripts/requirements qt
	$(MAKE) -C Tests/Qt OUT=../../$(BIN)/qt
	$(SWIFT) build -c release --product ringipc-qt-peer
	$(SWIFT) build -c release --product ringipc-qt-local
	$(SWIFT) build -c release --product shout-server
	Tests/Qt/check.py "$$($(SWIFT) build -c release --show-bin-path)" $(BIN)/qt

# The plain run of the library's tests comes last: what it prints at the end counts them.
test:
	@SWIFT="$(SWIFT)" Scripts/requirements page
	@SWIFT="$(SWIFT)" Scripts/test --package-path Benchmarks
	Tests/Hostile/check.py "$$($(SWIFT) build --package-path Benchmarks --show-bin-path)/ringipc-bench"
	Tests/Page/check.py "$$($(SWIFT) build --package-path Benchmarks --show-bin-path)/ringipc-bench"
	$(MAKE) -C Benchmarks/Limits OUT=../bin/ringipc-limits
	Tests/Limits/check.py $(BIN)/ringipc-limits
	$(MAKE) peers
	Tests/Peers/check.py $(BIN)/peers
	$(MAKE) qt
	SWIFT="$(SWIFT)" Scripts/check-hotpath
	$(MAKE) inject
	$(MAKE) simulate
	$(MAKE) planted
	$(MAKE) sanitize
	@SWIFT="$(SWIFT)" Scripts/test

inject: requirements
	@SWIFT="$(SWIFT)" Scripts/test --package-path Tests/Injected

simulate: requirements
	$(SWIFT) build -c release --product ringipc-simulate
	"$$($(SWIFT) build -c release --show-bin-path)/ringipc-simulate" $(if $(SEED),--seed $(SEED) --trace,--seeds $(SEEDS))

planted: requirements
	@SWIFT="$(SWIFT)" Scripts/planted

sanitize: requirements
	@SWIFT="$(SWIFT)" Scripts/sanitize thread
	@SWIFT="$(SWIFT)" Scripts/sanitize address

fuzz: requirements
	@SWIFT="$(SWIFT)" SECONDS="$(SECONDS)" RUNS="$(RUNS)" Scripts/fuzz

format:
	@SWIFT="$(SWIFT)" Scripts/format

clean:
	rm -rf .build .build-* Benchmarks/.build Benchmarks/Micro/.build Benchmarks/Peers/nio/.build Fuzz/.build Tests/Injected/.build $(BIN)

# liburing and a C compiler: installed where that is allowed, else asked for.
requirements:
	@SWIFT="$(SWIFT)" Scripts/requirements
