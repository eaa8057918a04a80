# tracereel, for GNU make. `make help` lists what can be made.

VERSION = 0.1.0
# The library's binary interface: raised when a program that was linked with an older one would break.
SO_VERSION = 0

PREFIX = /usr/local
BINDIR = $(PREFIX)/bin
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
DATADIR = $(PREFIX)/share
DESTDIR =
BUILD = build

LUA_VERSION = 5.4
LUA_MODULE_DIR = $(DATADIR)/lua/$(LUA_VERSION)
LUA_C_MODULE_DIR = $(LIBDIR)/lua/$(LUA_VERSION)
# Where build/tracereel looks for its Lua files when they are not beside it (in ../lua, as in this tree).
LUA_DIR = $(LUA_MODULE_DIR)

FUZZ_SECONDS = 60
FUZZ_TEST_SECONDS = 5

# --- flags ---------------------------------------------------------------------------------------------------------

# CC, CFLAGS, CPPFLAGS and LDFLAGS may come from the environment, too.
CFLAGS ?= -O2 -g
# For example address,undefined. Sanitizers bring checks of their own in place of the hardening flags.
SANITIZE =
HARDEN_CPPFLAGS = $(if $(SANITIZE),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
HARDEN_CFLAGS = $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer,\
	-fstack-protector-strong)
HARDEN_LDFLAGS = $(if $(SANITIZE),-fsanitize=$(SANITIZE),-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now)
comma = ,

# The engine's hottest calls cross files: link-time optimization takes reading a log from 0.85 to 0.97 of the bare walk.
# The objects carry ordinary code as well, for whoever links the static library without it, and for the tests, which
# link faster so. Only gcc's, and not under sanitizers.
IS_GCC := $(shell $(CC) -v 2>&1 | grep -c '^gcc version')
LTO_CFLAGS = $(if $(SANITIZE),,$(if $(filter 1,$(IS_GCC)),-flto=auto -ffat-lto-objects))
NO_LTO = $(if $(LTO_CFLAGS),-fno-lto)
# The same program and shared library, whatever the directory is called: no path of it, no random names of sections.
SAME_BYTES_CFLAGS = -ffile-prefix-map='$(CURDIR)'=. $(if $(LTO_CFLAGS),-frandom-seed=$(@:$(BUILD)/%=%))

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
# What is compressed with zstd is read where the library is there; ZSTD=no does without.
ZSTD := $(shell pkg-config --exists libzstd 2>/dev/null && echo yes)
ENGINE_PACKAGES = zlib libdeflate libmd uuid $(if $(filter yes,$(ZSTD)),libzstd)
# Without pkg-config these are empty; tools/deps.sh says so before anything is compiled.
ENGINE_CFLAGS := $(shell pkg-config --cflags $(ENGINE_PACKAGES) 2>/dev/null)
ENGINE_LIBS := $(shell pkg-config --libs $(ENGINE_PACKAGES) 2>/dev/null)
LUA_CFLAGS := $(shell pkg-config --cflags lua$(LUA_VERSION) 2>/dev/null)
LUA_LIBS := $(shell pkg-config --libs lua$(LUA_VERSION) 2>/dev/null)

ALL_CPPFLAGS = -Iinclude -Isrc $(ENGINE_CFLAGS) $(LUA_CFLAGS) $(if $(filter yes,$(ZSTD)),-DTR_WITH_ZSTD) \
	-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DTRACEREEL_VERSION='"$(VERSION)"' $(HARDEN_CPPFLAGS) $(CPPFLAGS)
# Position independent throughout: the same objects make the program, both libraries and the Lua module.
ALL_CFLAGS = -std=c11 $(WARNINGS) -fPIC -fno-semantic-interposition $(HARDEN_CFLAGS) $(LTO_CFLAGS) \
	$(SAME_BYTES_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LDFLAGS) $(LDFLAGS)
COMPILE = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)

# --- files ---------------------------------------------------------------------------------------------------------

PUBLIC_HEADERS = $(wildcard include/tracereel/*.h)
ENGINE_SOURCES = $(filter-out src/lua/%,$(wildcard src/*/*.c))
# Needs the host program around it: limits on scripts, the terminal, signals.
HOST_SOURCES = $(wildcard src/lua/host*.c src/lua/limits*.c)
MODULE_SOURCES = $(filter-out $(HOST_SOURCES),$(wildcard src/lua/*.c))
LUA_FILES = $(sort $(shell find lua/tracereel -type f))

objects = $(1:%.c=$(BUILD)/obj/%.o)
ENGINE_OBJECTS = $(call objects,$(ENGINE_SOURCES))
MODULE_OBJECTS = $(call objects,$(MODULE_SOURCES))
HOST_OBJECTS = $(call objects,$(HOST_SOURCES) src/main.c)
UNIT_OBJECTS = $(call objects,$(wildcard tests/c/*_test.c))
FUZZ_OBJECTS = $(call objects,$(wildcard tests/fuzz/*_fuzz.c))
BENCH_OBJECTS = $(call objects,$(wildcard tests/bench/*.c))
BENCH_PARTS = $(call objects,$(wildcard tests/bench/parts/*.c))
BENCH_PRELOAD_OBJECTS = $(call objects,$(wildcard tests/bench/preload/*.c))
ALL_OBJECTS = $(ENGINE_OBJECTS) $(MODULE_OBJECTS) $(HOST_OBJECTS) $(UNIT_OBJECTS) $(FUZZ_OBJECTS) $(BENCH_OBJECTS) \
	$(BENCH_PARTS) $(BENCH_PRELOAD_OBJECTS) $(FAILING_MEMORY) $(FAILING_MEMORY_MODULE) $(FAILING_READS) $(UNPOOLED)

# What tests of memory that runs out need: the allocator that fails, and each block asked of it by itself. And of reads
# that fail: the calls that do.
FAILING_MEMORY = $(BUILD)/obj/tests/c/failing_memory.o
FAILING_MEMORY_MODULE = $(BUILD)/obj/tests/c/failing_memory_module.o
FAILING_READS = $(BUILD)/obj/tests/c/failing_reads.o
UNPOOLED = $(BUILD)/obj/tests/unpooled/pool.o
MEMORY_TEST_FILES = $(BUILD)/failing_memory.so $(BUILD)/failing_reads.so $(BUILD)/tracereel-unpooled

UNIT_PROGRAMS = $(UNIT_OBJECTS:$(BUILD)/obj/tests/c/%.o=$(BUILD)/tests/%)
FUZZ_PROGRAMS = $(FUZZ_OBJECTS:$(BUILD)/obj/tests/fuzz/%.o=$(BUILD)/fuzzers/%)
BENCH_PROGRAMS = $(BENCH_OBJECTS:$(BUILD)/obj/tests/bench/%.o=$(BUILD)/bench/%)
BENCH_PRELOAD = $(BUILD)/bench/unvaried.so

PROGRAM = $(BUILD)/tracereel
STATIC_LIBRARY = $(BUILD)/libtracereel.a
SHARED_LIBRARY = $(BUILD)/libtracereel.so
SONAME = libtracereel.so.$(SO_VERSION)
SHARED_FILE = libtracereel.so.$(VERSION)
LUA_MODULE = $(BUILD)/lua/tracereel/core.so
# Annotations, beside those in lua/tracereel/library.
RECORD_TYPES_FILE = $(BUILD)/lua/tracereel/library/record_types.d.lua
TIMING_FIELDS_FILE = $(BUILD)/lua/tracereel/library/timing_fields.d.lua
ANNOTATIONS = $(RECORD_TYPES_FILE) $(TIMING_FIELDS_FILE)
PKG_CONFIG_FILE = $(BUILD)/tracereel.pc
# The Lua files as the program in $(BUILD) would compile them at each start. It does so where there is no lua5.4 here.
PRECOMPILED = $(BUILD)/precompiled.luac
PRECOMPILE = lua5.4 tools/precompile.lua
# What the program writes about itself, below share: manual pages and completions.
COMMANDS = $(patsubst lua/tracereel/commands/%.lua,%,$(wildcard lua/tracereel/commands/*.lua))
PAGES = man/man1/tracereel.1 $(COMMANDS:%=man/man1/tracereel-%.1) bash-completion/completions/tracereel \
	zsh/site-functions/_tracereel fish/vendor_completions.d/tracereel.fish
PAGES_WRITTEN = $(BUILD)/share/written

# --- building ------------------------------------------------------------------------------------------------------

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory
# A make inside a recipe uses every core, unless whoever called make chose a number.
JOBS := $(shell nproc 2>/dev/null || echo 1)
PARALLEL = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))

.PHONY: all program libraries module pages objects unit-programs memory-test-files fuzz-programs bench-programs deps demo test \
	unit spec test-browser test-parallel test-slurm test-follow test-faults test-memory asan coverage fuzz bench \
	bench-counts intervals backtests growth bench-scale lint install install-program install-libraries \
	install-module uninstall dist test-packages clean help FORCE

all: program libraries module pages ## the program, the libraries, the Lua module, the pkg-config file, manual pages
program: $(PROGRAM) $(PRECOMPILED)
libraries: $(STATIC_LIBRARY) $(SHARED_LIBRARY) $(PKG_CONFIG_FILE)
module: $(LUA_MODULE) $(ANNOTATIONS)
pages: $(PAGES_WRITTEN)
objects: $(ALL_OBJECTS)
unit-programs: $(UNIT_PROGRAMS)
memory-test-files: $(MEMORY_TEST_FILES)
fuzz-programs: $(FUZZ_PROGRAMS)
bench-programs: $(BENCH_PROGRAMS) $(BENCH_PRELOAD)

# What is printed for a command: a short line, the whole command with V=1, nothing under --silent.
silent = $(findstring s,$(firstword -$(MAKEFLAGS)))
V =
run = $(if $(V)$(silent),,@echo '  $(1) $@'; )

# Names the package of a header that is missing, and says once that the machine is not one of 64 bits, instead of the
# compiler's many words.
$(BUILD)/headers-found: tools/packages.txt tools/deps.sh
	@mkdir -p $(@D)
	@CC='$(CC) $(CFLAGS)' tools/deps.sh check-machine
	@CC='$(CC)' CPPFLAGS='$(ENGINE_CFLAGS) $(LUA_CFLAGS) $(CPPFLAGS)' tools/deps.sh check build
	@touch $@

# These hold what the objects were compiled with: other flags compile them again.
keep_if_same = printf '%s\n' '$(subst ','\'',$(1))' >$@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@$(call keep_if_same,$(COMPILE))
$(BUILD)/lua-dir: FORCE
	@mkdir -p $(@D)
	@$(call keep_if_same,$(LUA_DIR))
$(BUILD)/library-dir: FORCE
	@mkdir -p $(@D)
	@$(call keep_if_same,$(PREFIX) $(LIBDIR) $(INCLUDEDIR))

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(BUILD)/headers-found
	@mkdir -p $(@D)
	$(call run,compile)$(COMPILE) -MMD -MP -c -o $@ $<
$(BUILD)/obj/src/main.o: $(BUILD)/lua-dir
$(BUILD)/obj/src/main.o: private ALL_CPPFLAGS += -DTRACEREEL_LUA_DIR='"$(LUA_DIR)"'

-include $(ALL_OBJECTS:.o=.d)

$(STATIC_LIBRARY): $(ENGINE_OBJECTS)
	$(call run,archive)rm -f $@ && $(AR) rcs $@ $^

# The shared library exports what the public headers declare, and nothing else.
$(BUILD)/libtracereel.map: $(PUBLIC_HEADERS) $(BUILD)/flags | $(BUILD)/headers-found
	$(call run,list)export LC_ALL=C; { echo 'TRACEREEL_$(SO_VERSION) {'; echo '    global:'; \
	  cat $(PUBLIC_HEADERS) | $(CC) $(ALL_CPPFLAGS) -E -P - | grep -o '\<tr_[a-z0-9_]* *(' | tr -d ' (' | sort -u | \
	  sed 's/.*/        &;/'; echo '    local: *;'; echo '};'; } >$@

$(BUILD)/$(SHARED_FILE): $(ENGINE_OBJECTS) $(BUILD)/libtracereel.map
	$(call run,link)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$(BUILD)/libtracereel.map \
		$(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs) -o $@ $(ENGINE_OBJECTS) $(ENGINE_LIBS)
$(SHARED_LIBRARY): $(BUILD)/$(SHARED_FILE)
	$(call run,link)ln -sf $(SHARED_FILE) $(BUILD)/$(SONAME) && ln -sf $(SONAME) $@

# Lua's own functions come from the program that loads the module.
$(LUA_MODULE): $(MODULE_OBJECTS) $(STATIC_LIBRARY) src/lua/module.map
	@mkdir -p $(@D)
	$(call run,link)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -Wl,--version-script=src/lua/module.map -o $@ $(MODULE_OBJECTS) \
		$(STATIC_LIBRARY) $(ENGINE_LIBS)

$(RECORD_TYPES_FILE): include/tracereel/record.h tools/record_types.awk | $(BUILD)/headers-found
	@mkdir -p $(@D)
	$(call run,write){ cat include/tracereel/record.h; echo '#define ROW(number, constant, name, meanings) @ name meanings'; \
	  echo 'TR_RECORD_TYPES(ROW)'; } | $(CC) $(ALL_CPPFLAGS) -E -P - | tr '@' '\n' | grep '^ [a-z_]* TR_HAS_' | \
	  awk -f tools/record_types.awk >$@

$(TIMING_FIELDS_FILE): include/tracereel/timing.h tools/timing_fields.awk
	@mkdir -p $(@D)
	$(call run,write)awk -f tools/timing_fields.awk $< >$@

# Linked with the shared Lua, so that a script run with --unsafe can load C modules.
$(PROGRAM): $(HOST_OBJECTS) $(MODULE_OBJECTS) $(STATIC_LIBRARY)
	$(call run,link)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LUA_LIBS) $(ENGINE_LIBS) -lm

$(PRECOMPILED): $(LUA_FILES) tools/precompile.lua
	@mkdir -p $(@D)
	$(call run,compile)if command -v lua5.4 >/dev/null; then \
		$(PRECOMPILE) $@ "$$(cd $(@D) && pwd -P)/../lua" $(LUA_FILES); else : >$@; fi

$(PAGES_WRITTEN): $(PROGRAM) $(PRECOMPILED) tools/write_pages.sh
	$(call run,write)tools/write_pages.sh $(PROGRAM) $(@D) $(COMMANDS) && touch $@

$(PKG_CONFIG_FILE): tracereel.pc.in $(BUILD)/library-dir Makefile
	$(call run,write)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR:$(PREFIX)/%=$${prefix}/%)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@PACKAGES@|$(ENGINE_PACKAGES)|' $< >$@

$(BUILD)/tests/%: $(BUILD)/obj/tests/c/%.o $(STATIC_LIBRARY)
	@mkdir -p $(@D)
	$(call run,link)$(CC) $(ALL_CFLAGS) $(NO_LTO) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(ENGINE_LIBS) \
		-lm -lpthread

# The compiler may not know the allocator's functions: it would make calloc out of the malloc in it.
$(FAILING_MEMORY): private ALL_CFLAGS += -fno-builtin $(NO_LTO)
$(UNPOOLED): src/bytes/pool.c $(BUILD)/flags | $(BUILD)/headers-found
	@mkdir -p $(@D)
	$(call run,compile)$(COMPILE) $(NO_LTO) -DTRACEREEL_WITHOUT_POOL -MMD -MP -c -o $@ $<
OUT_OF_MEMORY_TESTS = $(BUILD)/tests/out_of_memory_test $(BUILD)/tests/out_of_memory_simulation_test \
	$(BUILD)/tests/out_of_memory_writing_test $(BUILD)/tests/out_of_memory_import_test \
	$(BUILD)/tests/out_of_memory_contention_test $(BUILD)/tests/out_of_memory_aggregate_test
$(OUT_OF_MEMORY_TESTS): $(if $(SANITIZE),,$(UNPOOLED))
$(OUT_OF_MEMORY_TESTS) $(BUILD)/tests/pool_test $(BUILD)/tests/replay_test: $(if $(SANITIZE),,$(FAILING_MEMORY))

# Lazily bound: Lua's functions are there in lua5.4 only.
$(BUILD)/failing_memory.so: $(FAILING_MEMORY) $(FAILING_MEMORY_MODULE)
	$(call run,link)$(CC) $(CFLAGS) $(NO_LTO) $(LDFLAGS) -Wl,-z,lazy -shared -o $@ $^
$(BUILD)/failing_reads.so: $(FAILING_READS)
	$(call run,link)$(CC) $(CFLAGS) $(NO_LTO) $(LDFLAGS) -shared -o $@ $^
$(BUILD)/tracereel-unpooled: $(UNPOOLED) $(HOST_OBJECTS) $(MODULE_OBJECTS) $(STATIC_LIBRARY)
	$(call run,link)$(CC) $(ALL_CFLAGS) $(NO_LTO) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LUA_LIBS) \
		$(ENGINE_LIBS) -lm

$(BUILD)/fuzzers/%: $(BUILD)/obj/tests/fuzz/%.o $(STATIC_LIBRARY)
	@mkdir -p $(@D)
	$(call run,link)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(ENGINE_LIBS) -lm

$(BUILD)/bench/bench $(BUILD)/bench/counts $(BUILD)/bench/measure: $(BENCH_PARTS)

$(BENCH_PRELOAD): $(BUILD)/obj/tests/bench/preload/unvaried.o
	@mkdir -p $(@D)
	$(call run,link)$(CC) $(CFLAGS) $(NO_LTO) $(LDFLAGS) -shared -o $@ $^

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(STATIC_LIBRARY)
	@mkdir -p $(@D)
	$(call run,link)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(ENGINE_LIBS) -lm

# --- using and testing ---------------------------------------------------------------------------------------------

deps: ## install the Debian packages that are missing, or say which
	@tools/deps.sh install

demo: deps ## install what is missing, build, and show the main job on examples/logs
	@$(MAKE) $(PARALLEL) --silent all
	@tools/demo.sh $(BUILD)

ASAN_BUILD = $(BUILD)/asan
# gcc's run-time library can be loaded before lua5.4, which was not built with it.
ASAN_FLAGS = $(PARALLEL) --silent BUILD=$(ASAN_BUILD) CC=gcc SANITIZE=address,undefined CFLAGS='-O1 -g' \
	LUA_DIR='$(CURDIR)/lua'
COVERAGE_BUILD = $(BUILD)/coverage
COVERAGE_FLAGS = $(PARALLEL) --silent LTO_CFLAGS= SAME_BYTES_CFLAGS= HARDEN_CPPFLAGS= LUA_DIR='$(CURDIR)/lua'
# gcov's counters are written down as a process exits, llvm's stand in a mapped file, also when the process is killed.
GCOV_FLAGS = $(COVERAGE_FLAGS) BUILD=$(COVERAGE_BUILD)/gcc CC=gcc CFLAGS='-O0 -g --coverage' \
	LDFLAGS='-Wl,--wrap=_exit $(CURDIR)/$(COVERAGE_BUILD)/gcc/obj/tests/coverage/dump_at_exit.o'
LLVM_FLAGS = $(COVERAGE_FLAGS) BUILD=$(COVERAGE_BUILD)/clang CC=clang \
	CFLAGS='-O1 -g -fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation=true \
	-Wno-unused-command-line-argument'
FUZZ_BUILD = $(BUILD)/fuzz
FUZZ_FLAGS = $(PARALLEL) --silent BUILD=$(FUZZ_BUILD) CC=clang SANITIZE=fuzzer-no-link,address,undefined \
	CFLAGS='-O1 -g' LUA_DIR='$(CURDIR)/lua'
# The fuzz programs in C, and what those in Lua run.
FUZZED = fuzz-programs program module

# Where the whole examination runs (CI is set), the pages are the part of test-browser, which installs what they need.
test: deps ## set up as demo does, then run every test
	@$(MAKE) $(PARALLEL) --silent all unit-programs memory-test-files
	@$(MAKE) $(FUZZ_FLAGS) $(FUZZED)
	@FUZZ_SECONDS=$(FUZZ_TEST_SECONDS) FUZZ_SEED=1 tools/run_tests.sh $(BUILD) unit spec $(if $(CI),,browser) \
		fuzz demo install

unit: ## only the unit tests of the C layers
	@$(MAKE) $(PARALLEL) --silent unit-programs
	@tools/run_tests.sh $(BUILD) unit

spec: ## only the specs of the Lua module and the command line
	@$(MAKE) $(PARALLEL) --silent all memory-test-files
	@tools/run_tests.sh $(BUILD) spec

test-browser: deps ## the HTML pages in a headless Chromium, which is installed if it is missing; axe-core where npm has it
	@tools/deps.sh install browser
	@test -d $(BUILD)/npm/node_modules/axe-core || ! command -v npm >/dev/null || npm install --silent --no-audit \
		--no-fund --prefix $(BUILD)/npm axe-core@4.14.1 || echo 'axe-core: left out, npm cannot get it'
	@$(MAKE) $(PARALLEL) --silent all
	@tools/run_tests.sh $(BUILD) browser

test-parallel: deps ## the recipes of docs/scale.md on GNU parallel over ssh and on Snakemake, which are installed
	@tools/deps.sh install scale
	@$(MAKE) $(PARALLEL) --silent all
	@tools/run_tests.sh $(BUILD) parallel

test-slurm: deps ## those on Slurm, on a cluster that is started here and stopped again
	@tools/deps.sh install slurm
	@$(MAKE) $(PARALLEL) --silent all
	@tools/run_tests.sh $(BUILD) slurm

test-follow: deps ## following a log whose writer appends in random pieces, for 30 seconds
	@$(MAKE) $(PARALLEL) --silent all
	@FOLLOW_SECONDS=30 tools/run_tests.sh $(BUILD) follow

test-faults: deps ## all system calls of apply, repair and undo made to fail in turn, not every fourth one
	@$(MAKE) $(PARALLEL) --silent all
	@TRACEREEL_ALL_FAULTS=1 tools/run_tests.sh $(BUILD) faults

test-memory: deps ## all allocations of each command refused in turn, and reads that fail; not a sample of them
	@$(MAKE) $(PARALLEL) --silent all unit-programs memory-test-files
	@TRACEREEL_ALL_MEMORY=1 tools/run_tests.sh $(BUILD) memory

asan: deps ## unit tests and specs under address and undefined-behaviour sanitizers
	@$(MAKE) $(ASAN_FLAGS) all unit-programs
	@SANITIZED=1 CC=gcc tools/run_tests.sh $(ASAN_BUILD) unit spec

coverage: deps ## unit tests and specs with gcov's and llvm's counters: what they reach of each folder of src
	@tools/deps.sh install coverage
	@$(MAKE) $(GCOV_FLAGS) $(COVERAGE_BUILD)/gcc/obj/tests/coverage/dump_at_exit.o
	@$(MAKE) $(GCOV_FLAGS) all unit-programs memory-test-files
	@$(MAKE) $(LLVM_FLAGS) all unit-programs memory-test-files
	@tools/coverage.sh $(COVERAGE_BUILD)

fuzz: deps ## each fuzz program, and the fuzzers of the command line and of scripts, for FUZZ_SECONDS (60)
	@$(MAKE) $(FUZZ_FLAGS) $(FUZZED)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tools/run_tests.sh $(BUILD) fuzz

bench: deps ## measure against yardsticks in the same run
	@tools/deps.sh install counts
	@$(MAKE) $(PARALLEL) --silent all bench-programs
	@tests/bench/run.sh $(BUILD)

# The table anew: WRITE=yes. Some of the jobs: BENCH_JOBS=timing
WRITE =
bench-counts: deps ## instructions a record of each job, compared with tests/bench/counts.txt
	@tools/deps.sh install counts
	@$(MAKE) $(PARALLEL) --silent all bench-programs
	@tests/bench/counts.sh $(BUILD) $(if $(WRITE),write,compare)

# Of how many logs each: LOGS=200
intervals: deps ## how often intervals of simulations hold the truth, over 200 logs of each of several processes
	@$(MAKE) $(PARALLEL) --silent all
	@LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' LUA_CPATH='$(BUILD)/lua/?.so;;' \
		lua5.4 tests/bench/intervals.lua $(LOGS)

backtests: deps ## how far off backtests are at twice the load, and how often their intervals hold what came, over 30 logs
	@$(MAKE) $(PARALLEL) --silent all
	@LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' LUA_CPATH='$(BUILD)/lua/?.so;;' \
		lua5.4 tests/bench/backtests.lua $(LOGS)

# Which: DIMENSIONS=nodes,open COMMANDS='^timing'
growth: deps ## how time and memory of every command grow with the log
	@$(MAKE) $(PARALLEL) --silent all $(BUILD)/bench/measure
	@LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' LUA_CPATH='$(BUILD)/lua/?.so;;' \
		lua5.4 tests/bench/growth/growth.lua $(BUILD) '$(DIMENSIONS)' '$(COMMANDS)'

# Of a part: DIMENSIONS=records,logs,segments,jobs COMMANDS='^timing'. The largest log takes 2.5 GB in $TMPDIR.
bench-scale: deps ## what records, logs and segments cost each command as they become many, and what -j gives
	@$(MAKE) $(PARALLEL) --silent all $(BUILD)/bench/measure
	@LUA_PATH='lua/?.lua;lua/?/init.lua;./?.lua;;' LUA_CPATH='$(BUILD)/lua/?.so;;' \
		lua5.4 tests/bench/growth/scale.lua $(BUILD) '$(DIMENSIONS)' '$(COMMANDS)'

lint: deps ## compiler warnings, analyzers, clang-tidy, luacheck, formatting, include directions
	@MAKE='$(MAKE) $(PARALLEL)' tools/lint.sh $(BUILD)

# --- installing ----------------------------------------------------------------------------------------------------

PKG_CONFIG_DIR = $(LIBDIR)/pkgconfig
INSTALLED_PRECOMPILED = $(LUA_MODULE_DIR)/tracereel/precompiled.luac
INSTALLED_MODULE = $(LUA_C_MODULE_DIR)/tracereel/core.so $(LUA_FILES:lua/%=$(LUA_MODULE_DIR)/%) \
	$(ANNOTATIONS:$(BUILD)/lua/%=$(LUA_MODULE_DIR)/%)
INSTALLED_FILES = $(BINDIR)/tracereel $(INSTALLED_PRECOMPILED) $(PAGES:%=$(DATADIR)/%) $(INSTALLED_MODULE) \
	$(addprefix $(LIBDIR)/,libtracereel.a $(SHARED_FILE) $(SONAME) libtracereel.so) $(PKG_CONFIG_DIR)/tracereel.pc \
	$(PUBLIC_HEADERS:include/%=$(INCLUDEDIR)/%)
INSTALLED_DIRECTORIES = $(addsuffix /tracereel,$(INCLUDEDIR) $(LUA_C_MODULE_DIR) $(LUA_MODULE_DIR))
quiet = $(if $(V),,@)
say = $(if $(silent),,@echo '$(1)')

install: install-program install-libraries install-module ## the program, the libraries, the man page, completions, into PREFIX (/usr/local), below DESTDIR
	$(call say,installed $(words $(INSTALLED_FILES)) files below $(DESTDIR)$(PREFIX))

install-program: all
	$(quiet)install -d '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(LUA_MODULE_DIR)/tracereel'
	$(quiet)install -m 755 $(PROGRAM) '$(DESTDIR)$(BINDIR)/tracereel'
	$(quiet)if command -v lua5.4 >/dev/null; then \
		$(PRECOMPILE) '$(DESTDIR)$(INSTALLED_PRECOMPILED)' '$(LUA_MODULE_DIR)' $(LUA_FILES); \
	else : >'$(DESTDIR)$(INSTALLED_PRECOMPILED)'; fi
	$(quiet)for page in $(PAGES); do \
		install -D -m 644 "$(BUILD)/share/$$page" "$(DESTDIR)$(DATADIR)/$$page" || exit 1; \
	done

install-libraries: libraries
	$(quiet)install -d '$(DESTDIR)$(PKG_CONFIG_DIR)' '$(DESTDIR)$(INCLUDEDIR)/tracereel'
	$(quiet)install -m 644 $(STATIC_LIBRARY) $(BUILD)/$(SHARED_FILE) '$(DESTDIR)$(LIBDIR)'
	$(quiet)ln -sf $(SHARED_FILE) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	$(quiet)ln -sf $(SONAME) '$(DESTDIR)$(LIBDIR)/libtracereel.so'
	$(quiet)install -m 644 $(PKG_CONFIG_FILE) '$(DESTDIR)$(PKG_CONFIG_DIR)/tracereel.pc'
	$(quiet)install -m 644 $(PUBLIC_HEADERS) '$(DESTDIR)$(INCLUDEDIR)/tracereel'

install-module: module ## only the Lua module, into LUA_MODULE_DIR and LUA_C_MODULE_DIR
	$(quiet)install -D -m 644 $(LUA_MODULE) '$(DESTDIR)$(LUA_C_MODULE_DIR)/tracereel/core.so'
	$(quiet)for file in $(LUA_FILES:lua/%=%); do \
		install -D -m 644 "lua/$$file" "$(DESTDIR)$(LUA_MODULE_DIR)/$$file" || exit 1; \
	done
	$(quiet)install -m 644 $(ANNOTATIONS) '$(DESTDIR)$(LUA_MODULE_DIR)/tracereel/library'

uninstall: ## remove what install put there
	$(quiet)rm -f $(INSTALLED_FILES:%='$(DESTDIR)%')
	$(quiet)for directory in $(INSTALLED_DIRECTORIES:%='$(DESTDIR)%'); do \
		test ! -d "$$directory" || find "$$directory" -depth -type d -empty -delete; \
	done
	$(call say,removed $(words $(INSTALLED_FILES)) files below $(DESTDIR)$(PREFIX))

# --- packages ------------------------------------------------------------------------------------------------------

DIST = $(BUILD)/tracereel-$(VERSION).tar.gz
dist: ## a tarball of the tree as it is, the same bytes for the same files; without debian/
	@tools/dist.sh $(DIST) tracereel-$(VERSION)
	$(call say,made $(DIST))

test-packages: deps ## the Debian packages, the rock, the tarball, and builds in other build systems that use the library
	@tools/deps.sh install packages
	@tools/check_packages.sh $(BUILD)

clean: ## remove everything that was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r target text; do \
		printf '  make %-12s %s\n' "$$target" "$$text"; \
	done
