# The only front: every verb of the project. CI calls the same ones.
SHELL := /bin/bash
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
PYTHON := /usr/bin/python3
GCC_BUILD := build/gcc
CLANG_BUILD := build/clang
RELEASE_BUILD := build/release
# Which versions will do is said in cmake/compilers.cmake.
GXX ?= g++
CLANGXX ?= $(lastword clang++ $(shell cd /usr/bin && ls clang++-[0-9]* 2>/dev/null | sort -V))
export CCACHE_DIR ?= $(HOME)/.cache/ccache
# Two clones of the same sources share what one of them compiled.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

.PHONY: help deps build build-clang demo test unit scenarios hostile interop comparison bench soak fuzz format check release install build-costs clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

deps: ## install what is needed from Debian's packages (as root; starts no service)
	@tools/deps

CONFIGURE = cmake -S . -G Ninja -DPython3_EXECUTABLE=$(PYTHON) -DMICHI_WERROR=$(if $(filter true 1,$(CI)),ON,OFF)

$(GCC_BUILD)/build.ninja:
	@$(CONFIGURE) -B $(GCC_BUILD) -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_COMPILER=$(GXX) \
	  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O2 -g1" -DMICHI_CRASH_POINTS=ON >/dev/null

$(CLANG_BUILD)/build.ninja:
	@$(CONFIGURE) -B $(CLANG_BUILD) -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=$(CLANGXX) \
	  -DCMAKE_CXX_FLAGS_DEBUG="-O1 -gline-tables-only" -DMICHI_SANITIZE=ON >/dev/null

$(RELEASE_BUILD)/build.ninja:
	@$(CONFIGURE) -B $(RELEASE_BUILD) -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=$(GXX) \
	  -DCMAKE_CXX_FLAGS_RELEASE="-O2" -DCMAKE_EXE_LINKER_FLAGS_RELEASE="-s" -DMICHI_CRASH_POINTS=OFF -DMICHI_TESTS=OFF >/dev/null

build: deps ## the product, its tests and the lab (GCC, -O2)
	@$(MAKE) --no-print-directory $(GCC_BUILD)/build.ninja
	@ninja -C $(GCC_BUILD) -j$(JOBS) --quiet

build-clang: deps ## unit tests, stories and fuzz replay with clang, ASan and UBSan
	@$(MAKE) --no-print-directory $(CLANG_BUILD)/build.ninja
	@ninja -C $(CLANG_BUILD) -j$(JOBS) --quiet

demo: ## the main job in the lab, step by step, in plain lines (KEEP=1 leaves it running)
	@[ $$(id -u) = 0 ] || { echo "make demo builds network namespaces and needs root: sudo make demo" >&2; exit 1; }
	@tools/deps
	@$(MAKE) --no-print-directory $(GCC_BUILD)/build.ninja
	@ninja -C $(GCC_BUILD) -j$(JOBS) --quiet michid michi michi-ac
	@$(PYTHON) lab/demo.py --build $(GCC_BUILD)

test: build build-clang ## unit tests with both compilers, stories, fuzz replay, scenarios
	@$(PYTHON) tools/run-tests --build $(GCC_BUILD) --build $(CLANG_BUILD) --scenarios

unit: build ## unit tests and stories of the GCC build only
	@$(PYTHON) tools/run-tests --build $(GCC_BUILD)

scenarios: build ## scenarios in network namespaces only (NAMES="wrong-password …")
	@$(PYTHON) tests/netns/run.py --build $(GCC_BUILD) $(NAMES)

hostile: build ## hostile peers for SECONDS_EACH (default 15) seconds each (NAMES="echoes strangers …", BUILD=build/clang)
	@MICHI_HOSTILE_SECONDS=$(or $(SECONDS_EACH),15) $(PYTHON) tests/hostile/run.py --build $(or $(BUILD),$(GCC_BUILD)) $(NAMES)

interop: build ## foreign PPPoE on foreign kernels as judges, in guests (NAMES="relay-* …", CORE=1: the short subset)
	@tools/deps --interop || true  # what is missing then is a skip, with its reason
	@$(PYTHON) tests/interop/run.py --build $(GCC_BUILD) $(if $(CORE),--core) $(NAMES)

comparison: build ## pppd beside michi in one guest, into docs/comparison.md (NAMES="setup-kernel …", RUNS=20: an hour and more)
	@tools/deps --interop
	@$(PYTHON) tests/interop/compare.py --build $(GCC_BUILD) --runs $(or $(RUNS),20) $(NAMES)

bench: build ## measurements into build/bench.json
	@$(PYTHON) bench/run.py --build $(GCC_BUILD)

fuzz: deps ## every fuzz target for SECONDS_EACH (default 60) seconds
	@$(MAKE) --no-print-directory $(CLANG_BUILD)/build.ninja
	@tools/run-fuzz $(CLANG_BUILD) $(or $(SECONDS_EACH),60)

soak: build ## the long figures (STEPS="lives fuzz scenarios interop hostile hostile-sanitized debian13")
	@tools/soak $(GCC_BUILD) $(STEPS)

format: ## rewrite the sources in the project's format
	@git ls-files '*.cpp' '*.hpp' | xargs clang-format-19 -i

check: deps ## format, arrows, sizes, licences, the co_await rule
	@tools/check-all

release: ## the programs as they are installed: stripped, no crash points, no tests (build/release)
	@tools/deps --product
	@$(MAKE) --no-print-directory $(RELEASE_BUILD)/build.ninja
	@ninja -C $(RELEASE_BUILD) -j$(JOBS) --quiet michid michi

install: release ## into DESTDIR (default: this machine)
	@tools/install $(RELEASE_BUILD) "$(DESTDIR)"

build-costs: ## which objects took longest to compile, in the builds there are (MOST=30)
	@$(PYTHON) tools/build-costs $(or $(MOST),30)

clean:
	@rm -rf build
